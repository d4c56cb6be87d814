/** pagemap against the kernel's reading: which pages are present and in which frame, and where the others went. */
import { type Level, type Mm, pictureOf, pXdIs, swapOf, type Trace, walk } from '@kernel-mm/pgtable-core';
import type { Fact, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import type { Space } from '../guest-mm.ts';
import { untagged } from '../present-runs.ts';
import type { Findings } from './findings.ts';
import { hex } from './tell.ts';

/** Compares every fact of which pagemap has an answer; it has none for addresses that no process can map. */
export function checkPagemap(found: Findings, guest: Guest, process: GuestProcess, { mm }: Space): void {
  for (const fact of process.facts.filter(({ present }) => present !== undefined)) {
    const trace = walk(mm, untagged(guest, fact.addr));
    const { result } = trace;
    const expected = fact.present ? `frame ${hex(fact.pfn ?? -1n)}` : 'not present';
    const got = result.kind === 'leaf' ? `frame ${hex(result.paddr / guest.pageSize)}` : 'not present';
    const name = `${process.name} ${hex(fact.addr)}`;
    found.compare('pagemap', got === expected, () => ({ name, expected, got, walk: pictureOf(mm, trace) }));
    if (fact.swap) checkSwap(found, name, mm, trace, fact.swap);
  }
}

/** Type and offset of the swap entry, and that Linux takes it for one. */
function checkSwap(found: Findings, name: string, mm: Mm, trace: Trace, swap: NonNullable<Fact['swap']>): void {
  const expected = `type ${swap.type}, offset ${hex(swap.offset)}`;
  const { result } = trace;
  const got = result.kind === 'not-present' ? swapIn(mm, result.level, result.entry) : `no swap entry: ${result.kind}`;
  found.compare('swap', got === expected, () => ({ name, expected, got, walk: pictureOf(mm, trace) }));
}

function swapIn(mm: Mm, level: Level, entry: Parameters<typeof swapOf>[2]): string {
  const said = pXdIs(mm, 'swap', level, entry) ? swapOf(mm.arch, level, entry) : undefined;
  return said ? `type ${said.type}, offset ${hex(said.offset)}` : `no swap entry: ${level} ${hex(entry)}`;
}
