/** Sizes, entries and the ends of walks, in words. */
import { describe, expect, test } from 'vitest';
import {
  type Entry,
  explainEntry,
  explainResult,
  formatSize,
  type Mm,
  mmFromRoot,
  mmFromTable,
  paddr,
  vaddr,
  walk,
} from '../src/index.ts';
import { tables } from './support/tables.ts';
import { LARGE, toy3, toyProcess } from './support/toys.ts';

const said = (mm: Mm, addr: bigint): string => explainResult(walk(mm, vaddr(addr)).result);

test.each([
  [1n, '1 B'],
  [512n, '512 B'],
  [0x1000n, '4 KiB'],
  [0x1_0000n, '64 KiB'],
  [1n << 20n, '1 MiB'],
  [1n << 31n, '2 GiB'],
  [1n << 42n, '4 TiB'],
  [1n << 53n, '8 PiB'],
  [1n << 63n, '8 EiB'],
])('a size of %d bytes', (bytes, text) => {
  expect(formatSize(bytes)).toBe(text);
});

describe('an entry in words', () => {
  const mm = tables(toy3, 0x1000n, {});
  const process = tables(toyProcess, 0x1000n, {});
  test.each<[string, Mm, 'pgd' | 'p4d' | 'pud' | 'pmd' | 'pte', bigint, string]>([
    ['folded when built', mm, 'pgd', 0n, 'p4d is folded into this entry'],
    ['folded in this process', process, 'p4d', 1n, 'pud is folded into this entry'],
    ['a table', mm, 'pud', 0x1081n, 'table at 0x1080'],
    ['none', mm, 'pmd', 0n, 'none'],
    ['not present', mm, 'pmd', 0x20n, 'not present'],
    ['bad', process, 'pmd', 0x1001n, 'bad'],
    ['a page with all rights', mm, 'pte', 0x902dn, '4 KiB at 0x9000: write, exec, user, young'],
    ['a page without rights', mm, 'pte', 0x9060n, '4 KiB at 0x9000: exec, young, protnone'],
    ['a page of which nothing is said', process, 'pte', 0x9001n, '4 KiB at 0x9000'],
    ['a large page', process, 'pud', 0x4_0021n | LARGE, '256 KiB at 0x40000: write'],
  ])('%s', (_what, of, level, raw, text) => {
    expect(explainEntry(of, level, raw as Entry)).toBe(text);
  });
});

describe('the end of a walk in words', () => {
  const mm = tables(toy3, 0x1000n, {
    '0x1000': 0x1081n,
    '0x1080': 0x8003n,
    '0x1088': 0x20n,
    '0x1098': (1n << 48n) | 1n,
  });
  test.each<[string, Mm, bigint, string]>([
    ['a leaf', mm, 0x123n, 'physical 0x8123, a 32 KiB page of level pmd'],
    ['none', mm, 2n << 15n, 'no address: pmd none: pmd[2] = 0x0'],
    ['not present', mm, 1n << 15n, 'no address: pmd not present: pmd[1] = 0x20'],
    ['bad', mm, 3n << 15n, 'no address: pmd bad: pmd[3] = 0x1000000000001'],
    [
      'not translatable',
      mm,
      1n << 20n,
      'no address: only 21 bits are translated, and the ones above are not as they must be',
    ],
    [
      'outside memory',
      mmFromTable(toy3, mm.memory, paddr(0x9000n)),
      1n << 19n,
      'no address: the pgd slot at 0x9008 lies outside memory',
    ],
    [
      'another root',
      mmFromRoot(toyProcess, tables(toyProcess, 0x1000n, { '0x1000': 5n }).memory, 0x1003n),
      0n,
      'no address: the root register names a pgd table, the table itself is of level pud',
    ],
  ])('%s', (_what, of, addr, text) => {
    expect(said(of, addr)).toBe(text);
  });
});
