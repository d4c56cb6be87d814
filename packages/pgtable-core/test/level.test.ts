import { expect, test } from 'vitest';
import { above, below, isUpper, LEVELS } from '../src/index.ts';

test('five levels, each above the next', () => {
  expect(LEVELS).toEqual(['pgd', 'p4d', 'pud', 'pmd', 'pte']);
  expect(['pgd', 'p4d', 'pud', 'pmd'].map((l) => below(l as 'pgd'))).toEqual(['p4d', 'pud', 'pmd', 'pte']);
  expect(['p4d', 'pud', 'pmd', 'pte'].map((l) => above(l as 'pte'))).toEqual(['pgd', 'p4d', 'pud', 'pmd']);
  expect(LEVELS.map(isUpper)).toEqual([true, true, true, true, false]);
});
