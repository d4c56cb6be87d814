/** handle_mm_fault: demand-zero, files, copy on write, and pages made exclusive for a pin. */
import type { FaultAnswer, FaultRequest } from '@kernel-mm/gup-fast';
import {
  LEVELS,
  type Level,
  type Pfn,
  type Prot,
  pXdIs,
  type Slot,
  type Vaddr,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import { type LeafFound, protectLeaf, setLeaf } from './leaf.ts';
import type { Mapped } from './mapping.ts';
import type { Space } from './space.ts';
import { endOf } from './walkers/port.ts';

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
  if (result.kind === 'none') return missing(fault, result.level);
  // A swap entry has no device here that it could come back from; what is bad, or lies outside memory, maps nothing.
  if (result.kind !== 'leaf') return failed('EFAULT');
  const pfn = Number(result.paddr >> BigInt(space.mm.arch.spec.pageShift)) as Pfn;
  const folio = space.pages.folio(pfn);
  const { level, entry } = result;
  // do_numa_page: a hint in a mapping that has rights. What may be written becomes so by the next fault.
  if (pXdIs(space.mm, 'protnone', level, entry) && vma.read) {
    protectLeaf(space.walker(), result, at, readOnly(vma));
    return DONE;
  }
  if (!folio || pXdIs(space.mm, 'write', level, entry)) return DONE;
  // Of a large leaf the head page says whose it is.
  const own = folio.mapping === 'anon' && (folio.exclusive[level === 'pte' ? pfn - folio.head : 0] ?? false);
  if (request.write) return writeProtected(fault, result, folio, own);
  return request.unshare ? unshared(fault, level, folio, own) : DONE;
}

const permits = (vma: Mapped, { write, force }: FaultRequest): boolean =>
  write ? vma.write || (force && !vma.shared && vma.mayWrite) : vma.read || (force && vma.mayRead);

/** Nothing is mapped there yet: the slot of level `none` is empty. */
function missing(fault: Fault, none: Level): FaultAnswer {
  const { space, vma, request } = fault;
  if (!vma.backing)
    return request.write ? anonymous(fault, none) : map(fault, 'pte', space.zeroPage.head, readOnly(vma), 'special');
  const { backing } = vma;
  const { addr, level } = leafOf(fault, none);
  const pfn = backing.frame(vma.offset + pageIndex(fault, addr));
  if (pfn === undefined) return failed('ENOMEM');
  const folio = space.pages.folio(pfn);
  if (folio && !vma.shared && request.write) return copy({ ...fault, addr }, level, folio);
  // A file system that tracks writes wants to hear of the first one; private pages are copied at theirs.
  const prot = vma.shared && (request.write || !vma.dirtyTracking) ? vma.prot : readOnly(vma);
  return map({ ...fault, addr }, level, pfn, prot, vma.fsdax ? 'devmap' : undefined);
}

/** A new page of zeros, or a large one where it fits; for that a table is set aside, so that splitting it cannot fail. */
function anonymous(fault: Fault, none: Level): FaultAnswer {
  const { space, vma } = fault;
  const { addr, level } = leafOf(fault, none);
  const { port } = space.walker();
  const table = level === 'pmd' ? port.allocTable('pte') : undefined;
  const hasTable = level !== 'pmd' || table !== undefined;
  const folio = hasTable ? space.pages.alloc({ order: orderOf(space, level), zone: vma.zone }) : undefined;
  const slot = folio && owned({ ...fault, addr }, level, folio);
  if (table !== undefined && slot) port.deposit(slot as Slot<'pmd'>, table);
  else if (table !== undefined) port.freeTable('pte', table);
  return slot ? DONE : failed('ENOMEM');
}

/** The page is there, and may not be written. `own`: it is exclusively this mapping's. */
function writeProtected(fault: Fault, leaf: LeafFound, folio: Folio, own: boolean): FaultAnswer {
  const { vma } = fault;
  const { level } = leaf;
  if (vma.shared) return reuse(fault, leaf);
  // wp_can_reuse_anon_folio: nobody else has it, neither mapped nor held.
  if (!own && !(folio.mapping === 'anon' && folio.refs === 1)) return copy(onLeaf(fault, level), level, folio);
  folio.exclusive.fill(true);
  // FORCE: the entry of a mapping that may not be written stays so.
  return vma.write ? reuse(fault, leaf) : { kind: 'done', copied: true };
}

function reuse({ space, vma, addr }: Fault, leaf: LeafFound): FaultAnswer {
  protectLeaf(space.walker(), leaf, addr, vma.prot);
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

/** A copy of its own for a private mapping, of the size of its leaf. */
function copy(fault: Fault, level: Level, folio: Folio): FaultAnswer {
  const { space, vma } = fault;
  const made = space.pages.alloc({ order: orderOf(space, level), zone: vma.zone, hugetlb: folio.hugetlb });
  return made && owned(fault, level, made) ? { kind: 'done', copied: true } : failed('ENOMEM');
}

/** Maps a folio that was made for this mapping: the one reference it has is the mapping's from now on. */
function owned(fault: Fault, level: Level, { head }: Folio): Slot | undefined {
  const { space, vma, addr } = fault;
  const slot = setLeaf(space.walker(), { addr, level, pfn: head, prot: vma.prot });
  space.pages.put(head, { refs: 1, pins: 0 });
  return slot;
}

function map({ space, addr }: Fault, level: Level, pfn: Pfn, prot: Prot, mark?: 'special' | 'devmap'): FaultAnswer {
  return setLeaf(space.walker(), { addr, level, pfn, prot, mark }) ? DONE : failed('ENOMEM');
}

const readOnly = ({ prot }: Mapped): Prot => ({ ...prot, write: false });

const orderOf = ({ mm }: Space, level: Level): number => mm.arch.geometry[level].shift - mm.arch.spec.pageShift;

const pageIndex = ({ space, vma }: Fault, addr: bigint): number =>
  Number((addr - vma.start) >> BigInt(space.mm.arch.spec.pageShift));

/** The leaf that the mapping wants at this page: as large as it says, if that lies within it, and no table is there. */
function leafOf(fault: Fault, none: Level): { addr: Vaddr; level: Level } {
  const { space, vma } = fault;
  const { size } = space.mm.arch.geometry[vma.huge];
  const addr = fault.addr & -size;
  const inside = addr >= vma.start && addr + size <= endOf(vma);
  const isFree = LEVELS.indexOf(none) <= LEVELS.indexOf(vma.huge);
  return inside && isFree ? { addr: vaddr(addr), level: vma.huge } : { addr: fault.addr, level: 'pte' };
}

/** The fault at the first page of the leaf that is there. */
const onLeaf = (fault: Fault, level: Level): Fault => ({
  ...fault,
  addr: vaddr(fault.addr & -fault.space.mm.arch.geometry[level].size),
});
