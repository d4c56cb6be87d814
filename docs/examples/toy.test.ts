/** The machine of the guide custom-arch, step by step. */
import { nopud } from '@kernel-mm/arch-generic';
import { VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import {
  type Arch,
  ArchError,
  bumpAllocator,
  createMm,
  defineArch,
  entry,
  explainEntry,
  flatMemory,
  map,
  mmFromRoot,
  paddr,
  roleOf,
  upgrade,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { archLaws, FULL } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { ownersOf, spaceWith, walkFour } from './space.ts';
import { dynamic, minimum, nested, toy } from './toy.ts';

const names = Object.keys(VARIANTS) as VariantName[];

// #region laws
describe.each([minimum, toy, dynamic, nested])('$id', (arch) => {
  for (const law of archLaws(arch, { runs: 10 }))
    test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());
});
// #endregion laws

describe('the minimum', () => {
  test('maps and walks', () => {
    const mm = spaceWith(minimum, 'pgd', [0x1234_5000n]);
    expect(walk(mm, vaddr(0x1234_5678n)).result).toMatchObject({ kind: 'leaf', paddr: 0x1_1234_5678n, size: 0x1000n });
    expect(walk(mm, vaddr(0x1234_9000n)).result).toMatchObject({ kind: 'none', level: 'pte' });
    expect(walk(mm, vaddr(1n << 32n)).result).toEqual({ kind: 'not-translatable', bits: 32 });
  });

  test('sizes follow from the bits', () => {
    expect(minimum.geometry.pmd).toMatchObject({ shift: 20, size: 0x10_0000n, entries: 64, tableBytes: 512 });
    expect(minimum.geometry.pgd).toMatchObject({ shift: 26, size: 0x400_0000n });
    expect(minimum.geometry.p4d.shift).toBe(26);
  });

  test.each([
    ['missing', 'levels.pte.is: says nothing of present', { is: { none: 1n } }],
    ['missing', 'levels.pte: says nothing of leaf: how is a page mapped?', { leaf: undefined }],
    ['empty-not-none', 'levels.pte: empty 0x20 is not none', { empty: 0x20n }],
    ['expression', 'levels.pte.covers: looks at addr; it may look at entry, root', { covers: 'addr' }],
  ])('what it must say and does not is refused: %s', (code, message, change) => {
    const { pgd, pmd, pte } = minimum.spec.levels;
    const levels = nopud({ pgd, pmd, pte: { ...pte, ...change } as typeof pte });
    const make = () => defineArch({ ...minimum.spec, levels });
    expect(make).toThrow(ArchError);
    expect(make).toThrow(message);
    expect(make).toThrow(expect.objectContaining({ code }));
  });
});

describe('with leaves, rights and bad', () => {
  const mm = spaceWith(toy, 'pgd', [0n]);
  const says = (level: 'pmd' | 'pte', raw: bigint) => explainEntry(mm, level, entry(level, raw));

  test('a mebibyte goes into one pmd leaf', () => {
    const memory = flatMemory(new ArrayBuffer(2 ** 16));
    const tables = bumpAllocator(paddr(0n), paddr(2n ** 16n));
    const space = createMm(toy, memory, tables)!;
    map(space, tables, { addr: vaddr(0xf_f000n), paddr: paddr(0xf_f000n), size: 0x10_1000n, prot: FULL });
    expect(walk(space, vaddr(0xf_f000n)).result).toMatchObject({ kind: 'leaf', level: 'pte' });
    expect(walk(space, vaddr(0x10_0000n)).result).toMatchObject({ kind: 'leaf', level: 'pmd', size: 0x10_0000n });
  });

  test('a page without rights is present for Linux, though the machine must not follow it', () => {
    expect(roleOf(mm, 'pte', entry('pte', 0x5280n))).toBe('leaf');
    expect(says('pte', 0x5280n)).toBe('4 KiB at 0x5000: young, protnone');
  });

  test('a pointer with the bits of a page is bad', () => {
    expect(says('pmd', 0x5001n)).toBe('table at 0x5000');
    expect(says('pmd', 0x5011n)).toBe('bad');
    expect(says('pmd', 0x10_0093n)).toBe('1 MiB at 0x100000: write, young');
    expect(says('pmd', 0x5010n)).toBe('not present');
  });

  test.each(names)('%s is right: with static folding every form is', (name) => {
    for (const boundary of [0x400_0000n, 0x10_0000n]) {
      const space = spaceWith(toy, 'pgd', [0n, boundary - 0x2000n]);
      const four = walkFour(space, name, boundary - 0x2000n);
      expect(ownersOf(four)).toEqual([-0x2000n, -0x1000n, 0n, 0x1000n].map((n) => boundary + n));
      expect(four.strays).toEqual([]);
    }
  });
});

// #region variants
describe.each([
  ['3 levels, across 64 MiB', 'pud', 0x400_0000n],
  ['2 levels, across 1 MiB', 'pmd', 0x10_0000n],
] as const)('toy-dynamic, %s', (_, top, boundary) => {
  const start = boundary - 0x2000n;
  const right = [start, start + 0x1000n, boundary, boundary + 0x1000n];

  test.each(names)('%s', (name) => {
    const mm = spaceWith(dynamic, top, [0n, start]);
    const walk = walkFour(mm, name, start);
    const wrong = name === 'stackCopy';
    expect(ownersOf(walk)).toEqual(wrong ? [start, start + 0x1000n, 0n, 0x1000n] : right);
    expect(walk.strays.length).toBe(wrong ? 1 : 0);
  });
});
// #endregion variants

describe('folding per process', () => {
  test('the same value serves both depths, and one level more', () => {
    const memory = flatMemory(new ArrayBuffer(2 ** 16));
    const tables = bumpAllocator(paddr(0n), paddr(2n ** 16n));
    const two = createMm(dynamic, memory, tables, 'pmd')!;
    map(two, tables, { addr: vaddr(0x5000n), paddr: paddr(0x9000n), size: 0x1000n, prot: FULL });
    expect(walk(two, vaddr(0x400_5000n)).result).toEqual({ kind: 'not-translatable', bits: 26 });
    const three = upgrade(two, tables)!;
    expect(walk(three, vaddr(0x5000n)).result).toMatchObject({ kind: 'leaf', paddr: 0x9000n });
    expect(walk(three, vaddr(0x400_5000n)).result).toMatchObject({ kind: 'none', level: 'pud' });
    // A register of the wrong type is told, not believed.
    const torn = mmFromRoot(dynamic, memory, two.root! ^ 0xcn);
    expect(walk(torn, vaddr(0x5000n)).result).toEqual({ kind: 'root-mismatch', register: 'pud', table: 'pmd' });
  });

  test('sizes stay: pud covers 64 MiB also in a process that has no pud', () => {
    expect(dynamic.geometry.pud.shift).toBe(26);
  });
});

describe('p4d and pud folded at build time above a pmd folded per process', () => {
  const strayed = (arch: Arch) => {
    const mm = spaceWith(arch, 'pmd', [0n, 0xf_e000n]);
    return names.filter((name) => walkFour(mm, name, 0xf_e000n).strays.length > 0);
  };

  test('what was merged in 2020 goes wrong too; real pointers throughout do not', () => {
    expect(strayed(dynamic)).toEqual(['stackCopy']);
    expect(strayed(nested)).toEqual(['stackCopy', 'offsetLockless']);
    const mm = spaceWith(nested, 'pmd', [0n, 0xf_e000n]);
    expect(ownersOf(walkFour(mm, 'offsetLockless', 0xf_e000n))).toEqual([0xf_e000n, 0xf_f000n, 0n, 0x1000n]);
    expect(ownersOf(walkFour(mm, 'offsetLocklessStrict', 0xf_e000n))).toEqual(
      [-0x2000n, -0x1000n, 0n, 0x1000n].map((n) => 0x10_0000n + n),
    );
  });
});
