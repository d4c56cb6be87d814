/** What is counted is exact: the entry reads of every form across a boundary of the top table. */
import { VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
import { describe, expect, test } from 'vitest';
import { countReads, crossings } from '../src/index.ts';

const readsOf = (name: string, pages: number): Record<string, number> => {
  const one = crossings(pages).find((c) => c.name === name);
  if (!one) throw new Error(name);
  return Object.fromEntries((Object.keys(VARIANTS) as VariantName[]).map((form) => [form, countReads(one, form)]));
};

test('every form walks every crossing to its end', () => {
  for (const { mm, start, end, pages } of crossings(8))
    for (const { stepper } of Object.values(VARIANTS)) {
      const { leaves, stop } = walkLockless(mm, start, end, { stepper });
      // Where folds are nested, stack that holds the same entry leads to some table, and may stop there.
      if (mm.arch.id.endsWith('nolpa2') && stepper.form?.descent === 'copy') continue;
      expect({ stop, leaves: leaves.length }).toEqual({ stop: undefined, leaves: pages });
    }
});

describe('entry reads of 4 pages across a top entry', () => {
  test('s390, 3 levels: the entry-aware forms go back to pgd, the others iterate at pud', () => {
    // Slot 0, in pgd_offset; pgd, p4d, pud, pmd, 2 ptes; then pud, pmd, 2 ptes, and pgd and p4d again.
    expect(readsOf('s390, 3 levels', 4)).toEqual({
      ...{ stackCopy: 11, offsetLockless: 11, offsetLocklessStrict: 11 },
      ...{ folded: 13, entryAware: 13, inlineTyped: 13, dummyRead: 11, hwPointer: 11 },
      // A second read for each of pgd, p4d, pud twice and pmd twice: what is folded per process is asked again too.
      readAgain: 17,
    });
  });

  test('x86-64, folded at boot: the same for all, but for the form that reads again', () => {
    const { readAgain, ...others } = readsOf('x86-64, 4 levels', 4);
    expect(new Set(Object.values(others))).toEqual(new Set([12]));
    // pgd hands its pointer on without a look; p4d, pud and pmd are read twice, on either side.
    expect(readAgain).toBe(18);
  });
});
