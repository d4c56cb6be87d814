import { expectTypeOf, test } from 'vitest';
import {
  type Entry,
  type Mm,
  type Paddr,
  pXdAddrEnd,
  pXdAddrEndFolded,
  pXdAddrEndOf,
  type Slot,
  type Stepper,
  type Vaddr,
} from '../src/index.ts';

declare const mm: Mm;
declare const addr: Vaddr;
declare const end: Vaddr;
declare const pa: Paddr;
declare const pud: Entry<'pud'>;
declare const pmd: Entry<'pmd'>;
declare const pte: Entry<'pte'>;
declare const any: Entry;
declare const pudp: Slot<'pud'>;

test('patch 3: pud_addr_end takes a pud', () => {
  expectTypeOf(pXdAddrEndOf(mm, 'pud', pud, addr, end)).toEqualTypeOf<Vaddr>();
  expectTypeOf(pXdAddrEnd(mm, 'pud', addr, end)).toEqualTypeOf<Vaddr>();
  expectTypeOf(pXdAddrEndFolded).toEqualTypeOf(pXdAddrEndOf);
});

test('and nothing else', () => {
  // @ts-expect-error the entry of another level
  pXdAddrEndOf(mm, 'pud', pmd, addr, end);
  // @ts-expect-error the entry of the level that has no table below
  pXdAddrEndOf(mm, 'pud', pte, addr, end);
  // @ts-expect-error an entry of no known level
  pXdAddrEndOf(mm, 'pud', any, addr, end);
  // @ts-expect-error the pointer where the value belongs
  pXdAddrEndOf(mm, 'pud', pudp, addr, end);
  // @ts-expect-error a bare word
  pXdAddrEndOf(mm, 'pud', 0n, addr, end);
  // @ts-expect-error an address where the value belongs
  pXdAddrEndOf(mm, 'pud', addr, addr, end);
  // @ts-expect-error a physical address for the start
  pXdAddrEndOf(mm, 'pud', pud, pa, end);
  // @ts-expect-error a physical address for the end
  pXdAddrEndOf(mm, 'pud', pud, addr, pa);
  // @ts-expect-error a bare word for an address
  pXdAddrEndOf(mm, 'pud', pud, 0n, end);
  // @ts-expect-error the old call, without an entry
  pXdAddrEndOf(mm, 'pud', addr, end);
  // @ts-expect-error pte has no pXd_addr_end from the entry
  pXdAddrEndOf(mm, 'pte', pte, addr, end);
  // @ts-expect-error and the level's answer takes no entry
  pXdAddrEnd(mm, 'pud', pud, addr, end);
});

test('a stepper keeps the rule', () => {
  const stepper: Pick<Stepper, 'boundary'> = { boundary: pXdAddrEndOf };
  // @ts-expect-error the entry of another level
  stepper.boundary(mm, 'pud', pmd, addr, end);
  // @ts-expect-error a bare word
  stepper.boundary(mm, 'pud', 0n, addr, end);
  expectTypeOf(stepper.boundary(mm, 'pud', pud, addr, end)).toEqualTypeOf<Vaddr>();
});
