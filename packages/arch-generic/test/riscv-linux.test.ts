/** What changed in RISC-V's helpers from version to version, and what they make of an entry, by raw values. */
import {
  type Change,
  change,
  type Entry,
  fieldsOf,
  type Level,
  leafAddress,
  leafSize,
  limitOf,
  makeLeaf,
  makeSwap,
  makeTable,
  type Predicate,
  paddr,
  swapOf,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type LinuxVersion, riscv } from '../src/index.ts';
import { asks, bare, rights } from './support/entries.ts';

const of = (linux: LinuxVersion) => riscv({ mode: 'sv39', linux });
const v612 = of('6.12');
const sv32 = riscv({ mode: 'sv32' });

describe('predicates, by version', () => {
  test.each<[Level, Predicate, bigint, LinuxVersion, LinuxVersion, boolean]>([
    // Before the version the answer is the opposite.
    ['pte', 'present', 0x20n, '5.16', '5.17', true], // PROT_NONE is G, and was R
    ['pte', 'present', 0x2n, '5.16', '5.17', false],
    ['pte', 'protnone', 0x2n, '5.16', '5.17', false],
    ['pmd', 'present', 0xcn, '5.13', '5.14', true], // THP: W and X alone
    ['pmd', 'leaf', 0xcn, '5.13', '5.14', true],
    ['pte', 'devmap', 0x201n, '6.10', '6.11', true],
    ['pte', 'devmap', 0x201n, '6.16', '6.17', false],
    ['pmd', 'devmap', 0x203n, '6.16', '6.17', false],
    ['pmd', 'special', 0x103n, '6.14', '6.15', true],
    ['pud', 'special', 0x103n, '6.14', '6.15', true],
    ['pud', 'bad', 0x3n, '6.15', '6.16', true], // THP of that size: a leaf is bad
    ['pud', 'devmap', 0x203n, '6.15', '6.16', true],
  ])('%s_%s(0x%x): v%s, v%s', (level, predicate, raw, before, from, yes) => {
    expect([asks(of(before), level, predicate, raw), asks(of(from), level, predicate, raw)]).toEqual([!yes, yes]);
  });

  test('PAGE_NONE: R since v5.17, with G; an entry that a real 6.12 wrote', () => {
    expect(makeLeaf(of('5.9'), 'pte', paddr(0x8000_3000n), rights(''))).toBe(0x2000_0c42n);
    expect(makeLeaf(v612, 'pte', paddr(0x8000_3000n), rights(''))).toBe(0x2000_0c62n);
    expect([asks(v612, 'pte', 'protnone', 0x2041_88e2n), asks(v612, 'pte', 'present', 0x2041_88e2n)]).toEqual([
      true,
      true,
    ]);
  });

  test('Sv32 has no THP: a pmd without V is not present by R, W, X', () => {
    expect(asks(sv32, 'pmd', 'present', 0xen)).toBe(false);
    expect(asks(sv32, 'pmd', 'leaf', 0x3n)).toBe(true);
  });

  test('fast GUP came with v6.8: before, no range may be walked locklessly', () => {
    expect([of('6.7').spec.fastGup, of('6.8').spec.fastGup]).toEqual([false, undefined]);
    expect(limitOf(bare(of('6.7')), 'pgd')).toBe(1n << 38n);
  });
});

describe('pXd_mk…', () => {
  const make = (level: Level, what: Change, raw: bigint, arch = v612) => change(arch, level, what, raw as Entry);
  test.each<[Change, bigint, bigint]>([
    ['young', 0x11n, 0x51n],
    ['old', 0xd7n, 0x97n],
    ['dirty', 0x53n, 0xd3n],
    ['clean', 0xd7n, 0x57n],
    ['write', 0xd3n, 0xd7n],
    ['wrprotect', 0xd7n, 0xd3n],
    ['huge', 0xd7n, 0xd7n],
    ['devmap', 0xd7n, 0x2d7n],
  ])('%s of 0x%x', (what, raw, made) => {
    for (const level of ['pte', 'pmd'] as const) expect(make(level, what, raw)).toBe(made);
  });

  test('Sv32 has helpers for a pmd, but no THP that could be split', () => {
    expect([make('pmd', 'old', 0xd7n, sv32), make('pmd', 'invalid', 0xd7n, sv32)]).toEqual([0x97n, undefined]);
  });

  test('special is of the pte, and since v6.15 of what is larger; invalid of what is larger only', () => {
    expect(make('pmd', 'special', 0xd7n, of('6.15'))).toBe(0x1d7n);
    expect([make('pte', 'special', 0xd7n), make('pmd', 'special', 0xd7n)]).toEqual([0x1d7n, undefined]);
    expect([make('pte', 'invalid', 0xd7n), make('pmd', 'invalid', 0xd7n)]).toEqual([undefined, 0xd6n]);
    expect([asks(v612, 'pmd', 'present', 0xd6n), asks(v612, 'pmd', 'leaf', 0xd6n)]).toEqual([true, true]);
  });

  test('levels got theirs with THP: pmd in v5.14, pud in v6.16', () => {
    expect([make('pmd', 'old', 0xd7n, of('5.13')), make('pmd', 'old', 0xd7n, of('5.14'))]).toEqual([undefined, 0x97n]);
    const sv48 = (linux: LinuxVersion) => riscv({ mode: 'sv48', linux });
    expect([make('pud', 'old', 0xd7n, sv48('6.15')), make('pud', 'old', 0xd7n, sv48('6.16'))]).toEqual([
      undefined,
      0x97n,
    ]);
    expect([make('pte', 'devmap', 1n, of('6.10')), make('pte', 'devmap', 1n, of('6.17'))]).toEqual([
      undefined,
      undefined,
    ]);
  });
});

describe('v7.0', () => {
  const make = (arch: typeof v612, what: Change, raw: bigint) => change(arch, 'pte', what, raw as Entry<'pte'>);
  const bit = (n: number): bigint => 1n << BigInt(n);
  const soft = riscv({ mode: 'sv39', linux: '7.0', svrsw60t59b: true });

  test('wrprotect of a shadow stack leaves a page that can be read', () => {
    expect([make(v612, 'wrprotect', 0x4d5n), make(of('7.0'), 'wrprotect', 0x4d5n)]).toEqual([0x4d1n, 0x4d3n]);
    expect(make(of('7.0'), 'wrprotect', 0x4d7n)).toBe(0x4d3n);
  });

  test('Svrsw60t59b: soft-dirty is bit 59, and dirty sets it', () => {
    expect(asks(soft, 'pte', 'softDirty', bit(59) | 0x53n)).toBe(true);
    expect(make(soft, 'dirty', 0x53n)).toBe(bit(59) | 0xd3n);
    expect(make(of('7.0'), 'dirty', 0x53n)).toBe(0xd3n);
    expect([make(soft, 'softDirty', 0x53n), make(soft, 'clearSoftDirty', bit(59) | 0x53n)]).toEqual([
      bit(59) | 0x53n,
      0x53n,
    ]);
    expect(fieldsOf(soft, 'pte', 'leaf', (bit(60) | 0x53n) as Entry)).toMatchObject({ UFFD_WP: 1n, SOFT_DIRTY: 0n });
  });

  test('of a swapped page bit 3 is soft-dirty: in a pte, since it would make a pmd present', () => {
    const { pte, pmd } = soft.spec.levels;
    expect([pte.swap?.softDirty, pmd.swap?.softDirty]).toEqual([8n, undefined]);
    expect([asks(soft, 'pte', 'swap', 0x12_3188n), asks(soft, 'pmd', 'present', 0x12_3188n)]).toEqual([true, true]);
  });

  test('not before, not with 32 bits', () => {
    expect(() => riscv({ mode: 'sv39', linux: '6.17', svrsw60t59b: true })).toThrow(UsageError);
    expect(() => riscv({ mode: 'sv32', linux: '7.0', svrsw60t59b: true })).toThrow(UsageError);
    expect(() => riscv({ mode: 'sv39', linux: '7.0', svrsw60t59b: true, thead: true })).toThrow(UsageError);
  });
});

describe("T-Head's cores", () => {
  const thead = riscv({ mode: 'sv39', thead: true });
  const PMA = 7n << 60n;

  test('each page that is made is normal memory, a table pointer has no attributes', () => {
    expect(makeLeaf(thead, 'pte', paddr(0x8000_2000n), rights('rwxu'))).toBe(PMA | 0x2000_08dfn);
    expect(makeLeaf(thead, 'pte', paddr(0x8000_2000n), rights(''))).toBe(PMA | 0x2000_0862n);
    expect(makeTable(thead, 'pmd', paddr(0x8000_2000n))).toBe(0x2000_0801n);
  });

  test('bit 63 is strong order, and no size', () => {
    const device = (0x9000_0000_0000_0000n | 0x2000_08c7n) as Entry;
    expect([leafAddress(thead, 'pte', device), leafSize(thead, 'pte', device)]).toEqual([0x8000_2000n, 0x1000n]);
    expect(leafSize(v612, 'pte', device)).toBe(0x1_0000n);
    expect(fieldsOf(thead, 'pte', 'leaf', device)).toMatchObject({ SO: 1n, C: 0n, B: 0n, SH: 1n, SEC: 0n });
  });

  test('64-bit kernels since v5.19', () => {
    expect(() => riscv({ mode: 'sv32', thead: true })).toThrow(UsageError);
    expect(() => riscv({ mode: 'sv39', linux: '5.18', thead: true })).toThrow(UsageError);
  });
});

describe('swap entries', () => {
  test.each<[LinuxVersion, bigint]>([
    ['5.16', (0x123n << 7n) | (3n << 2n)],
    ['5.17', (0x123n << 11n) | (3n << 6n)],
    ['6.2', (0x123n << 11n) | (3n << 6n)],
    ['6.3', (0x123n << 12n) | (3n << 7n)],
    ['6.12', (0x123n << 12n) | (3n << 7n)],
  ])('v%s', (linux, raw) => {
    const arch = of(linux);
    for (const level of linux === '5.16' ? (['pte'] as const) : (['pte', 'pmd'] as const)) {
      expect(makeSwap(arch, level, { type: 3n, offset: 0x123n })).toBe(raw);
      expect(swapOf(arch, level, raw as Entry)).toEqual({ type: 3n, offset: 0x123n });
      expect([asks(arch, level, 'swap', raw), asks(arch, level, 'present', raw)]).toEqual([true, false]);
    }
  });

  test('a pmd before v5.17: the type would lie on W and X, and read as present', () => {
    expect(makeSwap(of('5.16'), 'pmd', { type: 3n, offset: 1n })).toBeUndefined();
    expect(asks(of('5.16'), 'pmd', 'present', 3n << 2n)).toBe(true);
  });

  test('what does not fit, and the exclusive mark', () => {
    expect(makeSwap(v612, 'pte', { type: 32n, offset: 0n })).toBeUndefined();
    expect(makeSwap(v612, 'pte', { type: 0n, offset: 1n << 52n })).toBeUndefined();
    expect(makeSwap(sv32, 'pte', { type: 0n, offset: 1n << 20n })).toBeUndefined();
    expect([of('6.2'), of('6.3')].map(({ spec }) => spec.levels.pte.swap?.exclusive)).toEqual([undefined, 0x40n]);
  });

  test('none, present and PROT_NONE are no swap entries; nor is a huge page under split', () => {
    for (const raw of [0n, 0x1n, 0x62n]) expect(asks(v612, 'pte', 'swap', raw)).toBe(false);
    expect(asks(v612, 'pmd', 'swap', 0xd6n)).toBe(false);
    expect(asks(riscv({ mode: 'sv48' }), 'pud', 'swap', 0xd6n)).toBe(false);
  });
});
