/** A definition as JSON and back: bigints are hex strings, everything else is already JSON. */
import type { ArchSpec } from './arch.ts';

/** A definition as JSON text. */
export const archToJson = (spec: ArchSpec, indent?: number): string =>
  JSON.stringify(spec, (_key, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value), indent);

/**
 * A definition from JSON text. It is not checked: hand it to `defineArch`.
 * @throws SyntaxError for text that is not JSON
 */
export const archFromJson = (text: string): ArchSpec =>
  JSON.parse(text, (key, value) =>
    key !== 'id' && typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) ? BigInt(value) : value,
  );
