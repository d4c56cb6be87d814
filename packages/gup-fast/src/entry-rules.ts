/** What is asked of an entry before its page is: its rights. */
import {
  accessPermitted,
  fieldsOf,
  leafAddress,
  leafSize,
  type Mm,
  type Pfn,
  paddrWrap,
  pfnOf,
  pXdIs,
} from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import type { Run } from './gup.ts';
import type { Place, Stop } from './result.ts';
import type { Rule } from './rules.ts';

/** The stop at this place by this rule. */
export const refused = ({ level, addr, slot, entry }: Place, rule: Rule, pfn?: Pfn): Stop => ({
  ...{ kind: 'refused', rule, level, addr, slot, entry },
  ...(pfn !== undefined && { pfn }),
});

/** pXd_access_permitted, which is also the test for present. */
export const rightsRefused = ({ mm, write }: Pick<Run, 'mm' | 'write'>, place: Place): Stop | undefined =>
  accessPermitted(mm, place.level, place.entry, write) ? undefined : (absence(mm, place) ?? refused(place, 'access'));

/** The rights of the entry, and on x86 those of its protection key. */
export const accessRefused = (run: Run, place: Place): Stop | undefined =>
  rightsRefused(run, place) ?? (keyAllows(run, place) ? undefined : refused(place, 'key'));

/** Whether the page's protection key, if it has one, allows the access. */
export function keyAllows({ mm, port, write }: Run, { level, entry }: Place): boolean {
  const { PKEY } = fieldsOf(mm.arch, level, 'leaf', entry);
  return PKEY === undefined || port.keyAllows(Number(PKEY), write);
}

/** pXd_protnone, a constant 0 without NUMA balancing. */
export const isProtnone = ({ mm, numaBalancing }: Run, { level, entry }: Place): boolean =>
  numaBalancing && pXdIs(mm, 'protnone', level, entry);

/** The frame of the page at `addr` in a leaf of `size` bytes. */
export function frameOf(mm: Mm, { level, entry, addr }: Place, size: bigint = leafSize(mm.arch, level, entry)): Pfn {
  return pfnOf(paddrWrap(leafAddress(mm.arch, level, entry) + (addr & (size - 1n))), mm.arch.spec.pageShift);
}

/** How many pages [addr, next) has; `next` 0 is 2^64. */
export const pagesOf = (mm: Mm, addr: bigint, next: bigint): number =>
  Number(BigInt.asUintN(64, next - addr) >> BigInt(mm.arch.spec.pageShift));
