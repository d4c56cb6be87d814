/** Why nothing notices some mutants: what they change is no law's business, or makes another machine that is as good. */
import { type ArchSpec, isUpper, LEVELS, type Level } from '@kernel-mm/pgtable-core';
import type { Mutant } from '../../src/index.ts';

/** Each reason, and the numbers for which it is one. */
const REASONS: readonly { readonly because: string; readonly at: RegExp }[] = [
  { because: 'another size: the machine is as consistent as before', at: /^(pageShift|va\.bits|levels\.\w+\.bits)$/ },
  { because: 'another place for an address, and it comes out of there as well', at: /\.fields\.\w+\.(hi|lo|to)$/ },
  {
    because: 'another place for a swapped-out page, likewise',
    at: /\.swap\.((type|offset)\.(hi|lo)|base|exclusive|softDirty)$/,
  },
  { because: 'how far Linux lets user space go is a choice', at: /^root\.(tops\.\w+\.limit|taskSizeMax)$/ },
  { because: 'bits of the register that say nothing of its depth', at: /^root\.tops\.\w+\.base$/ },
  {
    because: 'a bit for a right that is there already, or of which nothing is asked',
    at: /\.leaf\.(rights\.|protNone$|base$)/,
  },
  { because: 'which damage is bad is a choice', at: /\.is\.bad\b/ },
  { because: 'no law asks what may be accessed', at: /\.is\.access(Read|Write)\b/ },
  { because: 'what a helper does for the hardware, or under which condition, no question of Linux sees', at: /\.mk\./ },
  { because: 'a type that no entry there has', at: /\.(covers|fold\.if)\b/ },
  { because: 'entries that nothing makes are answered otherwise', at: /\.is\.\w+\b|\.inverted\b|\.table\.base$/ },
];

/** A level above one that is always folded is never asked anything: its entries are read as those of the level below. */
const UNREAD = 'above a level that is always folded nothing is asked of an entry';

/** Why a mutant survives; `undefined` where that would be a surprise. */
export function reasonOf({ levels }: ArchSpec, { at }: Mutant): string | undefined {
  const level = /^levels\.(\w+)\.(?!bits)/.exec(at)?.[1] as Level | undefined;
  const below = level && isUpper(level) ? levels[LEVELS[LEVELS.indexOf(level) + 1]!].fold : undefined;
  if (below && below.if === undefined) return UNREAD;
  return REASONS.find((one) => one.at.test(at))?.because;
}
