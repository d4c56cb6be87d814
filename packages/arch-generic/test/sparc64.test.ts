import {
  type Access,
  type Change,
  change,
  type Entry,
  type Level,
  linuxMmu,
  machine,
  makeLeaf,
  makeSwap,
  makeTable,
  type Predicate,
  paddr,
} from '@kernel-mm/pgtable-core';
import { archLaws, hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { sparc64, sparc64Mmu } from '../src/index.ts';
import { asks, numbers, rights } from './support/entries.ts';
import { keeps, runs } from './support/keeps.ts';
import { told, type Words } from './support/translate.ts';

const sun4u = sparc64();
const sun4v = sparc64({ cpu: 'sun4v' });
const bit = (n: number): bigint => 1n << BigInt(n);
const [VALID, HUGE] = [bit(63), bit(56)];

test('geometry: four levels of 1024 entries under 8 KiB pages', () => {
  expect([sun4u.id, sun4v.id]).toEqual(['sparc64', 'sparc64-sun4v']);
  for (const arch of [sun4u, sun4v])
    expect(numbers(arch)).toEqual([
      [43, 1024],
      [43, 1],
      [33, 1024],
      [23, 1024],
      [13, 1024],
    ]);
});

describe('the predicates, by raw values', () => {
  type Row = readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean];
  const both: readonly Row[] = [
    ...(['p4d', 'pud', 'pmd'] as const).flatMap((level): Row[] => [
      [level, 'none', 0n, true],
      [level, 'none', 0x2000n, false],
      [level, 'present', 0x2000n, true],
      [level, 'bad', 0x2000n, false],
      [level, 'bad', 0x2001n, true],
      [level, 'bad', 0x3000n, true],
      [level, 'leaf', HUGE, level !== 'p4d'],
      [level, 'leaf', VALID, false],
    ]),
    ['pte', 'none', 0n, true],
    ['pte', 'special', bit(57), true],
    // Present and valid are two bits.
    ['pte', 'present', VALID, false],
  ];
  const forms: readonly (readonly [typeof sun4u, Row])[] = [
    ...both.flatMap((row) => [[sun4u, row] as const, [sun4v, row] as const]),
    [sun4u, ['pte', 'present', 0x80n, true]],
    [sun4v, ['pte', 'present', 0x80n, false]],
    [sun4v, ['pte', 'present', 0x10n, true]],
    [sun4u, ['pte', 'present', 0x10n, false]],
    [sun4u, ['pte', 'swap', 0x2000n, true]],
    [sun4u, ['pte', 'write', 0x100n, true]],
    [sun4u, ['pte', 'write', 0x2n, false]],
    [sun4v, ['pte', 'write', bit(58), true]],
    [sun4u, ['pte', 'young', 0x400n, true]],
    [sun4v, ['pte', 'young', bit(60), true]],
    [sun4u, ['pte', 'dirty', 0x800n, true]],
    [sun4v, ['pte', 'dirty', bit(61), true]],
    [sun4u, ['pte', 'exec', 0x1000n, true]],
    [sun4v, ['pte', 'exec', 0x80n, true]],
    [sun4u, ['pte', 'user', 0x4n, false]],
    [sun4v, ['pte', 'user', 0x100n, false]],
    [sun4u, ['pmd', 'write', 0x100n, true]],
  ];
  test.each(
    forms.map(([arch, row]) => [`${arch.id}: ${row[0]}_${row[1]}(0x${row[2].toString(16)})`, arch, row] as const),
  )('%s', (_name, arch, [level, predicate, raw, yes]) => {
    expect(asks(arch, level, predicate, raw)).toBe(yes);
  });
});

test.each<[string, typeof sun4u, Level, Change, bigint, bigint]>([
  ['sun4u', sun4u, 'pte', 'young', 0x80n, VALID | 0x480n],
  // The reference bit is VALID itself: the next access is seen.
  ['sun4u', sun4u, 'pte', 'old', VALID | 0x480n, 0x80n],
  ['sun4u', sun4u, 'pte', 'dirty', 0x180n, 0x982n],
  ['sun4u', sun4u, 'pte', 'dirty', 0x80n, 0x880n],
  ['sun4u', sun4u, 'pte', 'clean', 0x982n, 0x180n],
  ['sun4u', sun4u, 'pte', 'write', 0x880n, 0x982n],
  ['sun4u', sun4u, 'pte', 'write', 0x80n, 0x180n],
  ['sun4u', sun4u, 'pte', 'wrprotect', 0x982n, 0x880n],
  ['sun4u', sun4u, 'pte', 'special', 0x80n, bit(57) | 0x80n],
  ['sun4u', sun4u, 'pmd', 'huge', 0x80n, HUGE | bit(62) | bit(61) | 0x80n],
  ['sun4v', sun4v, 'pte', 'old', VALID | bit(60) | 0x10n, 0x10n],
  ['sun4v', sun4v, 'pte', 'dirty', bit(58), bit(61) | bit(58) | 0x40n],
  ['sun4v', sun4v, 'pmd', 'huge', 0x10n, HUGE | 0x13n],
])('%s: %s_mk%s', (_cpu, arch, level, what, from, to) => {
  expect(change(arch, level, what, from as Entry)).toBe(to);
});

test('entries as Linux makes them: pointers bare, sizes in huge leaves', () => {
  expect(makeTable(sun4u, 'pmd', paddr(0x12_2000n))).toBe(0x12_2000n);
  expect(makeLeaf(sun4u, 'pte', paddr(0x12_2000n), rights('rwxu'))).toBe(VALID | 0x12_3fb2n);
  expect(makeLeaf(sun4u, 'pte', paddr(0x12_2000n), rights(''))).toBe(0x12_24b0n);
  expect(makeLeaf(sun4v, 'pte', paddr(0x12_2000n), rights('rwu'))).toBe(VALID | (0xfn << 58n) | 0x12_2650n);
  expect(makeLeaf(sun4u, 'pmd', paddr(0x80_0000n), rights('ru'))).toBe(0xe100_0000_0080_06b0n);
  expect(makeLeaf(sun4u, 'pte', paddr(bit(43)), rights('r'))).toBeUndefined();
  expect(makeLeaf(sun4v, 'pte', paddr(bit(55)), rights('r'))).toBeDefined();
  expect(makeSwap(sun4u, 'pte', { type: 3n, offset: 5n })).toBe(0xa0_6000n);
});

describe('the TSB-miss handler and the TLB', () => {
  // Index 1, 2, 3, 4 in tables at 0x2000, 0x4000, 0x6000, 0x8000; then the page at 0xa000.
  const va = (1n << 43n) | (2n << 33n) | (3n << 23n) | (4n << 13n) | 0x123n;
  const words = (said: Readonly<Partial<Record<'pgd' | 'pud' | 'pmd' | 'pte', bigint>>>): Words => ({
    '0x2008': said.pgd ?? 0x4000n,
    '0x4010': said.pud ?? 0x6000n,
    '0x6018': said.pmd ?? 0x8000n,
    '0x8020': said.pte ?? VALID | 0xb982n,
  });
  type Row = readonly [
    what: string,
    said: Parameters<typeof words>[0],
    access: Access,
    user: boolean,
    mmu: string,
    linux: string,
  ];
  test.each<Row>([
    // sun4u: EXEC 0x1000, MODIFIED 0x800, WRITE 0x100, PRESENT 0x80, P 4, W 2
    ['a page', {}, 'write', true, '0xa123', '0xa123'],
    ['nothing at pgd', { pgd: 0n }, 'read', true, 'none', 'none'],
    ['nothing at pte', { pte: 0n }, 'read', true, 'none', 'none'],
    ['present, old: not VALID', { pte: 0xa080n }, 'read', true, 'not-present', '0xa123'],
    ['VALID, not PRESENT', { pte: VALID | 0xa000n }, 'read', true, '0xa123', 'not-present'],
    ['writable and clean: W = 0', { pte: VALID | 0xa180n }, 'write', true, 'protection', '0xa123'],
    ['EXEC', { pte: VALID | 0xb080n }, 'execute', true, '0xa123', '0xa123'],
    ['no EXEC', { pte: VALID | 0xa080n }, 'execute', true, 'protection', 'protection'],
    ['P, from user space', { pte: VALID | 0xa084n }, 'read', true, 'protection', 'protection'],
    ['P, from the kernel', { pte: VALID | 0xa084n }, 'read', false, '0xa123', '0xa123'],
    ['a pointer with low bits', { pmd: 0x8001n }, 'read', true, 'bad', 'bad'],
    ['8 MiB', { pmd: VALID | HUGE | 0x80_0082n }, 'read', true, '0x808123', '0x808123'],
    [
      '8 GiB, not VALID',
      { pud: HUGE | bit(33) | 0x82n },
      'read',
      true,
      'not-present',
      `0x${(bit(33) | (va & (bit(33) - 1n))).toString(16)}`,
    ],
  ])('%s', (_what, said, access, user, byTlb, byLinux) => {
    expect(told(machine(sparc64Mmu(sun4u), { user }), words(said), 0x2000n, va, access)).toBe(byTlb);
    expect(told(machine(linuxMmu(sun4u), { user }), words(said), 0x2000n, va, access)).toBe(byLinux);
  });

  test('sun4v has its bits elsewhere: EXEC 0x80, W 0x40', () => {
    const page = words({ pte: VALID | 0xa040n });
    expect(told(machine(sparc64Mmu(sun4v)), page, 0x2000n, va, 'write')).toBe('0xa123');
    expect(told(machine(sparc64Mmu(sun4v)), page, 0x2000n, va, 'execute')).toBe('protection');
  });

  test('the hole between the halves has no table', () => {
    expect(told(machine(sparc64Mmu(sun4u)), words({}), 0x2000n, bit(52))).toBe('not-translatable');
  });
});

describe.each([
  ['sun4u', sun4u],
  ['sun4v', sun4v],
])('laws: %s', (_cpu, arch) => {
  keeps([...archLaws(arch, { runs }), ...hostileLaws(linuxMmu(arch), [{}, { user: true }], { runs })]);
});
