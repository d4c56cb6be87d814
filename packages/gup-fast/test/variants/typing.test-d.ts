/** What must not compile, and what a macro lets through: the two halves of patch 3's argument. */
import {
  type Arch,
  type Entry,
  leafAddress,
  type Mm,
  type Paddr,
  pXdOffset,
  type ReadOnce,
  type Slot,
  tableAddress,
  type Vaddr,
  type Visit,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { expectTypeOf, test } from 'vitest';
import {
  type Dummy,
  dummyGet,
  dummyOffset,
  entryAware,
  folded,
  hwPointer,
  inlineTyped,
  offsetLocklessStrict,
  stackCopy,
} from '../../src/index.ts';

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

declare const pgdp: Slot<'pgd', 'memory'>;
declare const pgdCopy: Slot<'pgd', 'stack'>;
declare const pgd: Entry<'pgd'>;
declare const pmdp: Slot<'pmd', 'memory'>;
declare const either: Slot<'pgd'>;
declare const readOnce: ReadOnce;

test('a dummy goes where it belongs: from the slot of a table to that of the folded level', () => {
  expectTypeOf(dummyGet(pgdp)).toEqualTypeOf<Dummy<'pgd'>>();
  expectTypeOf(dummyOffset(pgdp)).toEqualTypeOf<Slot<'p4d', 'memory'>>();
});

test('a dummy is no entry: the misuses that the RFC of July 2026 makes build errors', () => {
  const dummy = dummyGet(pgdp);
  // @ts-expect-error the address of a copy of a dummy, given to pXd_offset (KVM, the multi-gen LRU walker)
  dummyOffset(pgdCopy);
  // @ts-expect-error nor may it be taken without asking which of the two it is
  dummyOffset(either);
  // @ts-expect-error set_pgd(p, pgdp_get(k)), as in handlers of vmalloc faults
  writeEntry(mm, pgdp, dummy);
  // @ts-expect-error pgd_page_vaddr, p4d_pgtable: the table of a folded pgd
  tableAddress(arch, 'pgd', dummy);
  // @ts-expect-error pgd_page: the page of a folded pgd
  leafAddress(arch, 'pgd', dummy);
  // @ts-expect-error the value, handed to an offset that looks at it
  pXdOffset(mm, pgdp, dummy, addr);
  // @ts-expect-error pte is folded into nothing: there is no dummy above it
  dummyOffset(pmdp);
});

test('what the RFC does not catch compiles here too: pXd_val of a dummy', () => {
  expectTypeOf(dummyGet(pgdp)).toExtend<bigint>();
});

test('hwPointer goes down by pointers to stored entries, and answers such a pointer', () => {
  const visit = { slot: pgdp, copy: pgdCopy, entry: pgd };
  expectTypeOf(hwPointer.descend(mm, visit, addr)).toEqualTypeOf<Slot<'p4d', 'memory'>>();
});

test('hwPointer refuses the address of a copy, as the forms before 2020’s fix hand it on', () => {
  // @ts-expect-error pXd_offset(&copy)
  hwPointer.descend(mm, { slot: pgdCopy, copy: pgdCopy, entry: pgd }, addr);
  // @ts-expect-error a pointer of which nobody says where it points
  hwPointer.descend(mm, { slot: either, copy: pgdCopy, entry: pgd }, addr);
  // @ts-expect-error what stackCopy goes down to may be on the stack
  hwPointer.descend(mm, { slot: stackCopy.descend(mm, { slot: pgdp, copy: pgdCopy, entry: pgd }, addr, readOnce) });
  // @ts-expect-error from the copy of a folded level, pXd_offset answers a slot that may be on the stack
  expectTypeOf(pXdOffset(mm, pgdCopy, pgd, addr)).toExtend<Slot<'p4d', 'memory'>>();
});

test('but a form that says that it means the stack still may', () => {
  expectTypeOf(pXdOffset(mm, pgdCopy, pgd, addr)).toEqualTypeOf<Slot<'p4d'>>();
  expectTypeOf(offsetLocklessStrict.descend<'pgd'>)
    .parameter(1)
    .toEqualTypeOf<Visit<'pgd'>>();
});

test('slots of tables and of the stack are different things, and both are slots', () => {
  expectTypeOf<Slot<'pud', 'stack'>>().not.toExtend<Slot<'pud', 'memory'>>();
  expectTypeOf<Slot<'pud'>>().not.toExtend<Slot<'pud', 'memory'>>();
  expectTypeOf<Slot<'pud', 'memory'>>().toExtend<Slot<'pud'>>();
});
