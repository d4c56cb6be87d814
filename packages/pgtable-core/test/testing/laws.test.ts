import { describe, expect, test } from 'vitest';
import {
  type Arch,
  type ArchSpec,
  address,
  bits,
  defineArch,
  flag,
  type Geometry,
  has,
  type Level,
  type LevelSpec,
  or,
  type Rules,
} from '../../src/index.ts';
import { archLaws, type Law } from '../../src/testing/index.ts';
import { toyLinux, toyLinuxSpec } from '../support/toy-linux.ts';
import { toy3, toy3Spec, toyProcess, toyProcessSpec, toys } from '../support/toys.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 300 : 60;

const NAMES = [
  ...['geometry', 'addr-end', 'tile', 'covers', 'folded'],
  ...['fields', 'table-codec', 'leaf-codec', 'empty', 'aligned', 'questions', 'kinds', 'holds', 'changes', 'modify'],
  ...['map-walk', 'protect', 'page-table-law', 'address-correct'],
];

/** All but those of the kernel's self-test, which have a test of their own. */
const laws = (arch: Arch, options = { runs }): Law[] =>
  archLaws(arch, options).filter(({ name }) => !name.includes('_'));

test('the laws by name', () => {
  expect(laws(toy3).map(({ name }) => name)).toEqual(NAMES);
  for (const { says, applies, lacks } of laws(toy3)) {
    expect([applies, lacks]).toEqual([true, []]);
    expect(says).toMatch(/^[a-z].{20,}[^.]$/);
  }
});

describe.each([...toys, toyLinux])('$id keeps', (arch) => {
  test.each(laws(arch).filter(({ applies }) => applies))('$name', (law) => law.check());
});

// Each twin breaks a law, past defineArch where that would refuse it, and as few others as can be.

const but = (spec: ArchSpec, level: Level, change: Partial<LevelSpec>): ArchSpec => ({
  ...spec,
  levels: { ...spec.levels, [level]: { ...spec.levels[level], ...change } },
});
const withGeometry = (arch: Arch, level: Level, change: Partial<Geometry>): Arch => ({
  ...arch,
  geometry: { ...arch.geometry, [level]: { ...arch.geometry[level], ...change } },
});
const withRules = (arch: Arch, level: Level, change: Partial<Rules>): Arch => ({
  ...arch,
  rules: { ...arch.rules, [level]: { ...arch.rules[level], ...change } },
});
const withSpec = (arch: Arch, level: Level, change: Partial<LevelSpec>): Arch => ({
  ...arch,
  spec: but(arch.spec, level, change),
});

const { pmd, pte } = toy3Spec.levels;
const { is: pmdIs } = toyLinux.rules.pmd;
const { is: pteIs } = toyLinux.rules.pte;
const { mk: pteMk } = toyLinux.rules.pte;
const { covers: _, ...pgdBySize } = toyProcessSpec.levels.pgd;
const { covers: __, ...p4dBySize } = toyProcessSpec.levels.p4d;

/** The twin, the law it breaks, what that law says of it, and which others fall with it. */
const TWINS: readonly [string, Arch, string, RegExp, string[]?][] = [
  [
    'a size that is not 2^shift, at a level that has no loop of its own',
    withGeometry(toy3, 'p4d', { size: 1n << 18n }),
    'geometry',
    /size of p4d: expected 0x80000, got 0x40000/,
  ],
  [
    'a level whose index leaves out a bit of the address',
    withGeometry(toy3, 'pmd', { bits: 3 }),
    'geometry',
    /address: expected/,
    ['map-walk', 'protect', 'page-table-law', 'address-correct'],
  ],
  [
    'an entry that covers two slots',
    withRules(toyProcess, 'pud', { covers: () => 19n }),
    'addr-end',
    /pud: next 0x/,
    ['tile', 'covers', 'page-table-law', 'address-correct'],
  ],
  [
    // To one question the end of a range is a good answer, but for ranges that end at 2^64.
    'an entry that covers all there is',
    withRules(toyProcess, 'pud', { covers: () => 40n }),
    'tile',
    /slots of pud from 0x[0-9a-f]+ to 0x[0-9a-f]+: expected 0x[2-9a], got 0x1/,
    ['addr-end', 'covers', 'page-table-law', 'address-correct'],
  ],
  [
    'a table pointer that covers something else than its level',
    withRules(toy3, 'p4d', { covers: () => 18n }),
    'covers',
    /covers of p4d: expected 0x13, got 0x12/,
  ],
  [
    'a level folded in top style whose shift is not its parent’s',
    withRules(withGeometry(toy3, 'pud', { shift: 17, size: 1n << 17n }), 'pud', { covers: () => 17n }),
    'folded',
    /shift of pud: expected 19, got 17/,
  ],
  [
    'two fields of one bit',
    withSpec(toy3, 'pte', { leaf: { ...pte.leaf!, fields: { ...pte.leaf!.fields, AGAIN: flag(0) } } }),
    'fields',
    /fields of a pte leaf/,
  ],
  [
    'a table pointer that is bad at some addresses',
    defineArch(but(toy3Spec, 'pmd', { is: { ...pmd.is, bad: or(pmd.is.bad!, has(1n << 40n)) } })),
    'table-codec',
    /bad of a pmd table: expected false, got true/,
    ['kinds'],
  ],
  [
    'a page that is said to be writable by another bit than it is made with',
    defineArch(but(toy3Spec, 'pte', { is: { ...pte.is, write: has(1n) } })),
    'leaf-codec',
    /write of a pte leaf: expected false, got true/,
  ],
  [
    'a new table whose slots are not none',
    withSpec(toy3, 'pte', { empty: 0x20n }),
    'empty',
    /kind after populate to pte: expected none, got not-present/,
    ['kinds', 'map-walk', 'protect', 'page-table-law', 'address-correct'],
  ],
  [
    'a page whose address begins one bit below the page',
    withSpec(toy3, 'pte', { leaf: { ...pte.leaf!, fields: { ...pte.leaf!.fields, address: address(47, 11) } } }),
    'aligned',
    /how far inside of a page the pte leaf 0x[0-9a-f]+ points \(0x[0-9a-f]+\): expected 0x0, got 0x800/,
  ],
  [
    'dirty that asks the accessed bit',
    withRules(toyLinux, 'pte', { is: { ...pteIs, dirty: pteIs.young! } }),
    'questions',
    /no pte is young and not dirty: do both ask the same bits\?/,
    ['changes', 'modify', 'protect'],
  ],
  [
    'a large page that is a swap entry at the same time',
    withRules(toyLinux, 'pmd', { is: { ...pmdIs, swap: ({ entry = 0n }) => (entry & 0x2n) !== 0n } }),
    'kinds',
    /claims of a pmd leaf 0x[0-9a-f]+: expected leaf, got swap and leaf/,
  ],
  [
    'a swap entry whose type and offset share a bit',
    withSpec(toyLinux, 'pte', { swap: { ...toyLinuxSpec.levels.pte.swap!, type: bits(12, 8) } }),
    'holds',
    /swap at pte: expected [0-9a-f]+ on [0-9a-f]+, got undefined/,
    ['kinds'],
  ],
  [
    'a page that loses its right to be written as it gets old',
    withRules(toyLinux, 'pte', { mk: { ...pteMk, old: ({ entry = 0n }) => entry & ~0x24n } }),
    'changes',
    /write of pte 0x[0-9a-f]+, made old: expected true, got false/,
    // An old page that is made writable is made old once more.
    ['modify'],
  ],
  [
    'a page that can never be clean again',
    withRules(toyLinux, 'pte', { mk: { ...pteMk, clean: ({ entry = 0n }) => entry } }),
    'modify',
    /dirty of pte 0x[0-9a-f]+, with other rights: expected false, got true/,
  ],
  [
    'pages that stay soft-dirty once their rights have changed',
    withRules(toyLinux, 'pte', { mk: { ...pteMk, clearSoftDirty: ({ entry = 0n }) => entry } }),
    'protect',
    /the leaf, as before: expected 0x[0-9a-f]+, got 0x[0-9a-f]+/,
    ['modify'],
  ],
  [
    // The next table begins inside this one.
    'tables that are allocated too small',
    withGeometry(toy3, 'pte', { tableBytes: 8 }),
    'map-walk',
    /nothing can be mapped/,
    ['kinds', 'holds', 'protect', 'page-table-law', 'address-correct'],
  ],
  [
    'levels folded per process whose slots end by the level: s390 before the series',
    defineArch({
      ...toyProcessSpec,
      levels: { ...toyProcessSpec.levels, pgd: pgdBySize, p4d: p4dBySize },
    }),
    'page-table-law',
    /real pointers, entry-aware: broken at (p4d|pud|pmd)/,
  ],
  [
    // Alone it cannot be broken: where slots end by the entry and the law holds at each step, so does this one.
    'an entry that says it covers less than it does, but for the table in page 1',
    withRules(toy3, 'pmd', { covers: ({ entry = 0n }) => (entry >> 12n > 1n ? 14n : 15n) }),
    'address-correct',
    /real pointers, entry-aware: broken at pmd/,
    ['page-table-law'],
  ],
];

describe('a twin breaks its law, and no other', () => {
  test.each(TWINS)('%s', (_what, arch, name, message, others = []) => {
    // Always as many cases: which laws fall with it must not depend on how long was looked.
    const broken = laws(arch, { runs: 100 }).filter((law) => {
      if (!law.applies) return false;
      try {
        law.check();
        return false;
      } catch (error) {
        if (law.name === name) expect(reason(error)).toMatch(message);
        return true;
      }
    });
    const expected = NAMES.filter((law) => law === name || others.includes(law));
    expect(broken.map((law) => law.name)).toEqual(expected);
  });

  test('and every law has a twin', () => {
    expect(new Set(TWINS.map(([, , name]) => name))).toEqual(new Set(NAMES));
  });
});

/** What a law says; fast-check keeps it as the cause of its own report. */
const reason = (error: unknown): string =>
  error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);

describe('options', () => {
  const broken = (options: Parameters<typeof archLaws>[1]): unknown => {
    const arch = withRules(toy3, 'p4d', { covers: () => 18n });
    try {
      archLaws(arch, options)
        .find(({ name }) => name === 'covers')!
        .check();
    } catch (error) {
      return error;
    }
    return undefined;
  };

  test('the seed decides the cases, and is told', () => {
    expect(String(broken({}))).toContain('seed: 20200907');
    expect(String(broken({ seed: 7 }))).toContain('seed: 7');
    expect(String(broken({ seed: 7 }))).toBe(String(broken({ seed: 7 })));
  });

  test('runs are how many cases there are', () => {
    let asked = 0;
    const arch = withRules(toyProcess, 'pgd', {
      covers: () => {
        asked++;
        return 24n;
      },
    });
    for (const law of archLaws(arch, { runs: 1000 })) if (law.name === 'covers') law.check();
    expect(asked).toBeGreaterThan(150);
    expect(asked).toBeLessThan(400);
  });
});
