import {
  type Arch,
  type ArchSpec,
  address,
  defineArch,
  type Entry,
  eq,
  flag,
  has,
  type Level,
  type LevelSpec,
  makeTable,
  type Predicate,
  paddr,
  pXdAddrEnd,
  pXdOffset,
  type Slot,
  type UpperLevel,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { foldedInto, nop4d, nopmd, nopud } from '../src/index.ts';
import { asks, bare, numbers } from './support/entries.ts';

const none = eq('entry', 0n);
const table = { fields: { V: flag(0), address: address(47, 12) }, base: 1n };
const upper: LevelSpec = { bits: 9, table, is: { none, present: has(1n), bad: has(4n) } };
const pte: LevelSpec = {
  bits: 9,
  leaf: {
    fields: { V: flag(0), address: address(47, 12) },
    base: 1n,
    rights: { read: [0n, 0n], write: [2n, 0n], exec: [0n, 0n], user: [0n, 0n] },
  },
  is: { none, present: has(1n) },
};
const define = (levels: ArchSpec['levels']): Arch =>
  defineArch({
    id: 'nop',
    pageShift: 12,
    byteOrder: 'little',
    va: { extend: 'zero' },
    root: { fields: { origin: address(47, 12) }, tops: { pgd: { base: 0n, limit: 1n << 47n } } },
    levels,
  });

const archs: readonly (readonly [name: string, arch: Arch, folded: readonly Level[], top: number])[] = [
  ['nop4d', define(nop4d({ pgd: upper, pud: upper, pmd: upper, pte })), ['p4d'], 39],
  ['nopud', define(nopud({ pgd: upper, pmd: upper, pte })), ['p4d', 'pud'], 30],
  ['nopmd', define(nopmd({ pgd: upper, pte })), ['p4d', 'pud', 'pmd'], 21],
];

describe.each(archs)('%s', (_name, arch, folded, top) => {
  const above = (['pgd', 'p4d', 'pud', 'pmd'] as const).slice(0, folded.length);

  test('PTRS of a folded level is 1, its shift that of pgd', () => {
    const wanted = numbers(arch).slice(1, 1 + folded.length);
    expect(numbers(arch)[0]).toEqual([top, 512]);
    expect(wanted).toEqual(folded.map(() => [top, 1]));
    expect(
      numbers(arch)
        .slice(1 + folded.length)
        .every(([, entries]) => entries === 512),
    ).toBe(true);
  });

  test.each([0n, 1n, 5n, 0xffff_ffff_ffff_ffffn])('above it none is 0, bad 0, present 1: entry %d', (raw) => {
    const answers = (predicate: Predicate): boolean[] => above.map((level) => asks(arch, level, predicate, raw));
    expect(answers('none')).toEqual(above.map(() => false));
    expect(answers('bad')).toEqual(above.map(() => false));
    expect(answers('leaf')).toEqual(above.map(() => false));
    expect(answers('present')).toEqual(above.map(() => true));
  });

  test('at the last folded level the bits of the pgd entry answer', () => {
    const last = folded.at(-1)!;
    expect(asks(arch, last, 'none', 0n)).toBe(true);
    expect(asks(arch, last, 'present', 0n)).toBe(false);
    expect(asks(arch, last, 'bad', 5n)).toBe(true);
    expect(makeTable(arch, last as UpperLevel, paddr(0x5000n))).toBe(0x5001n);
  });

  test('its offset is the very pointer, its end the end', () => {
    for (const level of above) {
      const slot: Slot<UpperLevel> = { level, space: 'stack', addr: 0x1238n };
      expect(pXdOffset(bare(arch), slot, 0x5001n as Entry<UpperLevel>, vaddr(0x7fff_f000n)).addr).toBe(0x1238n);
    }
    for (const level of folded) expect(pXdAddrEnd(bare(arch), level, vaddr(0x1000n), vaddr(1n << 46n))).toBe(1n << 46n);
    expect(pXdAddrEnd(bare(arch), 'pgd', vaddr(0x1000n), vaddr(1n << 46n))).toBe(1n << BigInt(top));
  });
});

test('a folded level takes over what was said of its parent, but no bits and no size of its own', () => {
  const fold = { when: 'boot', style: 'top', entries: 512 } as const;
  const made = foldedInto({ ...upper, empty: 8n, covers: 39n }, fold);
  expect(made).toEqual({ bits: 0, table, is: upper.is, empty: 8n, fold });
});

test('the levels that were given are left as they were', () => {
  const given = { pgd: upper, pmd: upper, pte };
  nopud(given);
  expect(given).toEqual({ pgd: upper, pmd: upper, pte });
});
