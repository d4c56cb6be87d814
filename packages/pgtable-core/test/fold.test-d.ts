import { expectTypeOf, test } from 'vitest';
import {
  type Entry,
  entry,
  isFolded,
  type Mm,
  makeTable,
  type Paddr,
  pgdOffset,
  pXdIs,
  pXdOffset,
  pXdOffsetLockless,
  readEntry,
  type Slot,
  slotPlus,
  type Vaddr,
  writeEntry,
} from '../src/index.ts';

declare const mm: Mm;
declare const addr: Vaddr;
declare const pgdp: Slot<'pgd'>;
declare const pudp: Slot<'pud'>;
declare const pudCopy: Slot<'pud', 'stack'>;
declare const ptep: Slot<'pte'>;
declare const pgd: Entry<'pgd'>;
declare const pud: Entry<'pud'>;
declare const pte: Entry<'pte'>;

test('each level leads to the next', () => {
  expectTypeOf(pgdOffset(mm, addr)).toEqualTypeOf<Slot<'pgd', 'memory'>>();
  expectTypeOf(pXdOffset(mm, pgdp, pgd, addr)).toEqualTypeOf<Slot<'p4d'>>();
  expectTypeOf(pXdOffset(mm, pudp, pud, addr)).toEqualTypeOf<Slot<'pmd'>>();
  expectTypeOf(pXdOffsetLockless(mm, { slot: pudp, copy: pudCopy, entry: pud }, addr)).toEqualTypeOf<Slot<'pmd'>>();
  expectTypeOf(readEntry(mm, pudp)).toEqualTypeOf<Entry<'pud'> | undefined>();
  expectTypeOf(slotPlus(pudp, 1n, 8)).toEqualTypeOf<Slot<'pud'>>();
  expectTypeOf(entry('pmd', 0n)).toEqualTypeOf<Entry<'pmd'>>();
});

test('entries and slots of different levels, and bare words, are different things', () => {
  expectTypeOf<Entry<'pud'>>().not.toExtend<Entry<'pmd'>>();
  expectTypeOf<Slot<'pud'>>().not.toExtend<Slot<'pmd'>>();
  expectTypeOf<Entry<'pud'>>().not.toExtend<Slot<'pud'>>();
  expectTypeOf<bigint>().not.toExtend<Entry<'pud'>>();
  expectTypeOf<Entry<'pud'>>().toExtend<Entry>();
  expectTypeOf<Slot<'pud'>>().toExtend<Slot>();
});

test('pXd_offset takes the entry of its own level, read from a slot of its own level', () => {
  // @ts-expect-error the entry of another level
  pXdOffset(mm, pgdp, pud, addr);
  // @ts-expect-error the slot of another level
  pXdOffset(mm, pudp, pgd, addr);
  // @ts-expect-error a slot where the value belongs
  pXdOffset(mm, pudp, pudp, addr);
  // @ts-expect-error a value where the slot belongs
  pXdOffset(mm, pud, pud, addr);
  // @ts-expect-error a bare word
  pXdOffset(mm, pudp, 0n, addr);
  // @ts-expect-error a pte leads to no table
  pXdOffset(mm, ptep, pte, addr);
  // @ts-expect-error a physical address
  pXdOffset(mm, pudp, pud, 0n as Paddr);
  // @ts-expect-error a bare word for an address
  pXdOffset(mm, pudp, pud, 0n);
});

test('pXd_offset_lockless takes pointer, copy and value of one level', () => {
  // @ts-expect-error the pointer where the value belongs
  pXdOffsetLockless(mm, { slot: pudp, copy: pudp, entry: pudp }, addr);
  // @ts-expect-error a bare word
  pXdOffsetLockless(mm, { slot: pudp, copy: pudp, entry: 0n }, addr);
  // @ts-expect-error the value is missing
  pXdOffsetLockless(mm, { slot: pudp, copy: pudp }, addr);
});

test('what is asked of an entry, and written to a slot, goes by its level', () => {
  expectTypeOf(pXdIs(mm, 'none', 'pud', pud)).toEqualTypeOf<boolean>();
  // @ts-expect-error a bare word
  pXdIs(mm, 'none', 'pud', 0n);
  // @ts-expect-error no predicate of Linux
  pXdIs(mm, 'nonne', 'pud', pud);
  // @ts-expect-error a bare word
  writeEntry(mm, pudp, 0n);
  // @ts-expect-error pgd is folded into nothing
  isFolded(mm, 'pgd', pgd);
  // @ts-expect-error a pte designates no table
  makeTable(mm.arch, 'pte', mm.pgd);
  // @ts-expect-error a table has a physical address
  makeTable(mm.arch, 'pmd', addr);
});
