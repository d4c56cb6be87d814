/** handle_mm_fault: demand-zero, files, copy on write, and pages made exclusive for a pin. */
import type { FaultAnswer, FaultRequest } from '@kernel-mm/gup-fast';
import { type Level, type Pfn, type Prot, pXdIs, type Vaddr, vaddr, walk } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import { endOf, type Mapped } from './mapping.ts';
import type { Space } from './space.ts';

const DONE: FaultAnswer = { kind: 'done' };
const failed = (error: 'EFAULT' | 'ENOMEM'): FaultAnswer => ({ kind: 'error', error });

/** One fault at one page. */
interface Fault {
  readonly space: Space;
  readonly vma: Mapped;
  /** The first address of the page. */
  readonly addr: Vaddr;
  readonly request: FaultRequest;
}

/** Serves one fault. What it needs is not had: ENOMEM; the mapping does not permit it: EFAULT. */
export function handleFault(space: Space, at: Vaddr, request: FaultRequest): FaultAnswer {
  const vma = space.vma(at);
  if (!vma || vma.io || vma.pfnmap || !permits(vma, request)) return failed('EFAULT');
  const fault: Fault = { space, vma, addr: vaddr(at & -space.mm.arch.geometry.pte.size), request };
  const { result } = walk(space.mm, at);
  if (result.kind !== 'leaf') return missing(fault);
  const pfn = Number(result.paddr >> BigInt(space.mm.arch.spec.pageShift)) as Pfn;
  const folio = space.pages.folio(pfn);
  const { level, entry } = result;
  // do_numa_page: a hint in a mapping that has rights. What may be written becomes so by the next fault.
  if (pXdIs(space.mm, 'protnone', level, entry) && vma.read) {
    space.leaves.protect(onLeaf(fault, level).addr, readOnly(vma));
    return DONE;
  }
  if (!folio || pXdIs(space.mm, 'write', level, entry)) return DONE;
  // Of a large leaf the head page says whose it is.
  const own = folio.mapping === 'anon' && (folio.exclusive[level === 'pte' ? pfn - folio.head : 0] ?? false);
  if (request.write) return writeProtected(fault, level, folio, own);
  return request.unshare ? unshared(fault, level, folio, own) : DONE;
}

const permits = (vma: Mapped, { write, force }: FaultRequest): boolean =>
  write ? vma.write || (force && !vma.shared && vma.mayWrite) : vma.read || (force && vma.mayRead);

/** Nothing is mapped there yet. */
function missing(fault: Fault): FaultAnswer {
  const { space, vma, request } = fault;
  if (!vma.backing)
    return request.write ? anonymous(fault) : map(fault, 'pte', space.zeroPage.head, readOnly(vma), 'special');
  const { backing } = vma;
  const { addr, level } = leafOf(fault);
  const pfn = backing.frame(vma.offset + pageIndex(fault, addr));
  if (pfn === undefined) return failed('ENOMEM');
  const folio = space.pages.folio(pfn);
  if (folio && !vma.shared && request.write) return copy({ ...fault, addr }, level, folio);
  // A file system that tracks writes wants to hear of the first one; private pages are copied at theirs.
  const prot = vma.shared && (request.write || !vma.dirtyTracking) ? vma.prot : readOnly(vma);
  return map({ ...fault, addr }, level, pfn, prot, vma.fsdax ? 'devmap' : undefined);
}

/** A new page of zeros, or a large one where it fits. */
function anonymous(fault: Fault): FaultAnswer {
  const { space, vma } = fault;
  const { addr, level } = leafOf(fault);
  const large = level !== 'pte' && space.leaves.mappedIn(addr, addr + space.mm.arch.geometry[level].size).length === 0;
  const at = large ? { addr, level } : { addr: fault.addr, level: 'pte' as const };
  const folio = space.pages.alloc({ order: orderOf(space, at.level), zone: vma.zone });
  return folio ? owned({ ...fault, addr: at.addr }, at.level, folio) : failed('ENOMEM');
}

/** The page is there, and may not be written. `own`: it is exclusively this mapping's. */
function writeProtected(fault: Fault, level: Level, folio: Folio, own: boolean): FaultAnswer {
  const { vma } = fault;
  if (vma.shared) return reuse(fault, level);
  // wp_can_reuse_anon_folio: nobody else has it, neither mapped nor held.
  if (!own && !(folio.mapping === 'anon' && folio.refs === 1)) return copy(onLeaf(fault, level), level, folio);
  folio.exclusive.fill(true);
  // FORCE: the entry of a mapping that may not be written stays so.
  return vma.write ? reuse(fault, level) : { kind: 'done', copied: true };
}

function reuse(fault: Fault, level: Level): FaultAnswer {
  const { space, vma } = fault;
  space.leaves.protect(onLeaf(fault, level).addr, vma.prot);
  return DONE;
}

/** A read-only page is to belong to this mapping alone, without becoming writable. */
function unshared(fault: Fault, level: Level, folio: Folio, own: boolean): FaultAnswer {
  const { vma } = fault;
  if (vma.shared || own) return DONE;
  if (folio.mapping === 'anon' && folio.refs === 1) {
    folio.exclusive.fill(true);
    return DONE;
  }
  return copy({ ...onLeaf(fault, level), vma: { ...vma, prot: readOnly(vma) } }, level, folio);
}

/** A copy of its own for a private mapping, of the size that the page had. */
function copy(fault: Fault, level: Level, folio: Folio): FaultAnswer {
  const { space, vma } = fault;
  const made = space.pages.alloc({ order: folio.order, zone: vma.zone, hugetlb: folio.hugetlb });
  if (!made) return failed('ENOMEM');
  const answer = owned(fault, level, made);
  return answer.kind === 'done' ? { ...answer, copied: true } : answer;
}

/** Maps a folio that was made for this mapping: the one reference it has is the mapping's from now on. */
function owned(fault: Fault, level: Level, folio: Folio): FaultAnswer {
  const answer = map(fault, level, folio.head, fault.vma.prot);
  fault.space.pages.put(folio.head, { refs: 1, pins: 0 });
  return answer;
}

function map({ space, addr }: Fault, level: Level, pfn: Pfn, prot: Prot, mark?: 'special' | 'devmap'): FaultAnswer {
  return space.leaves.set({ addr, level, pfn, prot, mark }) ? DONE : failed('ENOMEM');
}

const readOnly = ({ prot }: Mapped): Prot => ({ ...prot, write: false });

const orderOf = ({ mm }: Space, level: Level): number => mm.arch.geometry[level].shift - mm.arch.spec.pageShift;

const pageIndex = ({ space, vma }: Fault, addr: bigint): number =>
  Number((addr - vma.start) >> BigInt(space.mm.arch.spec.pageShift));

/** The leaf that the mapping wants at this page: as large as it says, if that lies within it. */
function leafOf(fault: Fault): { addr: Vaddr; level: Level } {
  const { space, vma } = fault;
  const { size } = space.mm.arch.geometry[vma.huge];
  const addr = fault.addr & -size;
  const inside = addr >= vma.start && addr + size <= endOf(vma);
  return inside ? { addr: vaddr(addr), level: vma.huge } : { addr: fault.addr, level: 'pte' };
}

/** The fault at the first page of the leaf that is there. */
const onLeaf = (fault: Fault, level: Level): Fault => ({
  ...fault,
  addr: vaddr(fault.addr & -fault.space.mm.arch.geometry[level].size),
});
