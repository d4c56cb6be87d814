/** What must not compile, and what a macro lets through: the two halves of patch 3's argument. */
import type { Arch, Entry, Mm, Paddr, Slot, Vaddr } from '@kernel-mm/pgtable-core';
import { expectTypeOf, test } from 'vitest';
import { entryAware, folded, inlineTyped } from '../../src/index.ts';

declare const mm: Mm;
declare const pud: Entry<'pud'>;
declare const pmd: Entry<'pmd'>;
declare const pudp: Slot<'pud'>;
declare const addr: Vaddr;
declare const end: Vaddr;
declare const physical: Paddr;
declare const arch: Arch;

test('inlineTyped takes the entry of its level', () => {
  expectTypeOf(inlineTyped.boundary(mm, 'pud', pud, addr, end)).toEqualTypeOf<Vaddr>();
});

test('inlineTyped refuses another level’s entry, a slot, a bare word, a physical address, and the old two arguments', () => {
  // @ts-expect-error another level's entry
  inlineTyped.boundary(mm, 'pud', pmd, addr, end);
  // @ts-expect-error a slot: where the entry lives, not what it is
  inlineTyped.boundary(mm, 'pud', pudp, addr, end);
  // @ts-expect-error a bare word
  inlineTyped.boundary(mm, 'pud', 0x7n, addr, end);
  // @ts-expect-error a physical for a virtual address
  inlineTyped.boundary(mm, 'pud', pud, physical, end);
  // @ts-expect-error a physical for a virtual end
  inlineTyped.boundary(mm, 'pud', pud, addr, physical);
  // @ts-expect-error addr and end only, as before the series
  inlineTyped.boundary(mm, 'pud', addr, end);
  // @ts-expect-error an architecture is not an address space
  inlineTyped.boundary(arch, 'pud', pud, addr, end);
});

test('patch 1 was typed by nothing but its callers; here it is checked like patch 3', () => {
  // @ts-expect-error another level's entry
  folded.boundary(mm, 'pud', pmd, addr, end);
});

test('entryAware, the macro, takes all of these mistakes of type', () => {
  expectTypeOf(entryAware.boundary(mm, 'pud', pmd, addr, end)).toEqualTypeOf<Vaddr>();
  entryAware.boundary(mm, 'pud', pudp, addr, end);
  entryAware.boundary(mm, 'pud', 0x7n, addr, end);
  entryAware.boundary(mm, 'pud', pud, physical, end);
  entryAware.boundary(mm, 'pud', pud, addr, physical);
});

test('but it counts its arguments', () => {
  // @ts-expect-error addr and end only, as before the series
  entryAware.boundary(mm, 'pud', addr, end);
});
