/** Series v2, patch 2: `pXd_addr_end(pXd, addr, end)` for every walker, as a macro, which checks no types. */
import {
  type Entry,
  type Mm,
  pXdAddrEndOf,
  type Slot,
  type Stepper,
  type UpperLevel,
  type Vaddr,
  vaddr,
} from '@kernel-mm/pgtable-core';
import { stackCopy } from './stack-copy.ts';

/** What a C macro lets through: any level's entry, a bare word, a pointer. */
export type Untyped = bigint | Slot;

/** A stepper whose boundary takes anything for an entry, and any word for an address. */
export interface MacroStepper extends Pick<Stepper, 'name' | 'form' | 'descend'> {
  /** `pXd_addr_end(pXd, addr, end)`, whatever `entry` is. */
  boundary(mm: Mm, level: UpperLevel, entry: Untyped, addr: bigint, end: bigint): Vaddr;
}

const word = (value: Untyped): bigint => (typeof value === 'bigint' ? value : value.addr);

/**
 * The same rule at run time as patch 3's. A macro counts its arguments and takes whatever they are: the old call
 * without an entry does not compile, a wrong entry does, and is read as if it were one.
 */
export const entryAware: MacroStepper = {
  name: 'entryAware',
  form: { boundary: 'entry', descent: 'copy' },
  descend: stackCopy.descend,
  boundary: (mm, level, entry, addr, end) =>
    pXdAddrEndOf(mm, level, word(entry) as Entry<UpperLevel>, vaddr(addr), vaddr(end)),
};
