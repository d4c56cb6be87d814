/** What is counted is exact; what is timed is only looked at for being a time. */
import { VARIANTS, walkLockless } from '@kernel-mm/gup-fast';
import { describe, expect, test } from 'vitest';
import { cases, measure, table } from '../src/index.ts';

const readsOf = async (name: string, pages: number): Promise<Record<string, number>> => {
  const one = cases(pages).find((c) => c.name === name);
  if (!one) throw new Error(name);
  return Object.fromEntries((await measure(one, 1)).map(({ variant, reads }) => [variant, reads]));
};

test('every variant walks every case to its end', () => {
  for (const { mm, start, end, pages } of cases(8))
    for (const { stepper } of Object.values(VARIANTS)) {
      const { leaves, stop } = walkLockless(mm, start, end, { stepper });
      // Where folds are nested, stack that holds the same entry leads to some table, and may stop there.
      if (mm.arch.id.endsWith('nolpa2') && stepper.name !== 'offsetLocklessStrict') continue;
      expect({ stop, leaves: leaves.length }).toEqual({ stop: undefined, leaves: pages });
    }
});

describe('entry reads of 4 pages across a top entry', () => {
  test('s390, 3 levels: the entry-aware forms go back to pgd, the others iterate at pud', async () => {
    const reads = await readsOf('s390, 3 levels', 4);
    // Slot 0, in pgd_offset; pgd, p4d, pud, pmd, 2 ptes; then pud, pmd, 2 ptes, and pgd and p4d again.
    expect(reads).toEqual({
      stackCopy: 11,
      offsetLockless: 11,
      offsetLocklessStrict: 11,
      folded: 13,
      entryAware: 13,
      inlineTyped: 13,
    });
  });

  test('x86-64: the same for all', async () => {
    expect(new Set(Object.values(await readsOf('x86-64, 4 levels', 4)))).toEqual(new Set([12]));
  });
});

test('the table names every variant, with its ratio to the merged form', async () => {
  const [one] = cases(4);
  if (!one) throw new Error('no case');
  const rows = await measure(one, 1);
  expect(rows.find(({ variant }) => variant === 'offsetLockless')?.ratio).toBe(1);
  for (const { nsPerPage, ratio } of rows) expect(nsPerPage > 0 && ratio > 0).toBe(true);
  const text = table(one, rows);
  for (const name of Object.keys(VARIANTS)) expect(text).toContain(name);
  expect(text).toContain('s390, 3 levels: 4 pages');
});
