/** The forms against a writer: which of them see that a leaf is cleared, and which go down by a value that was never tested. */
import { ARCHITECTURES, arm64, riscv, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Arch, type Level, paddr, pgdOffset, type ReadOnce, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  ERAS,
  getUserPagesFastOnly,
  memoryPort,
  pinRange,
  VARIANTS,
  type VariantName,
  walkLockless,
} from '../../src/index.ts';
import { fakePort } from '../support/fake-port.ts';
import { oneTable } from '../support/one-table.ts';

const NAMES = Object.keys(VARIANTS) as VariantName[];

/** The frames of one page of a leaf at `level`, which a writer clears while the page is being held. */
function grabWhileCleared(arch: Arch, top: Level, level: Level, name?: VariantName, era = ERAS['v7.1']) {
  const { mm, leaf, raw } = oneTable(arch, top);
  leaf(0n, level, arch.geometry[level].size);
  const port = fakePort(mm);
  const tryGet: typeof port.tryGet = (head, refs) => {
    raw(0n, level, arch.spec.levels[level].empty ?? 0n);
    return port.tryGet(head, refs);
  };
  const stepper = name && VARIANTS[name].stepper;
  const gup = { mm, era, port: { ...port, tryGet }, ...(stepper && { stepper }) };
  const { ret, stop } = getUserPagesFastOnly(gup, vaddr(0n), 1);
  return { ret, stop: stop && ('rule' in stop ? stop.rule : stop.kind) };
}

const SEEN = { ret: 0, stop: 'changed' };
const UNSEEN = { ret: 1, stop: undefined };

describe('a leaf above pte is cleared while its page is being held', () => {
  const spaces: (readonly [string, Arch, Level])[] = [
    ...Object.entries(ARCHITECTURES).map(([id, mmu]) => [id, mmu().arch, 'pgd'] as const),
    ...([2, 3, 4, 5] as const).map((levels) => [`s390 ${levels}`, s390(), topOf(levels)] as const),
  ];
  /** Architecture and level of every leaf that the form still takes. */
  const blind = (name: VariantName): string[] =>
    spaces.flatMap(([id, arch, top]) =>
      // A level that reads the entries of another has its leaves under the last of their names.
      (['pud', 'pmd'] as const)
        .filter((level) => arch.spec.levels[level].leaf && (level === 'pmd' || arch.spec.levels.pmd.bits > 0))
        .filter((level) => !(level === 'pud' && id === 's390 2'))
        .filter((level) => grabWhileCleared(arch, top, level, name).ret === 1)
        .map((level) => `${id} ${level}`),
    );
  /** Folded at build time or at boot, and the generic pXd_offset_lockless above. */
  const STATIC = [
    ...['x86-32 pmd', 'riscv-sv32 pmd', 'riscv-sv39 pud', 'arm64-4k-va39 pud', 'arm64-16k-va36 pmd'],
    ...['arm64-64k-va42 pmd', 'arm64-64k-va42-lpa pmd'],
  ];

  test.each(['stackCopy', 'folded', 'entryAware', 'inlineTyped'] as const)(
    '%s: unseen under every fold, static or per process',
    (name) => expect(blind(name)).toEqual([...STATIC, 's390 2 pmd', 's390 3 pud']),
  );

  test('offsetLockless, as every kernel since v5.9: unseen under every static fold', () => {
    expect(blind('offsetLockless')).toEqual(STATIC);
  });

  test.each(['offsetLocklessStrict', 'dummyRead', 'hwPointer', 'readAgain'] as const)('%s: seen everywhere', (name) =>
    expect(blind(name)).toEqual([]),
  );

  describe.each(Object.values(ERAS).map((era) => [era.name, era] as const))('by the kernel of %s', (_, era) => {
    test.each<[string, Arch, typeof SEEN | typeof UNSEEN]>([
      ['riscv Sv39', riscv({ mode: 'sv39' }), UNSEEN],
      ['arm64 va39', arm64({ granule: '4k', va: 39 }), UNSEEN],
      ['arm64 va39 of v6.10', arm64({ granule: '4k', va: 39, linux: '6.10' }), UNSEEN],
      ['x86-64', x86({ paging: '4-level' }), SEEN],
    ])('%s, 1 GiB: the default form is offsetLockless', (_, arch, merged) => {
      expect(grabWhileCleared(arch, 'pgd', 'pud', undefined, era)).toEqual(merged);
      expect(grabWhileCleared(arch, 'pgd', 'pud', 'offsetLockless', era)).toEqual(merged);
      expect(grabWhileCleared(arch, 'pgd', 'pud', 'offsetLocklessStrict', era)).toEqual(SEEN);
    });
  });

  test('pinRange takes the same default', () => {
    const { mm, leaf, raw } = oneTable(riscv({ mode: 'sv39' }));
    const slot = leaf(0n, 'pud', 1n << 30n);
    const port = memoryPort(mm);
    const pin = (name?: VariantName): number => {
      leaf(0n, 'pud', 1n << 30n);
      let reads = 0;
      // The entry is read as pgd, p4d and pud, from the table or from copies of it; then a writer clears it.
      const readOnce: ReadOnce = (at) => {
        const entry = port.readOnce(at);
        if (++reads === 3) raw(0n, 'pud', 0n);
        return entry;
      };
      const counts = { words: new Int32Array(4).fill(1), first: 0x4_0000 as never };
      const stepper = name && { stepper: VARIANTS[name].stepper };
      const options = { write: true, counts, frames: new Float64Array(1), port: { ...port, readOnce }, ...stepper };
      return pinRange(mm, vaddr(0n), vaddr(0x1000n), options).pages;
    };
    expect(slot.addr).toBe(pgdOffset(mm, vaddr(0n)).addr);
    expect({ default: pin(), strict: pin('offsetLocklessStrict') }).toEqual({ default: 1, strict: 0 });
  });
});

describe('CVE-2026-72291: s390, three levels, the entry of the top table is cleared right after its first read as a pud', () => {
  const PAGE = 0x5000_0000n;
  const EMPTY_PUD = 0x24n;

  /** Two pages at 0, in memory with a lowcore; what is read, and what comes of it. */
  function walk(name: VariantName, layout: 'classic' | 'present', lowcore = 0n) {
    const { mm, leaf, raw } = oneTable(s390({ layout }), topOf(3), 0n);
    leaf(0n, 'pte', PAGE);
    leaf(0x1000n, 'pte', PAGE + 0x1000n);
    mm.memory.write(paddr(0n), 8, 'big', lowcore);
    const port = memoryPort(mm);
    const reads: string[] = [];
    const readOnce: ReadOnce = (slot) => {
      const entry = port.readOnce(slot);
      reads.push(`${slot.level} ${slot.addr === mm.pgd ? 'top' : slot.addr < 0x1000n ? 'lowcore' : 'table'}`);
      if (slot.level === 'pud') raw(0n, 'pud', EMPTY_PUD);
      return entry;
    };
    const walked = walkLockless(mm, vaddr(0n), vaddr(0x2000n), {
      stepper: VARIANTS[name].stepper,
      port: { ...port, readOnce },
    });
    return { reads, ...walked };
  }

  test('readAgain: the second read designates a table at physical 0, and ptes are read in the lowcore', () => {
    const { reads, leaves, stop } = walk('readAgain', 'classic');
    expect(reads).toEqual([
      ...['pgd top', 'pgd top', 'pgd top', 'p4d top', 'p4d top', 'pud top', 'pud top'],
      ...['pmd lowcore', 'pmd lowcore', 'pte lowcore'],
    ]);
    expect(leaves).toEqual([]);
    expect(stop).toMatchObject({ kind: 'not-present', level: 'pte', slot: { space: 'memory', addr: 0n } });
  });

  test('where pmd_present is a bit of software (v6.14), a lowcore of zeros ends it one level earlier', () => {
    expect(walk('readAgain', 'present').stop).toMatchObject({ kind: 'not-present', level: 'pmd', slot: { addr: 0n } });
  });

  test('a lowcore that holds such bits is taken for a table, and its words for pages', () => {
    // As a pmd it designates the table at 0, and as the first pte of that table it is the page at 0.
    const { leaves } = walk('readAgain', 'present', 0x3n);
    expect(leaves[0]).toMatchObject({ level: 'pte', slot: { addr: 0n }, paddr: 0n });
  });

  test.each(['classic', 'present'] as const)(
    'the repair: the lockless offset goes down by the tested value, %s layout',
    (layout) => {
      for (const name of NAMES.filter((one) => one !== 'readAgain'))
        expect(
          walk(name, layout).leaves.map(({ paddr: at }) => at),
          name,
        ).toEqual([PAGE, PAGE + 0x1000n]);
    },
  );
});
