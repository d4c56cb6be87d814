/** The address spaces of the neutrality report: pages, holes, swap entries and a large page around a border of the top table. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  type Level,
  type Mm,
  makeSwap,
  map,
  paddr,
  populate,
  type TableAllocator,
  UsageError,
  vaddr,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import type { Range } from '../walkers/port.ts';
import type { NeutralCase } from './case.ts';

/** An architecture, and how deep a process of it is. */
export interface NeutralArch {
  readonly name: string;
  readonly arch: Arch;
  /** The level of the top table. */
  readonly top: Level;
}

/** What lies from 12 pages before the border to 12 behind: a page, a swap entry, or a hole. Before it a large page. */
const LAYOUT = '.ppp.sp.pppp' + 'pppp.ps.ppp.';
const BYTES = 2 ** 22;
/** Where the large page's memory begins, in large pages. */
export const LARGE = 4n;

/**
 * A space for one run. The range has all of it, and goes across the border; where there is room, it begins two pmds before,
 * so that a large page fits whole.
 */
export function neutralSpace(
  { arch, top }: NeutralArch,
  kind: NeutralCase['space'],
): { mm: Mm; tables: TableAllocator; range: Range } {
  const from = paddr(0x10_0000n);
  const tables = bumpAllocator(from, paddr(from + BigInt(BYTES)));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(BYTES), from), tables, top);
  if (!mm) throw new UsageError('argument', 'top', 'a top table that fits into 4 MiB');
  const page = arch.geometry.pte.size;
  const border = borderOf(arch, top);
  const first = border - 12n * page;
  const large = border - 2n * arch.geometry.pmd.size;
  const hasLarge = large >= 0n && (kind === 'fresh' ? roomFor(mm) : mapLarge(mm, tables, large));
  if (kind === 'mapped') {
    for (const [n, what] of [...LAYOUT].entries()) {
      const addr = vaddr(first + BigInt(n) * page);
      if (what === 'p') mapPage(mm, tables, addr, n);
      if (what === 's') swapPage(mm, tables, addr, n);
    }
  }
  return { mm, tables, range: { start: vaddr(hasLarge ? large : first), end: vaddr(border + 12n * page) } };
}

/** Whether a pmd is more than a page. */
const roomFor = ({ arch }: Mm): boolean => arch.geometry.pmd.size !== arch.geometry.pte.size;

/** A large page in the pmd before the one that the pages are in; `false` where there is no such leaf. */
function mapLarge(mm: Mm, tables: TableAllocator, addr: bigint): boolean {
  const { pmd } = mm.arch.geometry;
  const { leaf, is } = mm.arch.spec.levels.pmd;
  if (!leaf || !is.leaf || !roomFor(mm)) return false;
  const prot = { read: true, write: true, exec: false, user: true };
  map(mm, tables, { addr: vaddr(addr), paddr: paddr(LARGE * pmd.size), size: pmd.size, prot, largest: 'pmd' });
  return true;
}

/** Where two entries of the top table meet; where it has only one for all of user space, two of the next table. */
function borderOf(arch: Arch, top: Level): bigint {
  const limit = arch.spec.root.tops[top]?.limit ?? 0n;
  const page = arch.geometry.pte.size;
  const sizes = (['pgd', 'p4d', 'pud', 'pmd'] as const).map((level) => arch.geometry[level].size);
  const own = arch.geometry[top].size;
  return [own, ...sizes].find((size) => size + 12n * page <= limit && size > 12n * page) ?? 16n * page;
}

function mapPage(mm: Mm, tables: TableAllocator, addr: bigint, n: number): void {
  const { size } = mm.arch.geometry.pte;
  const prot = { read: true, write: n % 3 !== 0, exec: false, user: true };
  map(mm, tables, { addr: vaddr(addr), paddr: paddr(BigInt(0x1_0000 + n) * size), size, prot, largest: 'pte' });
}

function swapPage(mm: Mm, tables: TableAllocator, addr: bigint, n: number): void {
  const slot = populate(mm, tables, vaddr(addr), 'pte');
  const entry = makeSwap(mm.arch, 'pte', { type: 1n, offset: BigInt(n + 1) });
  if (entry !== undefined && !('kind' in slot)) writeEntry(mm, slot, entry as Entry);
}
