/** The demo: 2020's gup_fast bug on memory of a real guest, and which forms of the walker survive it. */
import { isAlwaysFolded, LEVELS, type Mm, type Neighbour, topLevel, type Vaddr } from '@kernel-mm/pgtable-core';
import type { Guest } from '@kernel-mm/pgtable-core/guest';
import { mmOfProcess } from '../guest-mm.ts';
import { crosses, PresentPages } from '../present-runs.ts';
import { inspect, type RangeFinding } from './findings.ts';

/** Where to look. */
export interface DemoOptions {
  /** Only processes with so many levels. */
  readonly levels?: readonly number[];
  /** This range instead of those that cross a boundary. */
  readonly range?: readonly [Vaddr, Vaddr];
  /** What lies beside the copies on the stack. */
  readonly neighbour: Neighbour;
}

/** One process and what was found in it. */
export interface ProcessFindings {
  readonly name: string;
  readonly levels: number;
  readonly mm: Mm;
  /** What one entry of pgd, p4d and pud covers, largest first: ranges that cross a multiple are shown. */
  readonly sizes: readonly bigint[];
  /** What one entry of the top table covers. */
  readonly topSize: bigint;
  readonly ranges: readonly RangeFinding[];
}

/** Everything that was found. */
export interface DemoFindings {
  /** Whose memory it is, in words. */
  readonly title: string;
  /** Who says which frame is whose. */
  readonly truth: string;
  readonly guest: Pick<Guest, 'name' | 'arch' | 'release'>;
  readonly neighbour: Neighbour;
  readonly processes: readonly ProcessFindings[];
}

/** Takes from each number of levels the process with most crossing ranges, and walks those ranges. */
export function runDemo(guest: Guest, { levels, range, neighbour }: DemoOptions): DemoFindings {
  const best = new Map<number, ProcessFindings>();
  for (const process of guest.processes) {
    const mm = mmOfProcess(guest, process);
    const depth = levelsIn(mm);
    if (!topLevel(mm) || (levels && !levels.includes(depth))) continue;
    const pages = new PresentPages(guest, process);
    const crossing = pages.runs().filter(([start, end]) => sizesOf(mm).some((size) => crosses(start, end, size)));
    const found = processFindings(process.name, mm, pages, range ? [range] : crossing, neighbour);
    if (found.ranges.length > (best.get(depth)?.ranges.length ?? 0)) best.set(depth, found);
  }
  const processes = [...best.values()].sort((a, b) => a.levels - b.levels);
  const { name, arch, release } = guest;
  const title = `Memory of a real ${arch} Linux guest (${name}, ${release})`;
  return { title, truth: 'this kernel’s own pagemap', guest: { name, arch, release }, neighbour, processes };
}

/** Walks some ranges of one process. */
export function processFindings(
  name: string,
  mm: Mm,
  pages: PresentPages,
  ranges: readonly (readonly [Vaddr, Vaddr])[],
  neighbour: Neighbour,
): ProcessFindings {
  return {
    ...{ name, mm, levels: levelsIn(mm), sizes: sizesOf(mm), topSize: mm.arch.geometry[topLevel(mm) ?? 'pgd'].size },
    ranges: ranges.map((one) => inspect(mm, pages, one, neighbour)),
  };
}

function sizesOf({ arch: { geometry } }: Mm): bigint[] {
  return [...new Set([geometry.pgd.size, geometry.p4d.size, geometry.pud.size])];
}

/** How many levels of a process have tables of their own. */
function levelsIn(mm: Mm): number {
  const top = topLevel(mm) ?? 'pgd';
  return LEVELS.slice(LEVELS.indexOf(top)).filter((level) => level === top || !isAlwaysFolded(mm.arch, level)).length;
}
