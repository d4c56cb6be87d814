/** Laws of bits: an address begins at the bit where it can begin, and each question has bits of its own. */
import fc from 'fast-check';
import { tableUnit } from '../alignment.ts';
import { leafAddress, tableAddress } from '../codec.ts';
import type { Entry } from '../entry.ts';
import type { Arch } from '../geometry.ts';
import { isUpper } from '../level.ts';
import { alikeQuestions, STATUS } from '../questions.ts';
import { absent, type Law, type LawMaker, readLevels, same } from './law.ts';

/** The laws of where an entry keeps what. */
export function bitLaws(arch: Arch, law: LawMaker): Law[] {
  const { spec } = arch;
  const levels = readLevels(arch);
  const pages = levels.filter((level) => spec.levels[level].leaf);
  const word = fc.bigInt(0n, 2n ** BigInt(8 * arch.entryBytes) - 1n);
  const hex = (value: bigint): string => `0x${value.toString(16)}`;
  const asked = pages.filter((level) => STATUS.filter((what) => arch.rules[level].is[what]).length > 1);
  return [
    law('aligned', 'no entry designates a place inside of a page, or inside of a table', word, (raw) => {
      const entry = raw as Entry;
      for (const level of pages) {
        const address = leafAddress(arch, level, entry) ?? 0n;
        const inside = address & ((1n << BigInt(spec.pageShift)) - 1n);
        same(`how far inside of a page the ${level} leaf ${hex(raw)} points (${hex(address)})`, inside, 0n);
      }
      for (const level of levels) {
        if (!isUpper(level) || !spec.levels[level].table) continue;
        const address = tableAddress(arch, level, raw as Entry<typeof level>);
        const inside = address & (tableUnit(arch, level) - 1n);
        same(`how far inside of a table the ${level} entry ${hex(raw)} points (${hex(address)})`, inside, 0n);
      }
    }),
    asked.length
      ? law(
          'questions',
          'of young, dirty, write and the like no two ask the same: each can be yes where the other is no',
          fc.constantFrom(...asked),
          once((level) => {
            for (const { asked, like } of alikeQuestions(arch, level))
              throw new Error(`no ${level} is ${asked} and not ${like}: do both ask the same bits?`);
          }),
        )
      : absent('questions', ['is.young', 'is.dirty']),
  ];
}

/** Does its work once for each argument: it is not random. */
function once<T>(check: (value: T) => void): (value: T) => void {
  const known = new Map<T, unknown>();
  return (value) => {
    if (!known.has(value))
      try {
        known.set(value, check(value));
      } catch (error) {
        known.set(value, error);
      }
    if (known.get(value) !== undefined) throw known.get(value);
  };
}
