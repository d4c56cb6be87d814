/** What a call of the get_user_pages family is made of: the address space, the kernel around it, and what one run holds. */
import type { Mm, Stepper } from '@kernel-mm/pgtable-core';
import { DEFAULT_ERA, type Era } from './era.ts';
import type { FaultHandler } from './faults.ts';
import type { FollFlag } from './flags.ts';
import type { GupPort } from './port.ts';
import { Taken } from './taken.ts';
import { offsetLockless } from './variants/offset-lockless.ts';

/** Whose pages, through which port, by which kernel's rules. */
export interface Gup {
  /** The address space. */
  readonly mm: Mm;
  /** What the call touches. */
  readonly port: GupPort;
  /** The form of the walk. Default: `offsetLockless`, which every kernel since v5.9 has. */
  readonly stepper?: Stepper;
  /** The kernel. Default: {@link DEFAULT_ERA}, v7.1. */
  readonly era?: Era;
  /** The slow path; without one a call ends where its fast path ends. */
  readonly faults?: FaultHandler;
  /**
   * CONFIG_NUMA_BALANCING, without which pXd_protnone is false and only the access test can refuse a page without
   * rights. No such kernel unless said otherwise; s390 cannot be one, x86-64, arm64, powerpc and RISC-V usually are.
   */
  readonly numaBalancing?: boolean;
  /** At most so many pages in one call, which then answers a short count; 2^20 unless said otherwise. */
  readonly budget?: number;
}

/** One run of a call: its options as the rules ask them, and what it holds so far. */
export interface Run {
  readonly mm: Mm;
  readonly port: GupPort;
  readonly stepper: Stepper;
  readonly era: Era;
  readonly faults: FaultHandler | undefined;
  readonly numaBalancing: boolean;
  /** Whether pages get a reference or a pin. */
  readonly hold: 'get' | 'pin';
  readonly write: boolean;
  readonly longterm: boolean;
  readonly force: boolean;
  readonly p2pdma: boolean;
  readonly nofault: boolean;
  readonly honorNuma: boolean;
  readonly taken: Taken;
}

/** A run with these flags. */
export function runOf(gup: Gup, flags: ReadonlySet<FollFlag>): Run {
  const { mm, port, faults, stepper = offsetLockless, era = DEFAULT_ERA, numaBalancing = false } = gup;
  const has = (flag: FollFlag): boolean => flags.has(flag);
  return {
    ...{ mm, port, stepper, era, faults, numaBalancing },
    hold: has('GET') ? 'get' : 'pin',
    ...{ write: has('WRITE'), longterm: has('LONGTERM'), force: has('FORCE'), p2pdma: has('PCI_P2PDMA') },
    ...{ nofault: has('NOFAULT'), honorNuma: has('HONOR_NUMA_FAULT') },
    taken: new Taken(port),
  };
}
