import { describe, expect, test } from 'vitest';
import {
  ArchError,
  type ArchSpec,
  add,
  bumpAllocator,
  createMm,
  defineArch,
  type Entry,
  flatMemory,
  type LevelSpec,
  map,
  mmFromTable,
  paddr,
  type ShadowSpec,
  type Slot,
  unmap,
  vaddr,
  walk,
  writeEntry,
} from '../src/index.ts';
import { refused } from './support/refused.ts';
import { RW } from './support/space.ts';
import { toy32Spec, V } from './support/toys.ts';

/** toy32 with slots of 8 bytes in the pgd; each entry's shadow is one more, and stands beside it, or behind the ptes. */
const shadow = (at: number): ShadowSpec => ({ at, value: add('entry', 1n) });
const { pgd, p4d, pud, pmd, pte } = toy32Spec.levels;
// What is said of the pgd holds of the levels that are folded into it, as `foldedInto` would have it.
const made = (said: { readonly pgd?: Partial<LevelSpec>; readonly pte?: Partial<LevelSpec> }): ArchSpec => ({
  ...toy32Spec,
  levels: {
    ...{ pgd: { ...pgd, ...said.pgd }, p4d: { ...p4d, ...said.pgd }, pud: { ...pud, ...said.pgd } },
    ...{ pmd: { ...pmd, ...said.pgd }, pte: { ...pte, ...said.pte } },
  },
});
const wide = defineArch(made({ pgd: { slotBytes: 8, shadow: shadow(4) }, pte: { shadow: shadow(4096) } }));

describe('where entries and their shadows lie', () => {
  test('a table takes its slots and all that stands beside them', () => {
    const { pgd, pte } = wide.geometry;
    expect([pgd.slotBytes, pgd.tableBytes, pte.slotBytes, pte.tableBytes]).toEqual([8, 8192, 4, 8192]);
  });

  test('a table may take more than its slots', () => {
    expect(defineArch(made({ pte: { tableBytes: 16384 } })).geometry.pte.tableBytes).toBe(16384);
    expect(defineArch(made({ pte: { tableBytes: 64 } })).geometry.pte.tableBytes).toBe(4096);
  });

  test('map writes both words, walk reads the first, unmap clears both', () => {
    const memory = flatMemory(new ArrayBuffer(0x8000));
    const allocator = bumpAllocator(paddr(0x2000n), paddr(0x8000n));
    const mm = createMm(wide, memory, allocator);
    if (!mm) throw new Error('no memory');
    const word = (at: bigint): bigint | undefined => memory.read(paddr(at), 4, 'little');
    // Slot 3 of the pgd, slot 5 of the table.
    const addr = vaddr((3n << 22n) | (5n << 12n));
    map(mm, allocator, { addr, paddr: paddr(0x9000n), size: 0x1000n, prot: RW });
    expect(word(0x2018n)).toBe((0x4n << 10n) | V);
    expect(word(0x201cn)).toBe((0x4n << 10n) | (V + 1n));
    const entry = word(0x4014n)!;
    expect(entry >> 10n).toBe(9n);
    expect(word(0x5014n)).toBe(entry + 1n);
    expect(walk(mm, addr)).toMatchObject({
      steps: { length: 5, 0: { index: 3 }, 4: { index: 5 } },
      result: { paddr: 0x9000n },
    });
    unmap(mm, addr, 0x1000n);
    expect([word(0x4014n), word(0x5014n)]).toEqual([0n, 1n]);
  });

  test('where the shadow lies outside memory nothing is written', () => {
    const memory = flatMemory(new ArrayBuffer(0x1000));
    const mm = mmFromTable(wide, memory, paddr(0n));
    const slot: Slot<'pte'> = { level: 'pte', space: 'memory', addr: 0x10n };
    expect(writeEntry(mm, slot, 0x1234n as Entry<'pte'>)).toBe(false);
    expect(memory.read(paddr(0x10n), 4, 'little')).toBe(0n);
  });
});

describe('what cannot be', () => {
  const rows: readonly (readonly [what: string, where: string, spec: ArchSpec])[] = [
    ['a slot of half an entry', 'levels.pgd.slotBytes', made({ pgd: { slotBytes: 6 } })],
    ['a slot of nothing', 'levels.pgd.slotBytes', made({ pgd: { slotBytes: 0 } })],
    ['a table of no power of 2', 'levels.pte.tableBytes', made({ pte: { tableBytes: 5000 } })],
    ['a shadow between words', 'levels.pte.shadow.at', made({ pte: { shadow: shadow(4098) } })],
    ['a shadow on the next entry', 'levels.pte.shadow.at', made({ pte: { shadow: shadow(4) } })],
    ['a shadow on the last entry', 'levels.pte.shadow.at', made({ pte: { shadow: shadow(4092) } })],
    ['a shadow on itself', 'levels.pte.shadow.at', made({ pte: { shadow: shadow(0) } })],
    ['a shadow before it', 'levels.pte.shadow.at', made({ pte: { shadow: shadow(-4) } })],
  ];
  test.each(rows)('%s', (_what, where, spec) => {
    expect(refused(ArchError, () => defineArch(spec))).toMatchObject({ code: 'geometry', where });
  });

  test('a shadow may look at its entry only', () => {
    const spec = made({ pte: { shadow: { at: 4096, value: 'addr' } } });
    const error = refused(ArchError, () => defineArch(spec));
    expect(error).toMatchObject({ code: 'expression', where: 'levels.pte.shadow.value' });
  });
});
