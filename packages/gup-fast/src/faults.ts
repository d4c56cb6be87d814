/** What the slow path needs of an address space: its mappings, and somebody who handles faults. */
import type { Pfn, Vaddr } from '@kernel-mm/pgtable-core';
import type { Errno } from './errno.ts';

/** What a mapping (`vm_area_struct`) permits. */
export interface Vma {
  /** Its addresses [start, end); `end` 0 is 2^64. */
  readonly start: Vaddr;
  readonly end: Vaddr;
  /** VM_READ and VM_WRITE, and whether mprotect could give them: VM_MAYREAD, VM_MAYWRITE. */
  readonly read: boolean;
  readonly write: boolean;
  readonly mayRead: boolean;
  readonly mayWrite: boolean;
  /** VM_SHARED: writes are seen by others. */
  readonly shared: boolean;
  /** VM_IO: memory of a device, which a look may change. */
  readonly io: boolean;
  /** VM_PFNMAP: bare frames; no struct page may be asked for. */
  readonly pfnmap: boolean;
  /** A file on device memory whose blocks may move. */
  readonly fsdax: boolean;
  /** memfd_secret. */
  readonly secret: boolean;
  /** Whether the file system must hear of every write (ext4, xfs, btrfs; not tmpfs, not hugetlbfs). */
  readonly dirtyTracking: boolean;
}

/** A mapping in which a write makes a page of its own. */
export const isCow = ({ shared, mayWrite }: Vma): boolean => !shared && mayWrite;

/** What a fault is for. */
export interface FaultRequest {
  readonly write: boolean;
  /** A read-only page is to become exclusive, for a pin (FAULT_FLAG_UNSHARE). */
  readonly unshare: boolean;
  /** FOLL_FORCE: the mapping itself does not permit the access. */
  readonly force: boolean;
}

/**
 * What became of a fault: `done`; `retry`, where the mmap lock had to be dropped; or an error. `done` says also whether a
 * page was copied for a write that the entry still does not permit (VM_FAULT_WRITE, which 2020's FOLL_COW needs).
 */
export type FaultAnswer =
  | { readonly kind: 'done'; readonly copied?: boolean }
  | { readonly kind: 'retry' }
  | { readonly kind: 'error'; readonly error: Errno };

/** Whoever serves the slow path: `@kernel-mm/mm` has an address space that does. */
export interface FaultHandler {
  /** The mapping that covers `addr`; with `grow` a stack below which it lies may grow first. */
  vma(addr: Vaddr, grow: boolean): Vma | undefined;
  /** handle_mm_fault, for one page of a mapping. */
  fault(addr: Vaddr, request: FaultRequest): FaultAnswer;
  /** Moves the folios of these frames to where they may stay; an error, or that it was done and all must be looked up anew. */
  migrate(frames: readonly Pfn[]): 'moved' | Errno;
  /** Whether a fatal signal is pending. */
  fatalSignal?(): boolean;
}
