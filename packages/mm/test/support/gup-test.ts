/** The kernel's driver mm/gup_test.c as functions: six commands over [addr, addr + size), in chunks. */
import {
  type Call,
  DEFAULT_ERA,
  type FollFlag,
  type Gup,
  getUserPages,
  getUserPagesFast,
  isLongtermPinnable,
  pinUserPages,
  pinUserPagesFast,
  putUserPages,
  unpinUserPages,
} from '@kernel-mm/gup-fast';
import { type Pfn, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';
import type { AddressSpace } from '../../src/index.ts';

export type Command =
  | 'GUP_FAST_BENCHMARK'
  | 'PIN_FAST_BENCHMARK'
  | 'PIN_LONGTERM_BENCHMARK'
  | 'GUP_BASIC_TEST'
  | 'PIN_BASIC_TEST'
  | 'DUMP_USER_PAGES_TEST';

export interface GupTest {
  readonly addr: Vaddr;
  readonly size: bigint;
  readonly nrPagesPerCall: number;
  readonly flags: readonly FollFlag[];
  /** DUMP: which pages, counted from 1. */
  readonly which?: readonly number[];
}

export interface GupTestResult {
  readonly error?: 'EINVAL';
  /** Bytes that were reached, as the driver reports them. */
  readonly size: bigint;
  readonly frames: readonly Pfn[];
  /** Frames that a pin command found not to be pinned, or not to stay. */
  readonly unpinned: readonly Pfn[];
  readonly dumped: readonly Pfn[];
}

/** Only the commands that say FAST go without the mmap lock. */
const CALLS: Readonly<Record<Command, Call>> = {
  GUP_FAST_BENCHMARK: getUserPagesFast,
  GUP_BASIC_TEST: getUserPages,
  PIN_FAST_BENCHMARK: pinUserPagesFast,
  PIN_BASIC_TEST: pinUserPages,
  PIN_LONGTERM_BENCHMARK: (gup, addr, n, flags = []) => pinUserPages(gup, addr, n, [...flags, 'LONGTERM']),
  DUMP_USER_PAGES_TEST: pinUserPages,
};

/** __gup_test_ioctl: loops until fewer pages come back than were asked for. */
export function gupTest(space: AddressSpace, gup: Gup, command: Command, test: GupTest): GupTestResult {
  const page = space.mm.arch.geometry.pte.size;
  const end = test.addr + test.size;
  if (end >> 64n) return { error: 'EINVAL', size: 0n, frames: [], unpinned: [], dumped: [] };
  const frames: Pfn[] = [];
  let addr: bigint = test.addr;
  let nr = test.nrPagesPerCall;
  while (addr < end) {
    if (nr !== test.nrPagesPerCall) break;
    let next = addr + BigInt(nr) * page;
    if (next > end) {
      next = end;
      nr = Number((next - addr) / page);
    }
    const result = CALLS[command](gup, vaddr(addr), nr, test.flags);
    nr = result.ret;
    if (nr <= 0) break;
    frames.push(...result.frames);
    addr = next;
  }
  const pins = !command.startsWith('GUP');
  const bad = (pfn: Pfn): boolean => {
    const struct = space.pages.page(pfn);
    const stays =
      command !== 'PIN_LONGTERM_BENCHMARK' ||
      (struct !== undefined && isLongtermPinnable(struct, gup.era ?? DEFAULT_ERA));
    return !space.pages.maybePinned(pfn) || !stays;
  };
  const unpinned = pins ? frames.filter(bad) : [];
  // Page numbers count from 1; what is out of range becomes 0, which is none.
  const dumped = (test.which ?? []).flatMap((n) => frames[n - 1] ?? []);
  (pins ? unpinUserPages : putUserPages)(gup, frames);
  return { size: addr - test.addr, frames, unpinned, dumped };
}
