/** Patch 3's gain: in the typed form the misuse that the thread found in powerpc code does not compile. */
import { type Entry, type Mm, pXdAddrEnd, type Slot, type Stepper, type Vaddr } from '@kernel-mm/pgtable-core';
import { describe, expectTypeOf, test } from 'vitest';
import { FORMS, type Form } from '../../src/index.ts';

declare const mm: Mm;
declare const pgd: Entry<'pgd'>;
declare const pmd: Entry<'pmd'>;
declare const pmdp: Slot<'pmd'>;
declare const addr: Vaddr;
declare const end: Vaddr;

describe('the entry-aware form, typed', () => {
  test('each form has the same signature', () => {
    expectTypeOf(FORMS).toEqualTypeOf<Readonly<Record<Form, Stepper>>>();
    expectTypeOf(FORMS.entryAware.boundary(mm, 'pgd', pgd, addr, end)).toEqualTypeOf<Vaddr>();
  });

  test('powerpc, mm/kasan/8xx.c: pgd_addr_end of a pmd, while pmds are iterated', () => {
    // @ts-expect-error a pmd entry is no pgd entry
    FORMS.entryAware.boundary(mm, 'pgd', pmd, addr, end);
    FORMS.entryAware.boundary(mm, 'pmd', pmd, addr, end);
  });

  test('a pointer is no entry, a bare word neither, and no argument can be left out', () => {
    // @ts-expect-error where it lives is not what is there
    FORMS.entryAware.boundary(mm, 'pmd', pmdp, addr, end);
    // @ts-expect-error a word of no level
    FORMS.entryAware.boundary(mm, 'pmd', 0x20n, addr, end);
    // @ts-expect-error the old call, without an entry
    FORMS.entryAware.boundary(mm, 'pmd', addr, end);
    // The static form of old took no entry at all.
    expectTypeOf(pXdAddrEnd).parameters.toEqualTypeOf<
      [mm: Mm, level: 'pgd' | 'p4d' | 'pud' | 'pmd' | 'pte', addr: Vaddr, end: Vaddr]
    >();
  });
});
