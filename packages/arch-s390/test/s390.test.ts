import {
  type Entry,
  LEVELS,
  type Level,
  makeLeaf,
  makeTable,
  type Predicate,
  type Prot,
  paddr,
  pXdAddrEnd,
  pXdAddrEndFolded,
  pXdAddrEndOf,
  pXdOffset,
  roleOf,
  type UpperLevel,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type Layout, s390 } from '../src/index.ts';
import { asks, bare, folded, tables } from './support/entries.ts';

const BOTH: readonly Layout[] = ['classic', 'present'];
/** An origin, and nothing else. */
const ORIGIN = 0x26d_c000n;

test('geometry: static, whatever the depth of a process', () => {
  const { geometry, spec, entryBytes, id } = s390();
  expect(LEVELS.map((level) => [geometry[level].shift, geometry[level].entries])).toEqual([
    [53, 2048],
    [42, 2048],
    [31, 2048],
    [20, 2048],
    [12, 256],
  ]);
  expect(LEVELS.map((level) => geometry[level].tableBytes)).toEqual([16384, 16384, 16384, 16384, 2048]);
  expect([id, spec.byteOrder, entryBytes, spec.va.extend]).toEqual(['s390', 'big', 8, 'zero']);
});

test.each(BOTH)('empty entries are not zero, layout %s', (layout) => {
  const { levels } = s390({ layout }).spec;
  expect(LEVELS.map((level) => levels[level].empty)).toEqual([0x2cn, 0x28n, 0x24n, 0x20n, 0x400n]);
  for (const level of LEVELS) {
    expect(asks(layout, level, 'none', levels[level].empty ?? 0n), level).toBe(true);
    expect(asks(layout, level, 'present', levels[level].empty ?? 0n), level).toBe(false);
  }
});

test('an all-zero entry is of type 0: folded away at pgd, p4d and pud, and present down to the pmd', () => {
  for (const level of ['pgd', 'p4d', 'pud', 'pmd'] as const) {
    expect(asks('classic', level, 'present', 0n), level).toBe(true);
    expect(asks('classic', level, 'none', 0n), level).toBe(false);
    expect(asks('classic', level, 'bad', 0n), level).toBe(false);
  }
  expect(roleOf(bare('classic'), 'pmd', 0n as Entry)).toBe('table');
  // A pte of zero is neither none nor present; so is a pmd since v6.14.
  expect(asks('classic', 'pte', 'none', 0n)).toBe(false);
  expect(asks('classic', 'pte', 'present', 0n)).toBe(false);
  expect(asks('present', 'pmd', 'none', 0n)).toBe(false);
  expect(asks('present', 'pmd', 'present', 0n)).toBe(false);
});

test('pgd_folded, p4d_folded, pud_folded: the type is below that of the level', () => {
  const types = [0x0n, 0x4n, 0x8n, 0xcn];
  const answers = (level: Level): boolean[] => types.map((type) => folded(level, ORIGIN | type | 0x3n));
  expect(answers('pgd')).toEqual([true, true, true, false]);
  expect(answers('p4d')).toEqual([true, true, false, false]);
  expect(answers('pud')).toEqual([true, false, false, false]);
  expect(answers('pmd')).toEqual([false, false, false, false]);
});

describe('the predicates, by raw values', () => {
  type Row = readonly [level: Level, predicate: Predicate, raw: bigint, classic: boolean, present?: boolean];
  const rows: readonly Row[] = [
    // pgd_none: the I bit, whatever else is there; folded: 0.
    ['pgd', 'none', 0x2cn, true],
    ['pgd', 'none', 0x2fn, true],
    ['pgd', 'none', ORIGIN | 0x2fn, true],
    ['pgd', 'none', ORIGIN | 0x0fn, false],
    ['pgd', 'none', 0x0cn, false],
    ['pgd', 'none', 0x28n, false],
    ['pgd', 'none', 0x24n, false],
    ['pgd', 'none', 0x20n, false],
    // p4d_none and pud_none: exactly the empty value.
    ['p4d', 'none', 0x28n, true],
    ['p4d', 'none', 0x2bn, false],
    ['p4d', 'none', ORIGIN | 0x28n, false],
    ['p4d', 'none', 0x2cn, false],
    ['p4d', 'none', 0x24n, false],
    ['pud', 'none', 0x24n, true],
    ['pud', 'none', 0x27n, false],
    ['pud', 'none', ORIGIN | 0x24n, false],
    ['pud', 'none', 0x28n, false],
    ['pud', 'none', 0x20n, false],
    ['pmd', 'none', 0x20n, true],
    ['pmd', 'none', 0x24n, false],
    ['pmd', 'none', 0x0n, false],
    ['pmd', 'none', ORIGIN | 0x20n, false],
    ['pte', 'none', 0x400n, true],
    ['pte', 'none', 0x0n, false],
    ['pte', 'none', 0x402n, false],
    ['pte', 'none', ORIGIN | 0x400n, false],
    // pgd_, p4d_, pud_present: an origin, not the I bit; folded: 1.
    ['pgd', 'present', ORIGIN | 0x0fn, true],
    ['pgd', 'present', ORIGIN | 0x2fn, true],
    ['pgd', 'present', 0x0fn, false],
    ['pgd', 'present', 0x2cn, false],
    ['pgd', 'present', 0x1000n | 0xcn, true],
    ['pgd', 'present', 0xffcn, false],
    ['pgd', 'present', 0x28n, true],
    ['p4d', 'present', ORIGIN | 0x2bn, true],
    ['p4d', 'present', 0x0bn, false],
    ['p4d', 'present', 0x24n, true],
    ['pud', 'present', ORIGIN | 0x07n, true],
    ['pud', 'present', ORIGIN | 0x27n, true],
    ['pud', 'present', ORIGIN | 0x24n, true, false],
    ['pud', 'present', 0x07n, false, true],
    ['pud', 'present', 0x24n, false],
    ['pud', 'present', 0x20n, true],
    // pmd_present: anything but 0x20; since v6.14 a bit.
    ['pmd', 'present', 0x0n, true, false],
    ['pmd', 'present', 0x1n, true, true],
    ['pmd', 'present', ORIGIN | 0x20n, true, false],
    ['pmd', 'present', 0x20n, false],
    ['pmd', 'present', 0x21n, true, true],
    // pte_present: bit 0. I may be set: old, or PROT_NONE.
    ['pte', 'present', ORIGIN | 0x1n, true],
    ['pte', 'present', ORIGIN | 0x601n, true],
    ['pte', 'present', ORIGIN | 0x3cn, false],
    ['pte', 'present', ORIGIN | 0x600n, false],
    // pgd_bad: bits outside 0x...f22f; folded: 0.
    ['pgd', 'bad', ORIGIN | 0x0fn, false],
    ['pgd', 'bad', ORIGIN | 0x22fn, false],
    ['pgd', 'bad', ORIGIN | 0x10n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0x40n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0x80n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0x100n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0x400n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0x800n | 0x0fn, true],
    ['pgd', 'bad', ORIGIN | 0xdd0n | 0x0bn, false],
    // p4d_bad: a type above, or such bits.
    ['p4d', 'bad', ORIGIN | 0x0fn, true],
    ['p4d', 'bad', ORIGIN | 0x0bn, false],
    ['p4d', 'bad', ORIGIN | 0x40bn, true],
    ['p4d', 'bad', ORIGIN | 0x22bn, false],
    ['p4d', 'bad', ORIGIN | 0x407n, false],
    // pud_bad: a type above, a leaf, or such bits.
    ['pud', 'bad', ORIGIN | 0x0bn, true],
    ['pud', 'bad', ORIGIN | 0x0fn, true],
    ['pud', 'bad', ORIGIN | 0x07n, false],
    ['pud', 'bad', ORIGIN | 0x407n, true],
    ['pud', 'bad', ORIGIN | 0x107n, true],
    ['pud', 'bad', ORIGIN | 0x503n, false],
    // pmd_bad: any type, a leaf, or bits outside 0x...fe33 (0x...fe3f since v6.14).
    ['pmd', 'bad', ORIGIN, false],
    ['pmd', 'bad', ORIGIN | 0x800n, false],
    ['pmd', 'bad', ORIGIN | 0x233n, false],
    ['pmd', 'bad', ORIGIN | 0x4n, true],
    ['pmd', 'bad', ORIGIN | 0x8n, true],
    ['pmd', 'bad', ORIGIN | 0xcn, true],
    ['pmd', 'bad', ORIGIN | 0x40n, true],
    ['pmd', 'bad', ORIGIN | 0x80n, true],
    ['pmd', 'bad', ORIGIN | 0x100n, true],
    ['pmd', 'bad', ORIGIN | 0x401n, true],
    ['pmd', 'bad', ORIGIN | 0x400n, true, false],
    // pud_leaf: the type exactly, and 0x400; pmd_leaf: 0x400. Since v6.14 only together with PRESENT.
    ['pud', 'leaf', 0x8000_0405n, true],
    ['pud', 'leaf', 0x8000_0404n, true, false],
    ['pud', 'leaf', 0x8000_0409n, false],
    ['pud', 'leaf', 0x8000_040dn, false],
    ['pud', 'leaf', 0x8000_0401n, false],
    ['pud', 'leaf', 0x8000_0005n, false],
    ['pmd', 'leaf', 0x10_0401n, true],
    ['pmd', 'leaf', 0x10_0400n, true, false],
    ['pmd', 'leaf', 0x10_0001n, false],
    ['pmd', 'leaf', 0x10_0421n, true],
    ['p4d', 'leaf', 0x8000_040bn, false],
    ['pgd', 'leaf', 0x8000_040fn, false],
    // pte_swap: protected and not present. At pud and pmd only since v6.14: COMM and not PRESENT.
    ['pte', 'swap', 0x600n, true],
    ['pte', 'swap', 0x1_0e00n, true],
    ['pte', 'swap', 0x400n, false],
    ['pte', 'swap', 0x601n, false],
    ['pmd', 'swap', 0x30n, false, true],
    ['pmd', 'swap', 0x31n, false],
    ['pmd', 'swap', 0x20n, false],
    ['pud', 'swap', 0x34n, false, true],
    ['pud', 'swap', 0x35n, false],
    // pte_protnone: present without READ. pmd_protnone: a leaf without READ, which lies elsewhere in each layout.
    ['pte', 'protnone', 0x601n, true],
    ['pte', 'protnone', 0x611n, false],
    ['pte', 'protnone', 0x600n, false],
    ['pmd', 'protnone', 0x10_0621n, false, true],
    ['pmd', 'protnone', 0x10_0620n, true, false],
    ['pmd', 'protnone', 0x10_4621n, false, false],
    ['pmd', 'protnone', 0x10_0021n, false],
    // pte_special, and the accessed and dirty bits of software.
    ['pte', 'special', 0x41n, true],
    ['pte', 'special', 0x01n, false],
    ['pte', 'write', 0x21n, true],
    ['pte', 'write', 0x11n, false],
    ['pte', 'young', 0x05n, true],
    ['pte', 'young', 0x01n, false],
    ['pte', 'dirty', 0x09n, true],
    ['pte', 'dirty', 0x01n, false],
    ['pte', 'softDirty', 0x03n, true],
    ['pte', 'exec', 0x101n, false],
    ['pte', 'exec', 0x01n, true],
  ];

  test.each(rows.map((row) => [`${row[0]}_${row[1]}(0x${row[2].toString(16)})`, row] as const))(
    '%s',
    (_name, [level, predicate, raw, classic, present = classic]) => {
      expect(asks('classic', level, predicate, raw)).toBe(classic);
      expect(asks('present', level, predicate, raw)).toBe(present);
    },
  );

  test('the none tests are not of one kind: a stray bit beside I hides an empty p4d, and not an empty pgd', () => {
    expect(asks('classic', 'pgd', 'none', 0x2cn | 0x200n)).toBe(true);
    expect(asks('classic', 'p4d', 'none', 0x28n | 0x200n)).toBe(false);
    expect(roleOf(bare('classic'), 'p4d', 0x228n as Entry)).toBe('not-present');
  });

  test('in a process of three levels an empty top entry is seen at pud only', () => {
    expect((['pgd', 'p4d', 'pud'] as const).map((level) => asks('classic', level, 'none', 0x24n))).toEqual([
      false,
      false,
      true,
    ]);
  });
});

describe('the trap: READ and WRITE change places between pud and pmd', () => {
  test.each([
    ['classic', 'pud', 0x404n, 0x2n, 0x1n],
    ['classic', 'pmd', 0x400n, 0x1n, 0x2n],
    ['present', 'pud', 0x405n, 0x4000n, 0x8000n],
    ['present', 'pmd', 0x401n, 0x4000n, 0x8000n],
  ] as const)('layout %s, %s', (layout, level, leaf, read, write) => {
    expect(asks(layout, level, 'write', leaf | write)).toBe(true);
    expect(asks(layout, level, 'write', leaf | read)).toBe(false);
    expect(asks(layout, level, 'protnone', leaf | write)).toBe(true);
    expect(asks(layout, level, 'protnone', leaf | read)).toBe(false);
  });

  test('a large page without 0x400 has no rights at all', () => {
    for (const predicate of ['write', 'young', 'dirty', 'exec', 'user', 'softDirty'] as const)
      expect(asks('classic', 'pmd', predicate, 0x10_7003n), predicate).toBe(false);
  });
});

describe('what is made', () => {
  const table = (layout: Layout, level: UpperLevel, address: bigint): bigint | undefined =>
    makeTable(s390({ layout }), level, paddr(address));

  test('table pointers: 0x0f, 0x0b, 0x07, and 0x00 or, since v6.14, 0x01', () => {
    for (const layout of BOTH) {
      expect(table(layout, 'pgd', ORIGIN)).toBe(0x26d_c00fn);
      expect(table(layout, 'p4d', ORIGIN)).toBe(0x26d_c00bn);
      expect(table(layout, 'pud', ORIGIN)).toBe(0x26d_c007n);
    }
    expect(table('classic', 'pmd', ORIGIN)).toBe(0x26d_c000n);
    expect(table('present', 'pmd', ORIGIN)).toBe(0x26d_c001n);
  });

  test('page tables are 2 KiB, the others begin a page', () => {
    expect(table('classic', 'pmd', 0x26d_c800n)).toBe(0x26d_c800n);
    expect(table('present', 'pmd', 0x26d_c800n)).toBe(0x26d_c801n);
    expect(table('classic', 'pmd', 0x26d_c400n)).toBeUndefined();
    for (const level of ['pgd', 'p4d', 'pud'] as const) expect(table('classic', level, 0x26d_c800n)).toBeUndefined();
  });

  const rights = (text: string): Prot => ({
    read: text.includes('r'),
    write: text.includes('w'),
    exec: text.includes('x'),
    user: true,
  });
  test.each([
    // PRESENT, YOUNG, READ, and then WRITE with DIRTY, or P, and NOEXEC.
    ['pte', 'rwx', 0x3dn, 0x3dn],
    ['pte', 'rw', 0x13dn, 0x13dn],
    ['pte', 'rx', 0x215n, 0x215n],
    ['pte', 'r', 0x315n, 0x315n],
    ['pte', '', 0x605n, 0x605n],
    ['pmd', 'rwx', 0x3403n, 0xf401n],
    ['pmd', 'rw', 0x3503n, 0xf501n],
    ['pmd', 'rx', 0x1601n, 0x5601n],
    ['pmd', 'r', 0x1701n, 0x5701n],
    ['pmd', '', 0x620n, 0x621n],
    ['pud', 'rwx', 0x3407n, 0xf405n],
    ['pud', 'rx', 0x1606n, 0x5605n],
    ['pud', 'r', 0x1706n, 0x5705n],
    ['pud', '', 0x624n, 0x625n],
  ] as const)('a %s leaf with the rights %s', (level, text, classic, present) => {
    const { size } = s390().geometry[level];
    for (const [layout, template] of [
      ['classic', classic],
      ['present', present],
    ] as const)
      expect(makeLeaf(s390({ layout }), level, paddr(3n * size), rights(text))).toBe((3n * size) | template);
  });

  test('no leaf at pgd and p4d, none that is not aligned', () => {
    expect(makeLeaf(s390(), 'p4d', paddr(0n), rights('r'))).toBeUndefined();
    expect(makeLeaf(s390(), 'pgd', paddr(0n), rights('r'))).toBeUndefined();
    expect(makeLeaf(s390(), 'pud', paddr(0x4000_0000n), rights('r'))).toBeUndefined();
    expect(makeLeaf(s390(), 'pmd', paddr(0x8_0000n), rights('r'))).toBeUndefined();
  });
});

describe('where a slot ends', () => {
  const types = [0x0n, 0x4n, 0x8n, 0xcn];
  const sizes = [1n << 20n, 1n << 31n, 1n << 42n, 1n << 53n];

  test('rste_addr_end_folded: 20 + 11 times the type, at pgd and p4d', () => {
    for (const level of ['pgd', 'p4d'] as const)
      types.forEach((type, n) => {
        const entry = (ORIGIN | type | 3n) as Entry<'pgd'> & Entry<'p4d'>;
        for (const end of [pXdAddrEndOf, pXdAddrEndFolded])
          expect(end(bare('classic'), level, entry, vaddr(0x1000n), vaddr(0n))).toBe(sizes[n]);
      });
  });

  test('pud and pmd keep their own size, whatever the type', () => {
    for (const type of types) {
      const raw = ORIGIN | type | 3n;
      expect(pXdAddrEndOf(bare('classic'), 'pud', raw as Entry<'pud'>, vaddr(0x1000n), vaddr(0n))).toBe(1n << 31n);
      expect(pXdAddrEndOf(bare('classic'), 'pmd', raw as Entry<'pmd'>, vaddr(0x1000n), vaddr(0n))).toBe(1n << 20n);
    }
  });

  test('across 2 GiB in a process of three levels: the level says 2^53 at pgd, the entry 2 GiB', () => {
    const [addr, end] = [vaddr(0x7fff_e000n), vaddr(0x8000_2000n)];
    const entry = (ORIGIN | 0x7n) as Entry<'pgd'>;
    expect(pXdAddrEnd(bare('classic'), 'pgd', addr, end)).toBe(end);
    expect(pXdAddrEnd(bare('classic'), 'p4d', addr, end)).toBe(end);
    expect(pXdAddrEnd(bare('classic'), 'pud', addr, end)).toBe(0x8000_0000n);
    expect(pXdAddrEndOf(bare('classic'), 'pgd', entry, addr, end)).toBe(0x8000_0000n);
  });
});

test('p4d_, pud_ and pmd_offset: an index where they dereference, else the very pointer', () => {
  const addr = vaddr((3n << 53n) | (5n << 42n) | (7n << 31n) | (9n << 20n));
  const offset = <L extends UpperLevel>(level: L, type: bigint): bigint =>
    pXdOffset(
      bare('classic'),
      { level, space: 'memory', addr: 0x8_0018n } as { level: L; space: 'memory'; addr: bigint },
      (0x10_0000n | type) as Entry<L>,
      addr,
    ).addr;
  expect([0xfn, 0xbn, 0x7n, 0x3n].map((type) => offset('pgd', type))).toEqual([
    0x10_0028n,
    0x8_0018n,
    0x8_0018n,
    0x8_0018n,
  ]);
  expect([0xfn, 0xbn, 0x7n, 0x3n].map((type) => offset('p4d', type))).toEqual([
    0x10_0038n,
    0x10_0038n,
    0x8_0018n,
    0x8_0018n,
  ]);
  expect([0xfn, 0xbn, 0x7n, 0x3n].map((type) => offset('pud', type))).toEqual([
    0x10_0048n,
    0x10_0048n,
    0x10_0048n,
    0x8_0018n,
  ]);
});

describe('walks', () => {
  const found =
    (...args: Parameters<typeof tables>) =>
    (addr: bigint) =>
      walk(tables(...args), vaddr(addr)).result;

  test('three levels: two top entries, page tables in the two halves of one page', () => {
    const at = found(0x10_0000n, {
      '0x100000': 0x10_4007n,
      '0x100008': 0x10_8007n,
      '0x104000': 0x10_c000n,
      '0x108000': 0x10_c800n,
      '0x10c008': 0x77_703dn,
      '0x10c808': 0x88_803dn,
    });
    expect(at(0x1234n)).toMatchObject({ kind: 'leaf', level: 'pte', paddr: 0x77_7234n });
    expect(at(0x8000_1234n)).toMatchObject({ kind: 'leaf', level: 'pte', paddr: 0x88_8234n });
  });

  test('an old page: invalid for the hardware, present for Linux', () => {
    const at = found(0x10_0000n, { '0x100000': 0x10_4007n, '0x104000': 0x10_c000n, '0x10c008': 0x77_7611n });
    expect(at(0x1234n)).toMatchObject({ kind: 'leaf', paddr: 0x77_7234n });
  });

  test('large pages, of 1 MiB and of 2 GiB', () => {
    const at = found(0x10_0000n, {
      '0x100000': 0x10_4007n,
      '0x100010': 0x1_8000_3407n,
      '0x104018': 0x770_3403n,
    });
    expect(at(0x31_2345n)).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x771_2345n, size: 1n << 20n });
    expect(at(0x1_1234_5678n)).toMatchObject({ kind: 'leaf', level: 'pud', paddr: 0x1_9234_5678n, size: 1n << 31n });
  });

  test('five levels', () => {
    const at = found(0x10_0000n, {
      '0x100000': 0x2cn,
      '0x100008': 0x10_400fn,
      '0x104010': 0x10_800bn,
      '0x108018': 0x10_c007n,
      '0x10c020': 0x11_0000n,
      '0x110028': 0x77_703dn,
    });
    const addr = (1n << 53n) | (2n << 42n) | (3n << 31n) | (4n << 20n) | (5n << 12n) | 0x678n;
    expect(at(addr)).toMatchObject({ kind: 'leaf', paddr: 0x77_7678n });
    expect(at(0n)).toMatchObject({ kind: 'none', level: 'pgd', entry: 0x2cn });
  });

  test.each<[string, Record<string, bigint>, bigint, object]>([
    [
      'a region-first entry in a region-second table',
      { '0x104000': 0x10_800fn },
      0x10_400fn,
      { kind: 'bad', level: 'p4d' },
    ],
    [
      'a region-second entry in a region-third table',
      { '0x104000': 0x10_800bn },
      0x10_400bn,
      { kind: 'bad', level: 'pud' },
    ],
    ['a region-third entry in a segment table', { '0x104000': 0x10_8007n }, 0x10_4007n, { kind: 'bad', level: 'pmd' }],
    // Linux would follow the type to pud, with the index of another level; the hardware raises an exception.
    [
      'a region-third entry in a region-second table',
      { '0x104000': 0x10_8007n },
      0x10_400fn,
      { kind: 'bad', level: 'p4d' },
    ],
    ['a segment entry in a region-third table', { '0x104000': 0x10_8000n }, 0x10_400bn, { kind: 'bad', level: 'pud' }],
  ])('wrong type bits: %s', (_what, words, top, expected) => {
    expect(found(0x10_0000n, { '0x100000': top, ...words })(0n)).toMatchObject(expected);
  });

  test('a table that reaches past 2^64 is outside memory there', () => {
    const mm = tables(0x10_0000n, { '0x100000': 0xffff_ffff_ffff_f007n });
    const { result, steps } = walk(mm, vaddr(0x700n << 20n));
    expect(result).toMatchObject({ kind: 'outside-memory', level: 'pmd' });
    expect(steps.every(({ index }) => index >= 0 && index < 2048)).toBe(true);
  });
});
