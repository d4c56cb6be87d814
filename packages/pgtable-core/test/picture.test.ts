/** Walks drawn as text, letter by letter. */
import { describe, expect, test } from 'vitest';
import {
  type Entry,
  explain,
  explainText,
  type Machine,
  type Mm,
  machine,
  mmFromTable,
  paddr,
  picture,
  pictureOf,
  pictureOfExplained,
  pointerName,
  type Slot,
  vaddr,
  walk,
} from '../src/index.ts';
import { type DeepState, deepMmu } from './support/deep-mmu.ts';
import { tables } from './support/tables.ts';
import { LEAF, toy3, toyProcess, U, V, W, YOUNG } from './support/toys.ts';

describe('a picture', () => {
  test('of a walk: indexes, every entry in its line, and the end', () => {
    const mm = tables(toyProcess, 0x1000n, { '0x1000': 5n, '0x1008': 0x1041n, '0x1050': 0x1080n, '0x1098': 0x9021n });
    expect(pictureOf(mm, walk(mm, vaddr(0x5_3678n)))).toBe(
      [
        '0x53678 = pud[1] pmd[2] pte[3] + 0x678',
        'level  for      pointer          entry   which says',
        'pgd    0x53678  pgd[1] = 0x1008  0x1041  p4d is folded into this entry',
        'p4d    0x53678  p4d[1] = 0x1008  0x1041  pud is folded into this entry',
        'pud    0x53678  pud[1] = 0x1008  0x1041  table at 0x1040',
        'pmd    0x53678  pmd[2] = 0x1050  0x1080  table at 0x1080',
        'pte    0x53678  pte[3] = 0x1098  0x9021  4 KiB at 0x9000: write',
        'physical 0x9678, a 4 KiB page of level pte',
      ].join('\n'),
    );
  });

  test('of a walk that read nothing', () => {
    const mm = mmFromTable(toy3, tables(toy3, 0x1000n, {}).memory, paddr(0x9000n));
    expect(pictureOf(mm, walk(mm, vaddr(0x9_3000n)))).toBe(
      [
        '0x93000 = pgd[1] pmd[2] pte[3] + 0x0',
        'level  for  pointer  entry  which says',
        'no address: the pgd slot at 0x9008 lies outside memory',
      ].join('\n'),
    );
  });

  test('of entries that were read from the stack', () => {
    const mm = tables(toyProcess, 0x1000n, {});
    const slot: Slot = { level: 'pud', space: 'stack', addr: 0x380_0000_7f88n };
    const pointer = '&p4d + 8 = stack 0x38000007f88';
    expect(picture(mm, [{ addr: 0x8000_0000n, slot, entry: 5n as Entry, pointer: '&p4d + 8' }])).toBe(
      [
        `level  for         ${'pointer'.padEnd(pointer.length)}  entry  which says`,
        `pud    0x80000000  ${pointer}  0x5    none`,
      ].join('\n'),
    );
  });
});

describe('the name of a pointer', () => {
  const mm = tables(toy3, 0x1000n, {});
  const copy: Slot<'p4d', 'stack'> = { level: 'p4d', space: 'stack', addr: 0x7f80n };
  const parent = { slot: { ...copy, space: 'memory', addr: 0x1000n }, copy, entry: 0n as Entry<'p4d'> } as const;
  test.each<[string, Slot, string]>([
    ['in a table', { level: 'pmd', space: 'memory', addr: 0x1098n }, 'pmd[3]'],
    ['on the copy', { level: 'pud', space: 'stack', addr: 0x7f80n }, '&p4d'],
    ['beside the copy', { level: 'pud', space: 'stack', addr: 0x7f88n }, '&p4d + 8'],
  ])('%s', (_what, slot, name) => {
    expect(pointerName(mm, { slot, parent })).toBe(name);
  });
});

// pgd[1] -> pmd at 0x1080; pmd[2] -> ptes at 0x1040; pte[3] is a page that nobody may write; pmd[4] is not there.
const mm: Mm = tables(toy3, 0x1000n, {
  '0x1008': V | 0x1080n,
  '0x1090': V | 0x1040n,
  '0x1058': V | U | YOUNG | 0x9000n,
  '0x1098': V | LEAF | U | W | YOUNG | 0x10000n,
});
const mmu = (state: Partial<DeepState> = {}): Machine => machine(deepMmu(toy3), state);
const told = (addr: bigint, access: 'read' | 'write', state: Partial<DeepState> = {}, root = 0x1000n) =>
  explain(mmu(state), mm.memory, { root, addr: vaddr(addr), access });

describe('a picture of a translation', () => {
  test('that arrives, and the rights that each entry leaves', () => {
    expect(pictureOfExplained(told(0x9_3678n, 'read'))).toBe(
      [
        '0x93678 = pgd[1] pmd[2] pte[3] + 0x678',
        'entry            value   which says       leaves',
        'pgd[1] = 0x1008  0x1081  table at 0x1080  read write execute',
        'pmd[2] = 0x1090  0x1041  table at 0x1040  read write execute',
        'pte[3] = 0x1058  0x9029  4 KiB at 0x9000  read execute',
        'read reaches physical 0x9678, in a page of 4 KiB',
      ].join('\n'),
    );
  });

  test('that a rule ends', () => {
    expect(pictureOfExplained(told(0xa_0000n, 'read')).split('\n').slice(2)).toEqual([
      'pgd[1] = 0x1008  0x1081  table at 0x1080  read write execute',
      'pmd[4] = 0x10a0  0x0     V = 0            ',
      'read raises absent (0x1), at the pmd entry at 0x10a0: V = 0',
    ]);
  });

  test('that did not begin: its one sentence', () => {
    expect(pictureOfExplained(told(1n << 20n, 'write'))).toBe('write raises absent (0x1): the address is too wide');
  });
});

test('an explanation as text: what was asked, the picture, the fields, who took what, what would change it', () => {
  expect(explainText(told(0x9_3678n, 'write', { user: true }))).toBe(
    [
      'write 0x93678 by root 0x1000 on toy3, user',
      ...pictureOfExplained(told(0x9_3678n, 'write', { user: true })).split('\n'),
      'fields:',
      '  pgd[1]  V=1 LEAF=0 address=0x1080',
      '  pmd[2]  V=1 LEAF=0 address=0x1040',
      '  pte[3]  V=1 LEAF=0 address=0x9000 W=0 U=1 NX=0 YOUNG=1 NONE=0',
      'taken away:',
      '  write by pte: W = 0',
      'what would change it:',
      '  pte[3].W = 1 (bit 2): write reaches physical 0x9678, in a page of 4 KiB',
    ].join('\n'),
  );
});
