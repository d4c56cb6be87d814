import {
  type Change,
  change,
  type Entry,
  type Level,
  linuxMmu,
  machine,
  makeLeaf,
  makeSwap,
  makeTable,
  map,
  type Predicate,
  paddr,
  swapOf,
  translate,
  unmap,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { archLaws, hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { armShort, armShortMmu } from '../src/index.ts';
import { asks, numbers, rights, space } from './support/entries.ts';
import { keeps, runs } from './support/keeps.ts';

const arch = armShort();

test('geometry: 2048 pairs of words, then 512 ptes that share a page with the hardware’s', () => {
  expect(arch.id).toBe('arm-short');
  expect(numbers(arch)).toEqual([
    [21, 2048],
    [21, 1],
    [21, 1],
    [21, 1],
    [12, 512],
  ]);
  const { pgd, pte } = arch.geometry;
  expect([pgd.slotBytes, pgd.tableBytes, pte.slotBytes, pte.tableBytes]).toEqual([8, 16384, 4, 4096]);
});

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    ['pmd', 'none', 0n, true],
    ['pmd', 'none', 0x831n, false],
    ['pmd', 'present', 0x4n, true],
    ['pmd', 'bad', 0x831n, false],
    ['pmd', 'bad', 0x2n, true],
    ['pmd', 'bad', 0x3n, true],
    ['pmd', 'leaf', 0x2n, true],
    ['pmd', 'leaf', 0x1n, false],
    // Above the folded levels the answers are constants.
    ['pgd', 'none', 0n, false],
    ['pgd', 'present', 0n, true],
    ['pgd', 'bad', 0x2n, false],
    ['pte', 'none', 0n, true],
    ['pte', 'none', 0x80n, false],
    ['pte', 'present', 0x1n, true],
    ['pte', 'present', 0xffen, false],
    ['pte', 'swap', 0x104n, true],
    ['pte', 'swap', 0x105n, false],
    ['pte', 'swap', 0n, false],
    ['pte', 'young', 0x3n, true],
    ['pte', 'dirty', 0x41n, true],
    // The write bit is inverted.
    ['pte', 'write', 0x1n, true],
    ['pte', 'write', 0x81n, false],
    ['pte', 'user', 0x101n, true],
    ['pte', 'exec', 0x1n, true],
    ['pte', 'exec', 0x201n, false],
    // There is no such bit, and no fast GUP for want of it.
    ['pte', 'special', 0xfffn, false],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(arch, level, predicate, raw)).toBe(yes);
    },
  );
});

test.each<[Change, bigint, bigint]>([
  ['young', 0x1n, 0x3n],
  ['old', 0x3n, 0x1n],
  ['dirty', 0x1n, 0x41n],
  ['clean', 0x41n, 0x1n],
  ['write', 0x81n, 0x1n],
  ['wrprotect', 0x1n, 0x81n],
  ['special', 0x1n, 0x1n],
])('pte_mk%s(0x%x) is 0x%x', (what, from, to) => {
  expect(change(arch, 'pte', what, from as Entry<'pte'>)).toBe(to);
});

test('entries as Linux makes them', () => {
  expect(makeTable(arch, 'pmd', paddr(0x1234_5000n))).toBe(0x1234_5831n);
  expect(makeLeaf(arch, 'pte', paddr(0x1234_5000n), rights('rwxu'))).toBe(0x1234_555fn);
  expect(makeLeaf(arch, 'pte', paddr(0x1234_5000n), rights('ru'))).toBe(0x1234_579fn);
  expect(makeLeaf(arch, 'pte', paddr(0x1234_5000n), rights(''))).toBe(0x1234_5e9fn);
  expect(makeSwap(arch, 'pte', { type: 3n, offset: 5n })).toBe(0x50cn);
  expect(swapOf(arch, 'pte', 0x58cn as Entry)).toEqual({ type: 3n, offset: 5n }); // exclusive
});

describe('what Linux writes, the hardware reads', () => {
  test('a pair of words in the pgd, 1 KiB apart, and the hardware’s pte 2 KiB behind Linux’s', () => {
    const { mm, allocator } = space(arch);
    // Pair 1, its second MiB: pte 0x1ff.
    const addr = vaddr(0x3f_f000n);
    map(mm, allocator, { addr, paddr: paddr(0x8765_4000n), size: 0x1000n, prot: rights('rwu') });
    const word = (at: bigint): bigint | undefined => mm.memory.read(paddr(at), 4, 'little');
    const [first, second] = [word(mm.pgd + 8n)!, word(mm.pgd + 12n)!];
    const table = first & ~0xfffn;
    expect([first - table, second - table]).toEqual([0x831n, 0xc31n]);
    expect(word(table + 4n * 0x1ffn)).toBe(0x8765_475fn);
    // Small page, XN, B C TEX[0], AP 011, S, nG.
    expect(word(table + 2048n + 4n * 0x1ffn)).toBe(0x8765_4c7fn);
    unmap(mm, addr, 0x1000n);
    expect(word(table + 2048n + 4n * 0x1ffn)).toBe(0n);
  });

  test.each<[what: string, linux: bigint, hardware: bigint]>([
    ['writable and dirty', 0x5fn | 0x500n, 0xc7en],
    ['writable, clean: read-only, so that the first write is seen', 0x1fn | 0x500n, 0xe7en],
    ['read-only and dirty', 0xdfn | 0x500n, 0xe7en],
    ['old: nothing', 0x1dn | 0x540n, 0n],
    ['PROT_NONE: nothing', 0xe9fn, 0n],
    ['swapped out: nothing', 0x50cn, 0n],
    ['the kernel’s: global', 0x5fn | 0x400n, 0x45en],
    ['never executed', 0x5fn | 0x700n, 0xc7fn],
    ['uncached', 0x43n | 0x100n, 0x832n],
  ])('%s', (_what, linux, hardware) => {
    expect(arch.rules.pte.shadow?.({ entry: linux })).toBe(hardware);
  });

  test('a pair of sections is 2 MiB of memory, for both readings', () => {
    const { mm, allocator } = space(arch);
    const [addr, target] = [vaddr(0x8020_0000n), paddr(0x4060_0000n)];
    map(mm, allocator, { addr, paddr: target, size: 0x20_0000n, prot: rights('rw') });
    for (const off of [0n, 0xf_ffffn, 0x10_0000n, 0x1f_ffffn]) {
      const { result } = walk(mm, vaddr(addr + off));
      expect(result).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: target + off });
      const query = { root: mm.root!, addr: vaddr(addr + off), access: 'read' } as const;
      expect(translate(machine(armShortMmu(arch)), mm.memory, query)).toMatchObject({ paddr: target + off });
    }
  });
});

describe('laws', () => {
  keeps([...archLaws(arch, { runs }), ...hostileLaws(linuxMmu(arch), [{}], { runs })]);
});
