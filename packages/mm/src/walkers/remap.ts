/** remap_pfn_range (v5.8): frames without struct pages, mapped in a row into a mapping of a process. */
import { isCow, type Vma } from '@kernel-mm/gup-fast';
import { change, type Pfn, type Prot, pXdIs, type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { type Blocked, checkRange, leafOf, occupied, wayDown } from './making.ts';
import { needs } from './needs.ts';
import type { WalkerOf } from './port.ts';
import { runWalk, type WalkerOptions } from './walk.ts';

/** What to map where. */
export interface RemapRequest {
  readonly addr: Vaddr;
  readonly pfn: Pfn;
  /** Bytes; rounded up to whole pages. */
  readonly size: bigint;
  readonly prot: Prot;
}

/** How, and whom to ask. */
export interface RemapOptions extends WalkerOptions {
  /** track_pfn_remap: whether these frames may be mapped so (x86: memory types); yes unless said otherwise. */
  readonly track?: (pfn: Pfn, size: bigint) => boolean;
  /** untrack_pfn, after an error. */
  readonly untrack?: (pfn: Pfn, size: bigint) => void;
  /** pfn_modify_allowed, asked for each frame (x86, L1TF); yes unless said otherwise. */
  readonly allowed?: (pfn: Pfn) => boolean;
}

/** What became of it. */
export interface Remapped {
  /** How many ptes were put; they stay, whatever happened afterwards. */
  readonly mapped: number;
  /** What the call returns, where it is not 0. */
  readonly error?: 'EINVAL' | 'ENOMEM' | 'EACCES';
  /** Where it ended. With `occupied` and `outside-memory` no call returns. */
  readonly failure?: Blocked;
  /** The flags that the mapping gets, and, if writes to it make copies, its offset. */
  readonly vma: { readonly flags: readonly VmaFlag[]; readonly offset?: Pfn };
}

/** VM_IO, VM_PFNMAP, VM_DONTEXPAND, VM_DONTDUMP. */
export type VmaFlag = 'IO' | 'PFNMAP' | 'DONTEXPAND' | 'DONTDUMP';

const FLAGS: readonly VmaFlag[] = ['IO', 'PFNMAP', 'DONTEXPAND', 'DONTDUMP'];

/**
 * Maps frames from `pfn` on at `addr`, as special ptes. Caches are flushed before, translations never: there were none.
 * @throws UsageError for a range without pages, or not aligned to one; for frames that a pte cannot hold
 */
export function remapPfnRange(walker: WalkerOf, vma: Vma, request: RemapRequest, options: RemapOptions = {}): Remapped {
  needs({ walker, vma, request });
  const { addr, pfn, size, prot } = request;
  const { mm, port } = walker;
  const page = mm.arch.geometry.pte.size;
  const bytes = (size + page - 1n) & -page;
  const range = { start: addr, end: vaddrWrap(addr + bytes) };
  checkRange(walker, range);
  const leaf = (n: number) => leafOf(mm, 'pte', BigInt(n) * page, prot);
  leaf(pfn + Number(bytes / page) - 1);

  const cow = isCow(vma);
  const offset = cow && { offset: pfn };
  if (cow && (range.start !== vma.start || range.end !== vma.end))
    return { mapped: 0, error: 'EINVAL', vma: { flags: [] } };
  if (options.track?.(pfn, bytes) === false) return { mapped: 0, error: 'EINVAL', vma: { flags: [], ...offset } };
  port.flushCache(range);

  let mapped = 0;
  let error: Remapped['error'];
  let failure: Blocked | undefined;
  const outside = runWalk(walker, range, options, {
    enter(step) {
      const way = wayDown(walker, step);
      if (typeof way === 'bigint') return { into: way };
      if (way.kind === 'no-memory') error = 'ENOMEM';
      failure = way;
      return 'stop';
    },
    open: ({ slot }) => port.lock(slot),
    pte(step) {
      const frame = (pfn + Number(BigInt.asUintN(64, step.addr - addr) / page)) as Pfn;
      if (!pXdIs(mm, 'none', 'pte', step.entry)) failure = occupied(step);
      else if (options.allowed?.(frame) === false) error = 'EACCES';
      if (failure || error) return 'stop';
      const made = leaf(frame);
      port.writeOnce(step.slot, change(mm.arch, 'pte', 'special', made) ?? made);
      mapped++;
      return 'next';
    },
    close: ({ slot }) => port.unlock(slot),
  });

  if (error) options.untrack?.(pfn, bytes);
  const why = failure ?? outside;
  return { mapped, ...(error && { error }), ...(why && { failure: why }), vma: { flags: FLAGS, ...offset } };
}
