/** What the demo finds: every variant over a range of a real process, page by page, against the guest kernel's word. */

import {
  type LocklessWalk,
  memoryPort,
  type Stop,
  VARIANTS,
  type VariantName,
  walkLockless,
} from '@kernel-mm/gup-fast';
import {
  type Mm,
  type Neighbour,
  type Paddr,
  StackArea,
  type Vaddr,
  vaddr,
  vaddrWrap,
  walk,
} from '@kernel-mm/pgtable-core';
import type { PresentPages } from '../present-runs.ts';

/** The variants in the order of history. */
export const NAMES = Object.keys(VARIANTS) as VariantName[];

/** What a variant made of one page. */
export interface PageFinding {
  readonly addr: Vaddr;
  /**
   * `wrong`: another frame than the kernel's. `lucky`: the right frame, although the walk had left its copy: the page
   * that it took instead has the same one. `stack-read`: stack was read here, and led to no page. `unreached`: behind
   * the page at which the walk stopped.
   */
  readonly status: 'right' | 'lucky' | 'wrong' | 'stack-read' | 'stopped' | 'unreached';
  /** The frame that the variant reached. */
  readonly got?: Paddr;
  /** The frame that the guest's kernel names. */
  readonly expected?: Paddr;
  /** Whose page it is instead. */
  readonly victim?: Vaddr;
  readonly stop?: Stop;
}

/** One range under all variants. */
export interface RangeFinding {
  readonly start: Vaddr;
  /** 0 is 2^64. */
  readonly end: Vaddr;
  readonly region: string;
  readonly variants: Readonly<Record<VariantName, readonly PageFinding[]>>;
}

/** Walks [start, end) with every variant. */
export function inspect(
  mm: Mm,
  pages: PresentPages,
  [start, end]: readonly [Vaddr, Vaddr],
  neighbour: Neighbour,
): RangeFinding {
  const of = (name: VariantName): PageFinding[] => {
    const { stepper } = VARIANTS[name];
    return judged(
      mm,
      pages,
      start,
      end,
      walkLockless(mm, start, end, { stepper, port: memoryPort(mm, new StackArea(neighbour)) }),
    );
  };
  const variants = Object.fromEntries(NAMES.map((name) => [name, of(name)])) as Record<VariantName, PageFinding[]>;
  return { start, end, region: pages.fact(start)?.region ?? '', variants };
}

function judged(mm: Mm, pages: PresentPages, start: Vaddr, end: Vaddr, found: LocklessWalk): PageFinding[] {
  const { leaves, strays, stop } = found;
  const { page } = pages;
  const count = Number(BigInt.asUintN(64, end - start) / page);
  let next = 0;
  return Array.from({ length: count }, (_, n): PageFinding => {
    const addr = vaddrWrap(start + BigInt(n) * page);
    while (leaves[next] && vaddrWrap(leaves[next]!.end - 1n) < addr) next++;
    const leaf = leaves[next];
    const expected = pages.frame(addr) ?? walkedTo(mm, addr);
    const known = { addr, ...(expected !== undefined && { expected }) };
    if (leaf) {
      const got = (leaf.paddr + addr - leaf.addr) as Paddr;
      const strayed = strays.some((stray) => stray.addr <= addr);
      if (got === expected) return { ...known, status: strayed ? 'lucky' : 'right', got };
      const victim = victimOf(mm, pages, addr, got);
      return { ...known, status: 'wrong', got, ...(victim !== undefined && { victim }) };
    }
    const here = stop && (!('addr' in stop) || (stop.addr >= addr && stop.addr < addr + page));
    if (!here) return { ...known, status: 'unreached' };
    const stray = strays.at(-1)?.addr === addr;
    return { ...known, status: stray ? 'stack-read' : 'stopped', stop };
  });
}

const walkedTo = (mm: Mm, addr: Vaddr): Paddr | undefined => {
  const { result } = walk(mm, addr);
  return result.kind === 'leaf' ? result.paddr : undefined;
};

/** The address that the frame `got` belongs to: first those one entry of some level lower, then any known page. */
function victimOf(mm: Mm, pages: PresentPages, addr: Vaddr, got: Paddr): Vaddr | undefined {
  const { geometry } = mm.arch;
  for (const { size } of [geometry.pmd, geometry.pud, geometry.p4d])
    if (addr >= size && walkedTo(mm, vaddr(addr - size)) === got) return vaddr(addr - size);
  return pages.ownerOf(got);
}
