/** The machine state of a case: the file's names and values, held against what the format has and the MMU consults. */
import * as v from 'valibot';
import { hex } from '../guest/checked.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import type { Mmu } from '../hardware.ts';
import type { Context } from './walk-shape.ts';

/** The keys of the format, by the ids that it lists. Of an architecture of one's own, the state's keys are the format's. */
const KEYS: readonly (readonly [ids: RegExp, keys: string])[] = [
  [/^s390$/, 'edat1 edat2 iep dat'],
  [/^x86-(32|pae|64|64-la57)$/, 'user nxe wp smep smap ac pke pkru maxPhysBits encMask pg pse pdpe1gb lamSup'],
  [/^riscv-sv(32|39|48|57)$/, 'user sum mxr svpbmt svnapot adue thead svrsw60t59b zicfiss pmlen'],
  [/^arm64-/, 'user tcr t0sz t1sz ips paBits ds ha hd tbi hpd epd e0pd wxn pan mmu'],
  [/^arm-short$/, 'user mmu subpages systemProtection romProtection'],
  [/^arm-lpae$/, 'user mmu'],
  [/^powerpc-radix-(4k|64k)$/, 'user'],
  [/^(sparc64|um-2level|um-3level-64|um-3level-32)$/, ''],
];

/** What is off where a file does not say it, though an MMU has it on by default: the format is older than that default. */
const OFF: readonly (readonly [ids: RegExp, keys: string])[] = [
  [/^s390$/, 'edat1 edat2 iep'],
  [/^x86-(32|pae|64|64-la57)$/, 'nxe wp'],
  [/^riscv-sv(32|39|48|57)$/, 'sum'],
];

/** The state of a file that says nothing of it: {@link OFF}, and beyond it the MMU's defaults. */
export const unsaid = ({ arch: { id } }: Mmu): Readonly<Record<string, boolean>> =>
  Object.fromEntries((OFF.find(([ids]) => ids.test(id))?.[1].split(' ') ?? []).map((key) => [key, false]));

/** By the kind of the default: a flag, a number of address bits, or a word. */
const KINDS = {
  boolean: { shape: v.boolean(), expected: 'true or false' },
  number: {
    shape: v.pipe(v.number(), v.safeInteger(), v.minValue(0), v.maxValue(64)),
    expected: 'a number from 0 to 64',
  },
  bigint: { shape: hex, expected: 'a hex string of 64 bits or fewer' },
} as const;

/**
 * The state that a context says.
 * @param where how an error names the context
 * @throws FixtureError `unknown` for a key that the architecture does not have, `malformed` for a value of another kind
 */
export function stateOf(mmu: Mmu, context: Context, where: string): Readonly<Record<string, unknown>> {
  const { id } = mmu.arch;
  const defaults: Readonly<Record<string, unknown>> = { ...mmu.defaults };
  const listed = KEYS.find(([ids]) => ids.test(id))?.[1].split(' ') ?? Object.keys(defaults);
  return Object.fromEntries(
    Object.entries(context).map(([key, said]) => {
      const kind = listed.includes(key) && KINDS[typeof defaults[key] as keyof typeof KINDS];
      if (!kind) throw new FixtureError('unknown', `${where}.${key}`, `a key of ${id}: ${listed.join(', ') || 'none'}`);
      const { success, output } = v.safeParse(kind.shape, said);
      if (!success) throw new FixtureError('malformed', `${where}.${key}`, kind.expected);
      return [key, output];
    }),
  );
}
