/** A mapping (`vm_area_struct`): which addresses, with which rights, of what. */
import type { Vma } from '@kernel-mm/gup-fast';
import {
  checkPages,
  type Level,
  limitOf,
  type Mm,
  type Prot,
  topLevel,
  UsageError,
  type Vaddr,
  vaddrWrap,
} from '@kernel-mm/pgtable-core';
import type { Backing } from './backing.ts';
import type { FolioClass } from './folio.ts';
import type { ForkedVma } from './walkers/copy-pte.ts';

/** What to map. */
export interface MmapRequest {
  readonly addr: Vaddr;
  /** Bytes, a multiple of the page size. */
  readonly size: bigint;
  readonly read?: boolean;
  readonly write?: boolean;
  readonly exec?: boolean;
  /** MAP_SHARED: writes are seen by everybody. */
  readonly shared?: boolean;
  /** The file; anonymous memory unless said otherwise. */
  readonly backing?: Backing;
  /** The file's page that is mapped at `addr`. */
  readonly offset?: number;
  /** A stack, which may grow down. */
  readonly growsDown?: boolean;
  /** VM_IO: memory of a device. */
  readonly io?: boolean;
  /** VM_PFNMAP: bare frames, no pages. */
  readonly pfnmap?: boolean;
  /** The level of leaf that anonymous memory gets where it fits (THP); a hugetlb file has the level of its order. */
  readonly huge?: Level;
  /** Where anonymous pages come from. */
  readonly zone?: NonNullable<FolioClass['zone']>;
}

/** A mapping, with what the slow path of gup asks of it. */
export interface Mapped extends Vma {
  readonly prot: Prot;
  readonly backing: Backing | undefined;
  readonly offset: number;
  readonly growsDown: boolean;
  readonly huge: Level;
  readonly zone: NonNullable<FolioClass['zone']>;
}

/** The mapping that a request asks for. */
export function mappedOf(mm: Mm, request: MmapRequest): Mapped {
  const { addr, size, backing, read = true, write = false, exec = false, shared = false } = request;
  if (size <= 0n || addr + size > 1n << 64n) throw new UsageError('range-empty', 'size', 'more than 0, up to 2^64');
  if (backing?.kind === 'secretmem' && !shared) throw new UsageError('argument', 'shared', 'true for secret memory');
  const end = vaddrWrap(addr + size);
  checkPages(mm.arch, addr, end);
  const top = topLevel(mm);
  if (top && addr + size > limitOf(mm, top))
    throw new UsageError('address-range', 'addr, size', 'addresses of user space');
  const huge = levelOf(mm, request);
  return {
    ...{ start: addr, end, read, write, mayRead: true, mayWrite: true, shared },
    ...{ prot: { read, write, exec, user: true }, backing, offset: request.offset ?? 0 },
    ...{
      io: request.io ?? false,
      pfnmap: request.pfnmap ?? false,
      fsdax: backing?.kind === 'fsdax',
      secret: backing?.kind === 'secretmem',
    },
    ...{ dirtyTracking: backing?.dirtyTracking ?? false, growsDown: request.growsDown ?? false },
    ...{ huge, zone: request.zone ?? 'normal' },
  };
}

/** The level of the leaves that are wanted: that of the size of the file's folios, or the one asked for. */
function levelOf(mm: Mm, { backing, addr, size, offset = 0, huge = 'pte' }: MmapRequest): Level {
  const { geometry, spec } = mm.arch;
  const hasLeaf = (level: Level): boolean =>
    level === 'pte' || (spec.levels[level].leaf && spec.levels[level].is.leaf) !== undefined;
  if (!backing?.order) {
    if (hasLeaf(huge)) return huge;
    throw new UsageError('argument', 'huge', `a level that has leaves on ${mm.arch.id}`);
  }
  const shift = backing.order + spec.pageShift;
  const level = (['pud', 'pmd'] as const).find((one) => geometry[one].shift === shift && hasLeaf(one));
  if (!level) throw new UsageError('argument', 'backing', 'folios of the size of a leaf');
  if (((addr | size) & (geometry[level].size - 1n)) !== 0n || offset % 2 ** backing.order !== 0)
    throw new UsageError('range-unaligned', 'addr, size, offset', 'multiples of the size of the file’s folios');
  return level;
}

/** What fork asks of a mapping: a shared file's pages come back by faults, all else only by a copy of the tables. */
export function forkedOf({ shared, mayWrite, backing, pfnmap }: Mapped): ForkedVma {
  const hasAnonVma = !(shared && backing);
  return { shared, mayWrite, hasAnonVma, anonymous: !backing, pfnMap: pfnmap, hugetlb: backing?.kind === 'hugetlb' };
}
