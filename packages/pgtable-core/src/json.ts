/** A definition as JSON and back: bigints are hex strings, everything else is already JSON. */
import type { ArchSpec } from './arch.ts';
import { ArchError } from './errors.ts';
import { checkTree, NESTED, tooDeep } from './tree.ts';

/**
 * A definition as JSON text.
 * @throws {@link ArchError} `malformed` for what is too deep or too large, or contains itself
 */
export function archToJson(spec: ArchSpec, indent?: number): string {
  checkTree(spec);
  return JSON.stringify(spec, (_key, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value), indent);
}

/**
 * A definition from JSON text. It is not checked: hand it to `defineArch`.
 * @throws {@link ArchError} `malformed` for text that is not JSON, or nested too deep
 */
export function archFromJson(text: string): ArchSpec {
  if (typeof text !== 'string') throw new ArchError('malformed', 'definition', 'is no text');
  if (depthOf(text) > NESTED) throw tooDeep('');
  try {
    return JSON.parse(text, (key, value) =>
      key !== 'id' && typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? BigInt(value) : value,
    );
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new ArchError('malformed', 'definition', `is no JSON: ${error.message.slice(0, 100)}`);
  }
}

/** How deep the brackets of a JSON text are nested, where it is one. */
function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (const [letter] of text.matchAll(/"(?:[^"\\]|\\.)*"|[[{}\]]/gs)) {
    if (letter === '[' || letter === '{') most = Math.max(most, ++depth);
    else if (letter === ']' || letter === '}') depth--;
  }
  return most;
}
