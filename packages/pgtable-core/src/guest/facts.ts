/** What a guest's kernel, its MMU and its CPU said of its pages: the answers that a fixture carries. */
import type { Paddr, Vaddr } from '../brand.ts';

/** What was said of one page of a process. What was not asked is left out. */
export interface Fact {
  readonly addr: Vaddr;
  /** The region of the test program that the address lies in, and its kind (`w`, `ro`, `none`, `thp`, …), if any. */
  readonly region: string;
  readonly kind: string;
  /** The permissions of the mapping that covers it, as /proc/self/maps has them; null where there is none. */
  readonly vma?: string | null;
  /** Whether pagemap calls the page present. */
  readonly present?: boolean;
  /** The frame that pagemap names, in units of the guest's page size. */
  readonly pfn?: bigint;
  /** Where pagemap says that the page was swapped out to. */
  readonly swap?: { readonly type: bigint; readonly offset: bigint };
  /** What the test program keeps there: `pattern`, `pattern32`, `pattern-of:ADDRESS`, `zero`, or `datafile`. */
  readonly data?: string;
  /** The first 16 bytes of the frame in hex, as they lie in memory. */
  readonly head?: string;
  /** What the guest's MMU translated a user read to. */
  readonly translated?: Answer;
  /** What the kernel's own get_user_page_fast_only(READ) answered. */
  readonly gupFast?: GupFact;
  /** What became of a load, right after the memory was dumped. */
  readonly read?: Touch;
  /** What became of a load and then a store, after every page had been loaded from. */
  readonly write?: Touch;
}

/** A physical address, or a refusal. */
export interface Answer {
  readonly paddr?: Paddr;
}

/** An answer of the guest kernel's gup_fast. */
export interface GupFact extends Answer {
  /** Bytes of the leaf that the kernel's lockless walk found, where it was recorded; 0 for none. */
  readonly pageSize?: bigint;
}

/** What became of an access by the CPU. */
export interface Touch {
  /** Page faults that the kernel handled before the access went through, or was refused. */
  readonly faults: number;
  /** How it was refused: a SIGSEGV. */
  readonly signal?: Signal;
}

/** What a SIGSEGV told of the last fault. */
export interface Signal {
  /** si_code: 1 is SEGV_MAPERR, 2 SEGV_ACCERR. */
  readonly code: number;
  /** The exception: x86's number, powerpc's vector. */
  readonly trap?: bigint;
  /** x86's error code, powerpc's DSISR. */
  readonly error?: bigint;
  /** arm64's ESR. */
  readonly syndrome?: bigint;
  /** Whether Linux put another code in place of the CPU's, as it does for addresses of its own. */
  readonly doctored: boolean;
}

/** A fault that the kernel of an s390x guest printed, with the table entries that it walked. */
export interface FaultReport {
  readonly addr: Vaddr;
  readonly access: 'r' | 'w' | 'x';
  /** The program-interruption code; missing, as the rest, where there was no fault. */
  readonly code?: bigint;
  readonly asce?: bigint;
  /** The entries by `R1`, `R2`, `R3`, `S`, `P`. */
  readonly entries: Readonly<Record<string, bigint>>;
}

/** One process at the moment of the dump. */
export interface GuestProcess {
  /** The program’s name in the fixture. */
  readonly name: string;
  /** Register values by name, as the CPU had them in user mode. */
  readonly registers: Readonly<Record<string, bigint>>;
  /** The word that stands beside each page's own address in the pattern of its data. */
  readonly tag?: bigint;
  /** What is known of its addresses. */
  readonly facts: readonly Fact[];
  /** Faults of children of the process; their tables are not in the memory of the fixture. */
  readonly reports: readonly FaultReport[];
}

/** The kernel while the guest was idle. */
export interface GuestKernel {
  /** Register values by name. */
  readonly registers: Readonly<Record<string, bigint>>;
  /** What the guest's MMU translated addresses of the kernel to. */
  readonly facts: readonly { readonly addr: Vaddr; readonly translated: Answer }[];
}
