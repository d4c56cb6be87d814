/** The kernel's self-test of swap entries: they keep device, page and marks, and nobody takes them for anything else. */
import { makeSwap, type Swap, swapOf } from '../codec.ts';
import type { Entry } from '../entry.ts';
import type { Arch } from '../geometry.ts';
import type { Level } from '../level.ts';
import { roleOf } from '../walk.ts';
import { arbitrarySwap } from './arbitrary-entries.ts';
import { absent, bare, type Law, type LawMaker, readLevels, same } from './law.ts';

/** The laws of an architecture's swap entries. */
export function swapLaws(arch: Arch, law: LawMaker): Law[] {
  const mm = bare(arch);
  const isSwap = (level: Level, entry: Entry, { type, offset }: Swap): void => {
    same('role', roleOf(mm, level, entry), 'not-present');
    const { swap } = arch.rules[level].is;
    if (swap) same('swap', swap({ entry }), true);
    same('type', swapOf(arch, level, entry)?.type, type);
    same('offset', swapOf(arch, level, entry)?.offset, offset);
  };
  /** A law of entries that have no mark, and then each of these. */
  const of = (level: Level, name: string, marks: readonly ('exclusive' | 'softDirty')[], says: string): Law => {
    const { swap } = arch.spec.levels[level];
    const lacks = swap ? marks.filter((mark) => !swap[mark]).map((mark) => `swap.${mark}`) : ['swap'];
    if (!swap || lacks.length > 0) return absent(`${level}_${name}`, lacks);
    return law(`${level}_${name}`, says, arbitrarySwap(swap), (page) => {
      const plain = makeSwap(arch, level, page);
      if (plain === undefined) throw new Error(`${level}: no entry for type ${page.type}, offset ${page.offset}`);
      isSwap(level, plain, page);
      for (const mark of marks) {
        const bit = swap[mark] ?? 0n;
        const other = swap[mark === 'exclusive' ? 'softDirty' : 'exclusive'] ?? 0n;
        same(`${mark} before it is made`, plain & bit, 0n);
        isSwap(level, (plain | bit) as Entry, page);
        same(`the other mark of one made ${mark}`, (plain | bit) & other, 0n);
      }
    });
  };
  const levels = readLevels(arch).filter((level) => level === 'pud' || level === 'pmd' || level === 'pte');
  return levels.flatMap((level) => [
    of(level, 'swap', [], 'a swap entry gives back where its page is, and is neither none nor present'),
    of(level, 'swap_exclusive', ['exclusive'], 'marked exclusive it is the same swap entry, not a soft-dirty one'),
    of(level, 'swap_soft_dirty', ['softDirty'], 'marked soft-dirty it is the same swap entry, not an exclusive one'),
  ]);
}
