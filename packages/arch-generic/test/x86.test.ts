import {
  type Entry,
  LEVELS,
  type Level,
  leafAddress,
  limitOf,
  makeLeaf,
  makeTable,
  map,
  type Predicate,
  paddr,
  readEntry,
  roleOf,
  UsageError,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { x86 } from '../src/index.ts';
import { asks, bare, numbers, rights, space } from './support/entries.ts';

const build = x86({ paging: '4-level', fold: 'build' });
const boot = x86({ paging: '4-level' });
const la57 = x86({ paging: '5-level' });
const x32 = x86({ paging: '2-level' });
const pae = x86({ paging: 'pae' });
const NX = 1n << 63n;

test('geometry: with four levels the entries of p4d collapse to one, however it is folded', () => {
  for (const arch of [build, boot])
    expect(numbers(arch)).toEqual([
      [39, 512],
      [39, 1],
      [30, 512],
      [21, 512],
      [12, 512],
    ]);
  expect(numbers(la57)).toEqual([
    [48, 512],
    [39, 512],
    [30, 512],
    [21, 512],
    [12, 512],
  ]);
  expect([build, boot, la57, x32, pae].map(({ id }) => id)).toEqual([
    ...['x86-64', 'x86-64', 'x86-64-la57', 'x86-32', 'x86-pae'],
  ]);
  expect([build, boot, la57].map(({ spec }) => spec.levels.p4d.fold?.when)).toEqual(['build', 'boot', undefined]);
});

test('since v6.17 five levels are always built in', () => {
  expect(x86({ paging: '4-level', fold: 'build', linux: '6.16' }).spec.levels.p4d.fold?.when).toBe('build');
  expect(x86({ paging: '4-level', linux: '6.17' }).spec.levels.p4d.fold?.when).toBe('boot');
  expect(() => x86({ paging: '4-level', fold: 'build', linux: '6.17' })).toThrow(UsageError);
});

describe('the C bit of SME and SEV', () => {
  const bit51 = 1n << 51n;
  const sme = x86({ paging: '4-level', encMask: bit51 });

  test('the frame is without it, in every level and in CR3', () => {
    const page = (bit51 | 0x30_0067n) as Entry;
    expect([leafAddress(sme, 'pte', page), leafAddress(boot, 'pte', page)]).toEqual([0x30_0000n, bit51 | 0x30_0000n]);
    expect(leafAddress(x86({ paging: '5-level', encMask: 1n << 47n }), 'pte', (page | (1n << 47n)) as Entry)).toBe(
      bit51 | 0x30_0000n, // bits above the C bit stay
    );
    expect(leafAddress(sme, 'pte', 0xf_ffff_ffcf_f120n as Entry)).toBe(0x30_0000n); // PROT_NONE: it is not inverted
    const { mm, allocator } = space(sme);
    map(mm, allocator, { addr: vaddr(0x1000n), paddr: paddr(0x30_0000n), size: 0x1000n, prot: rights('rwu') });
    expect(walk({ ...mm, root: (mm.root ?? 0n) | bit51 }, vaddr(0x1123n)).result).toMatchObject({ paddr: 0x30_0123n });
  });

  test('what is made has it, and a table without it is bad where pXd_bad asks for all of _KERNPG_TABLE', () => {
    expect(makeTable(sme, 'pgd', paddr(0x5000n))).toBe(bit51 | 0x5067n);
    expect(makeLeaf(sme, 'pte', paddr(0x30_0000n), rights('rwxu'))).toBe(bit51 | 0x30_0067n);
    const bad = (level: Level, raw: bigint) => asks(sme, level, 'bad', raw);
    expect([bad('pmd', 0x5067n), bad('pmd', bit51 | 0x5067n)]).toEqual([true, false]);
    expect([bad('p4d', 0x5067n), bad('pud', 0x5067n), bad('pud', bit51 | 0x5067n)]).toEqual([false, false, false]);
  });

  test('it is one of bits 32 to 51, and of 64-bit kernels', () => {
    for (const encMask of [1n, 1n << 31n, 1n << 52n, 3n << 47n, -1n])
      expect(() => x86({ paging: '4-level', encMask })).toThrow(UsageError);
    expect(() => x86({ paging: 'pae', encMask: 1n << 47n })).toThrow(UsageError);
  });
});

test('geometry of 32-bit kernels: two levels of 4-byte entries, or three with four at the top', () => {
  expect(numbers(x32)).toEqual([
    [22, 1024],
    [22, 1],
    [22, 1],
    [22, 1],
    [12, 1024],
  ]);
  expect(numbers(pae)).toEqual([
    [30, 4],
    [30, 1],
    [30, 1],
    [21, 512],
    [12, 512],
  ]);
  expect([x32, pae].map(({ entryBytes, geometry }) => [entryBytes, geometry.pgd.tableBytes])).toEqual([
    [4, 4096],
    [8, 32],
  ]);
});

test('gup_fast may go up to the last page of the user half', () => {
  expect(limitOf(bare(boot), 'pgd')).toBe(0x7fff_ffff_f000n);
  expect(limitOf(bare(la57), 'pgd')).toBe(0xff_ffff_ffff_f000n);
});

describe('the predicates, by raw values', () => {
  const rows: readonly (readonly [level: Level, predicate: Predicate, raw: bigint, yes: boolean])[] = [
    // none: the erratum may set A and D in an empty entry, but pgd_none looks at every bit.
    ...(['p4d', 'pud', 'pmd', 'pte'] as const).flatMap((level) => [
      [level, 'none', 0n, true] as const,
      [level, 'none', 0x20n, true] as const,
      [level, 'none', 0x40n, true] as const,
      [level, 'none', 0x60n, true] as const,
      [level, 'none', 0x61n, false] as const,
      [level, 'none', 0x80n, false] as const,
      [level, 'none', NX, false] as const,
    ]),
    ['pgd', 'none', 0n, true],
    ['pgd', 'none', 0x20n, false],
    ['pgd', 'none', 0x60n, false],
    // present: P, or G in place of it; a huge pmd also by PSE alone.
    ['pte', 'present', 0x1n, true],
    ['pte', 'present', 0x100n, true],
    ['pte', 'present', 0x80n, false],
    ['pmd', 'present', 0x1n, true],
    ['pmd', 'present', 0x100n, true],
    ['pmd', 'present', 0x80n, true],
    ['pmd', 'present', 0x7en, false],
    ['pud', 'present', 0x1n, true],
    ['pud', 'present', 0x180n, false],
    ['p4d', 'present', 0x1n, true],
    ['p4d', 'present', 0x100n, false],
    ['pgd', 'present', 0x1n, true],
    ['pgd', 'present', 0x100n, false],
    // pmd_bad: P, RW and D must be, US and A may be.
    ['pmd', 'bad', 0x67n, false],
    ['pmd', 'bad', 0x63n, false],
    ['pmd', 'bad', 0x43n, false],
    ['pmd', 'bad', 0x47n, false],
    ['pmd', 'bad', 0x41n, true],
    ['pmd', 'bad', 0x03n, true],
    ['pmd', 'bad', 0xe7n, true],
    ['pmd', 'bad', NX | 0x67n, true],
    ['pmd', 'bad', 0xf_ffff_ffff_f067n, false],
    // pud_bad: any flag outside 0x67; p4d_bad and pgd_bad do not mind NX.
    ['pud', 'bad', 0x67n, false],
    ['pud', 'bad', 0x01n, false],
    ['pud', 'bad', 0x87n, true],
    ['pud', 'bad', 0x10n, true],
    ['pud', 'bad', NX | 0x67n, true],
    ['p4d', 'bad', NX | 0x67n, false],
    ['p4d', 'bad', 0xe7n, true],
    ['p4d', 'bad', (1n << 52n) | 0x67n, true],
    ['pgd', 'bad', 0x67n, false],
    ['pgd', 'bad', 0x63n, false],
    ['pgd', 'bad', NX | 0x67n, false],
    ['pgd', 'bad', 0x43n, true],
    ['pgd', 'bad', 0xe7n, true],
    // pmd_leaf and pud_leaf: PSE.
    ['pmd', 'leaf', 0x80n, true],
    ['pmd', 'leaf', 0x67n, false],
    ['pud', 'leaf', 0x81n, true],
    ['pud', 'leaf', 0x80n, true],
    ['pud', 'leaf', 0x67n, false],
    ['p4d', 'leaf', 0x81n, false],
    ['pgd', 'leaf', 0x81n, false],
    // G says PROT_NONE only where P is clear.
    ['pte', 'protnone', 0x100n, true],
    ['pte', 'protnone', 0x101n, false],
    ['pmd', 'protnone', 0x180n, true],
    ['pte', 'special', 0x201n, true],
    ['pte', 'softDirty', 0x801n, true],
    ['pte', 'write', 0x3n, true],
    ['pte', 'write', 0x1n, false],
    ['pte', 'user', 0x5n, true],
    ['pte', 'young', 0x21n, true],
    ['pte', 'dirty', 0x41n, true],
    ['pte', 'dirty', 0x21n, false],
    ['pte', 'exec', 0x1n, true],
    ['pte', 'exec', NX | 0x1n, false],
  ];
  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, yes]) => {
      expect(asks(la57, level, predicate, raw)).toBe(yes);
    },
  );

  test('with four levels the answers at pgd are constants, and p4d keeps its own', () => {
    for (const arch of [build, boot])
      for (const raw of [0n, 0x20n, 0x67n, NX]) {
        expect(LEVELS.slice(0, 1).map((level) => asks(arch, level, 'present', raw))).toEqual([true]);
        expect([asks(arch, 'pgd', 'none', raw), asks(arch, 'pgd', 'bad', raw)]).toEqual([false, false]);
      }
    expect(asks(boot, 'p4d', 'none', 0x60n)).toBe(true);
    expect(asks(boot, 'p4d', 'bad', NX | 0x67n)).toBe(false);
  });
});

describe('what is made', () => {
  test('a table pointer is _PAGE_TABLE', () => {
    for (const level of ['pgd', 'p4d', 'pud', 'pmd'] as const)
      expect(makeTable(la57, level, paddr(0x1234_5000n))).toBe(0x1234_5067n);
    expect(makeTable(la57, 'pmd', paddr(1n << 52n))).toBeUndefined();
  });

  test.each([
    ['rwxu', 0x67n],
    ['rwu', NX | 0x67n],
    ['rxu', 0x25n],
    ['ru', NX | 0x25n],
    ['rwx', 0x63n],
  ])('a page with the rights %s', (text, flags) => {
    expect(makeLeaf(la57, 'pte', paddr(0x1234_5000n), rights(text))).toBe(0x1234_5000n | flags);
    expect(makeLeaf(la57, 'pmd', paddr(0x1220_0000n), rights(text))).toBe(0x1220_0080n | flags);
    expect(makeLeaf(la57, 'pud', paddr(0x4000_0000n), rights(text))).toBe(0x4000_0080n | flags);
  });

  test('large frames are aligned', () => {
    expect(makeLeaf(la57, 'pmd', paddr(0x1230_0000n), rights('r'))).toBeUndefined();
    expect(makeLeaf(la57, 'pud', paddr(0x2000_0000n), rights('r'))).toBeUndefined();
    // Bit 12 of a large leaf is PAT, not address.
    expect(leafAddress(la57, 'pmd', 0x1220_10e7n as Entry)).toBe(0x1220_0000n);
  });
});

describe('PROT_NONE: the frame is stored inverted, against L1TF', () => {
  test.each([
    ['pte', 0x1234_5000n, 0xf_ffff_edcb_a120n],
    ['pte', 0n, 0xf_ffff_ffff_f120n],
    ['pte', 0xf_ffff_ffff_f000n, 0x120n],
    ['pmd', 0x1220_0000n, 0xf_ffff_edc0_01a0n],
  ] as const)('%s of 0x%x', (level, address, raw) => {
    const entry = makeLeaf(la57, level, paddr(address), rights('u'));
    expect(entry).toBe(raw);
    expect(leafAddress(la57, level, raw as Entry)).toBe(address);
    expect(asks(la57, level, 'protnone', raw)).toBe(true);
    expect(asks(la57, level, 'present', raw)).toBe(true);
  });

  test('an entry that was cleared is not inverted, nor is one that is present', () => {
    expect(leafAddress(la57, 'pte', 0n as Entry)).toBe(0n);
    expect(leafAddress(la57, 'pte', 0x1234_5125n as Entry)).toBe(0x1234_5000n);
  });

  test('is found by a walk, under its own address', () => {
    const { mm, allocator } = space(boot);
    map(mm, allocator, { addr: vaddr(0x5000n), paddr: paddr(0x1234_5000n), size: 0x1000n, prot: rights('') });
    expect(walk(mm, vaddr(0x5678n)).result).toMatchObject({ kind: 'leaf', paddr: 0x1234_5678n });
  });
});

describe('walks', () => {
  test.each([build, boot, la57])('$id: pages of three sizes in both halves', (arch) => {
    const { mm, allocator } = space(arch);
    const upper = (1n << 64n) - (1n << 47n);
    for (const base of [0n, upper]) {
      const size = (1n << 30n) + (1n << 21n) + 0x1000n;
      const from = base + (1n << 30n);
      expect(map(mm, allocator, { addr: vaddr(from), paddr: paddr(1n << 40n), size, prot: rights('rwu') })).toEqual({
        size,
      });
      const at = (addr: bigint) => walk(mm, vaddr(addr)).result;
      expect(at(from + 0x1234_5678n)).toMatchObject({
        level: 'pud',
        paddr: (1n << 40n) + 0x1234_5678n,
        size: 1n << 30n,
      });
      expect(at(from + (1n << 30n) + 0x12_3456n)).toMatchObject({ level: 'pmd', size: 1n << 21n });
      expect(at(from + size - 1n)).toMatchObject({ level: 'pte', paddr: (1n << 40n) + size - 1n });
      expect(at(from + size).kind).toBe('none');
    }
  });

  test('the hole between the halves: 48 bits, or 57', () => {
    const kind = (arch: typeof boot, addr: bigint) => walk(space(arch).mm, vaddr(addr)).result;
    expect(kind(boot, 1n << 47n)).toEqual({ kind: 'not-translatable', bits: 48 });
    expect(kind(la57, 1n << 47n).kind).toBe('none');
    expect(kind(la57, 1n << 56n)).toEqual({ kind: 'not-translatable', bits: 57 });
    expect(kind(boot, (1n << 64n) - (1n << 47n)).kind).toBe('none');
  });

  test('a huge pmd under split, with P clear, is still a leaf', () => {
    expect(roleOf(bare(boot), 'pmd', 0x1220_00e6n as Entry)).toBe('leaf');
    expect(roleOf(bare(boot), 'pud', 0x4000_00e6n as Entry)).toBe('not-present');
  });

  test('two levels: a page of 4 MiB is a pmd, which is folded into pgd', () => {
    const { mm, allocator } = space(x32);
    const request = { addr: vaddr(0xc000_0000n), paddr: paddr(0x40_0000n), size: 0x40_1000n, prot: rights('rwu') };
    expect(map(mm, allocator, request)).toEqual({ size: 0x40_1000n });
    expect(readEntry(mm, { level: 'pgd', space: 'memory', addr: mm.pgd + 4n * 0x300n })).toBe(0x40_00e7n);
    const at = (addr: bigint) => walk(mm, vaddr(addr)).result;
    expect(at(0xc012_3456n)).toMatchObject({ level: 'pmd', paddr: 0x52_3456n, size: 0x40_0000n });
    expect(at(0xc040_0123n)).toMatchObject({ level: 'pte', paddr: 0x80_0123n });
    expect(at(1n << 32n)).toEqual({ kind: 'not-translatable', bits: 32 });
    expect(makeLeaf(x32, 'pte', paddr(1n << 32n), rights('r'))).toBeUndefined();
  });

  test('PAE: four top entries of which only P is set, and frames beyond 4 GiB', () => {
    const { mm, allocator } = space(pae);
    const from = 0xffe0_0000n;
    const request = { addr: vaddr(from), paddr: paddr(0xf_ffe0_0000n), size: 0x20_0000n, prot: rights('rw') };
    expect(map(mm, allocator, request)).toEqual({ size: 0x20_0000n });
    expect((readEntry(mm, { level: 'pgd', space: 'memory', addr: mm.pgd + 24n }) ?? 0n) & 0xfffn).toBe(1n);
    expect(walk(mm, vaddr(from + 0x1234n)).result).toMatchObject({ level: 'pmd', paddr: 0xf_ffe0_1234n });
  });
});

test('32-bit predicates: no NX, no erratum with two levels, the low word only with PAE', () => {
  expect(asks(x32, 'pte', 'exec', 0x25n)).toBe(true);
  expect(asks(pae, 'pte', 'exec', NX | 0x25n)).toBe(false);
  expect([asks(x32, 'pte', 'none', 0x60n), asks(pae, 'pte', 'none', 0x60n)]).toEqual([false, true]);
  const high = 0x5n << 32n;
  expect([asks(pae, 'pmd', 'none', high), asks(pae, 'pte', 'none', high)]).toEqual([true, false]);
  // pud of PAE is its top table.
  expect([asks(pae, 'pud', 'present', 1n), asks(pae, 'pud', 'bad', 1n), asks(pae, 'pud', 'bad', 0x81n)]).toEqual([
    ...[true, false, true],
  ]);
});

test('PROT_NONE: inverted where entries have 8 bytes, straight where they have 4', () => {
  expect(makeLeaf(x32, 'pte', paddr(0x1234_5000n), rights(''))).toBe(0x1234_5120n);
  expect(leafAddress(x32, 'pte', 0x1234_5120n as Entry)).toBe(0x1234_5000n);
  expect(makeLeaf(pae, 'pte', paddr(0x1234_5000n), rights(''))).toBe(0xf_ffff_edcb_a120n);
});
