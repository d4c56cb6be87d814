import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Arch,
  and,
  defineArch,
  type Entry,
  has,
  type Level,
  type Mm,
  map,
  NO_RIGHTS,
  type Prot,
  paddr,
  populate,
  protect,
  type Slot,
  select,
  type TableAllocator,
  UsageError,
  unmap,
  vaddr,
  walk,
  writeEntry,
} from '../src/index.ts';
import { FULL, PROTECTIONS } from '../src/testing/index.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';
import { emptySpace } from './support/space.ts';
import { LEAF, NONE, toyLinux, toyLinuxSpec, V } from './support/toy-linux.ts';
import { toy3Spec, toys } from './support/toys.ts';

const PAGE = 0x1000n;
const READ: Prot = { read: true, write: false, exec: false, user: true };
const WRITE: Prot = { ...READ, write: true };

/** A space in which each address is mapped to itself. */
function identity(arch: Arch, addr: bigint, size: bigint, prot: Prot, top: Level = 'pgd'): Mm {
  const { mm, allocator } = emptySpace(arch, top);
  expect(same(mm, allocator, addr, size, prot)).toEqual({ size });
  return mm;
}
const same = (mm: Mm, allocator: TableAllocator, addr: bigint, size: bigint, prot: Prot) =>
  map(mm, allocator, { addr: vaddr(addr), paddr: paddr(addr), size, prot });
const entryAt = (mm: Mm, addr: bigint): bigint | string => {
  const { result } = walk(mm, vaddr(addr));
  return result.kind === 'leaf' ? result.entry : result.kind;
};

describe('protect', () => {
  test('gives every page of the range these rights, and no page beside it', () => {
    const mm = identity(toyLinux, 0x5000n, 4n * PAGE, WRITE);
    expect(protect(mm, vaddr(0x6000n), 2n * PAGE, READ)).toEqual({ kind: 'done', leaves: 2 });
    // V W U NX YOUNG D; without W it is RO, and still dirty.
    expect([0x5000n, 0x6000n, 0x7000n, 0x8000n].map((addr) => entryAt(mm, addr))).toEqual([
      0x50bdn,
      0x68b9n,
      0x78b9n,
      0x80bdn,
    ]);
  });

  test('also where leaves are large', () => {
    const mm = identity(toyLinux, 0x8_0000n - 0x8000n - PAGE, PAGE + 0x8000n + 0x8_0000n, FULL);
    expect(protect(mm, vaddr(0x7_7000n), PAGE + 0x8000n + 0x8_0000n, READ)).toEqual({ kind: 'done', leaves: 3 });
    expect(walk(mm, vaddr(0x7_7000n)).result).toMatchObject({ level: 'pte', entry: 0x7_78b9n });
    expect(walk(mm, vaddr(0x7_8000n)).result).toMatchObject({ level: 'pmd', entry: 0x7_88bbn });
    expect(walk(mm, vaddr(0x8_0000n)).result).toMatchObject({ level: 'pud', entry: 0x8_08bbn });
  });

  test('what is not present is left alone, and so are tables', () => {
    const { mm, allocator } = emptySpace(toyLinux);
    writeEntry(mm, populate(mm, allocator, vaddr(0x5000n), 'pte') as Slot, 0x9020n as Entry);
    writeEntry(mm, populate(mm, allocator, vaddr(0x8_0000n), 'pmd') as Slot, 0x10n as Entry);
    expect(protect(mm, vaddr(0n), 1n << 22n, READ)).toEqual({ kind: 'done', leaves: 0 });
    expect(walk(mm, vaddr(0x5000n)).result).toMatchObject({ kind: 'not-present', entry: 0x9020n });
    expect(walk(mm, vaddr(0x8_0000n)).result).toMatchObject({ kind: 'not-present', entry: 0x10n });
  });

  test.each<[string, bigint, bigint]>([
    ['at its start', 0x9000n, 0x7000n],
    ['at its end', 0x8000n, 0x7000n],
  ])('stops at a leaf that the range cuts %s', (_where, addr, size) => {
    const mm = identity(toyLinux, 0x8000n, 0x8000n, WRITE);
    expect(protect(mm, vaddr(addr), size, READ)).toEqual({
      kind: 'partial-leaf',
      leaves: 0,
      addr: 0x8000n,
      level: 'pmd',
    });
    expect(entryAt(mm, 0x8000n)).toBe(0x80bfn);
  });

  test.each<[string, bigint, bigint, string]>([
    ['an unaligned address', 0x1800n, PAGE, 'range-unaligned'],
    ['no size', 0x1000n, 0n, 'range-empty'],
    ['what is not translatable', 1n << 23n, PAGE, 'address-range'],
  ])('%s is refused', (_what, addr, size, code) => {
    expect(refused(UsageError, () => protect(emptySpace(toyLinux).mm, vaddr(addr), size, READ)).code).toBe(code);
  });
});

describe('there and back', () => {
  test.each([...toys, toyLinux])(
    '$id: what was mapped with some rights is as before when it has them again',
    (arch) => {
      const prots = fc.constantFrom(...PROTECTIONS);
      const size = arch.geometry.pte.size * 3n + arch.geometry.pmd.size;
      fc.assert(
        fc.property(prots, prots, prots, (first, second, third) => {
          const mm = identity(arch, 0n, size, first);
          const entries = () => Array.from({ length: Number(size / PAGE) }, (_, n) => entryAt(mm, BigInt(n) * PAGE));
          const before = entries();
          for (const prot of [second, third, first])
            expect(protect(mm, vaddr(0n), size, prot).kind, JSON.stringify(prot)).toBe('done');
          expect(entries()).toEqual(before);
        }),
        { ...property, numRuns: 30 },
      );
    },
  );

  test('PROT_NONE keeps the frame, stored inverted, and what is known of the page', () => {
    const mm = identity(toyLinux, 0x5000n, PAGE, WRITE);
    protect(mm, vaddr(0x5000n), PAGE, NO_RIGHTS);
    // NX YOUNG NONE D RO, and all bits of the frame turned round.
    expect(entryAt(mm, 0x5000n)).toBe((0xffff_ffff_f000n ^ 0x5000n) | 0x8f0n);
    expect(walk(mm, vaddr(0x5678n)).result).toMatchObject({ paddr: 0x5678n });
    protect(mm, vaddr(0x5000n), PAGE, WRITE);
    expect(entryAt(mm, 0x5000n)).toBe(0x50bdn);
  });
});

describe('a large leaf that does not read as one without rights', () => {
  // pud_present of some kernels asks for V alone.
  const { pud } = toyLinuxSpec.levels;
  const arch = defineArch({
    ...toyLinuxSpec,
    levels: {
      ...toyLinuxSpec.levels,
      pud: { ...pud, is: { ...pud.is, present: has(V), leaf: and(has(V), has(LEAF)) } },
    },
  });

  test('cannot have none: it stays as it is, and so does what lies behind it', () => {
    const mm = identity(arch, 0x7_8000n, 0x8000n + 0x8_0000n + 0x8000n, FULL);
    const answer = protect(mm, vaddr(0x7_8000n), 0x8000n + 0x8_0000n + 0x8000n, NO_RIGHTS);
    expect(answer).toEqual({ kind: 'too-large', leaves: 1, addr: 0x8_0000n, level: 'pud' });
    expect((entryAt(mm, 0x7_8000n) as bigint) & (V | NONE)).toBe(NONE);
    expect([0x8_0000n, 0x10_0000n].map((addr) => (entryAt(mm, addr) as bigint) & (V | NONE))).toEqual([V, V]);
  });

  test('is not made without rights either: smaller ones are', () => {
    const mm = identity(arch, 0x8_0000n, 0x8_0000n, NO_RIGHTS);
    expect(walk(mm, vaddr(0x8_0000n)).result).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x8_0000n });
    expect(walk(identity(toyLinux, 0x8_0000n, 0x8_0000n, NO_RIGHTS), vaddr(0x8_0000n)).result).toMatchObject({
      level: 'pud',
    });
  });
});

describe('slots that map one page together', () => {
  // With bit 47, four slots of a pte table are a page of 16 KiB, as by Svnapot.
  const GROUP = 1n << 47n;
  const { pte } = toy3Spec.levels;
  const first = and('entry', select(has(GROUP), 0x7fff_ffff_c000n, 0x7fff_ffff_f000n));
  const leaf = { ...pte.leaf!, first, shift: select(has(GROUP), 14n, 12n) };
  const arch = defineArch({ ...toy3Spec, levels: { ...toy3Spec.levels, pte: { ...pte, leaf } } });

  const grouped = (): Mm => {
    const { mm, allocator } = emptySpace(arch);
    for (const addr of [0x4000n, 0x5000n, 0x6000n, 0x7000n])
      writeEntry(mm, populate(mm, allocator, vaddr(addr), 'pte') as Slot, (GROUP | 0x1_c02dn) as Entry);
    return mm;
  };

  test('are changed all, slot by slot', () => {
    const mm = grouped();
    expect(walk(mm, vaddr(0x6123n)).result).toMatchObject({ paddr: 0x1_e123n, size: 0x4000n });
    expect(protect(mm, vaddr(0x4000n), 0x4000n, READ)).toEqual({ kind: 'done', leaves: 4 });
    expect(entryAt(mm, 0x7000n)).toBe(GROUP | 0x1_c039n);
    expect(unmap(mm, vaddr(0x4000n), 0x4000n)).toEqual({ kind: 'done', leaves: 4 });
  });

  test('or none of them, where the range has some only', () => {
    const mm = grouped();
    expect(unmap(mm, vaddr(0x5000n), PAGE)).toEqual({ kind: 'partial-leaf', leaves: 0, addr: 0x4000n, level: 'pte' });
    expect(protect(mm, vaddr(0x4000n), 0x3000n, READ)).toMatchObject({ kind: 'partial-leaf', leaves: 0 });
    expect(entryAt(mm, 0x5000n)).toBe(GROUP | 0x1_c02dn);
  });
});
