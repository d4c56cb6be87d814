/** The first bytes of pages: what the file copied out of each frame, also where they are nobody's pattern. */
import { paddr, pictureOf, type Trace, walk } from '@kernel-mm/pgtable-core';
import type { Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import type { Space } from '../guest-mm.ts';
import { untagged } from '../present-runs.ts';
import type { Findings } from './findings.ts';
import { hex } from './tell.ts';

/** Compares every page of which the file has them, in the frame that a walk leads to. */
export function checkHeads(found: Findings, guest: Guest, process: GuestProcess, { mm }: Space): void {
  for (const { addr, head } of process.facts) {
    if (head === undefined) continue;
    const trace = walk(mm, untagged(guest, addr));
    const got = headAt(guest, trace);
    const name = `${process.name} ${hex(addr)}`;
    found.compare('head', got === head, () => ({ name, expected: head, got, walk: pictureOf(mm, trace) }));
  }
}

/** 16 bytes in the order in which they lie, whatever order the guest reads them in. */
function headAt({ memory }: Guest, { result }: Trace): string {
  if (result.kind !== 'leaf') return `no page: ${result.kind}`;
  const words = [result.paddr, paddr(result.paddr + 8n)].map((at) => memory.read(at, 8, 'big'));
  return words.map((word) => word?.toString(16).padStart(16, '0') ?? 'outside the file').join('');
}
