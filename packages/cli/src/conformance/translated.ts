/** What the guest's MMU (QEMU's `gva2gpa`) answered, against ours: an address, or a refusal. */
import { type Query, translate, type Vaddr } from '@kernel-mm/pgtable-core';
import type { Answer, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import { type Space, spaceOfKernel } from '../guest-mm.ts';
import type { Findings } from './findings.ts';
import { hex, tellAnswer, tellWalk } from './tell.ts';

/** Compares user reads. */
export function checkTranslated(found: Findings, guest: Guest, process: GuestProcess, space: Space): void {
  for (const { addr, translated } of process.facts)
    if (translated) compare(found, 'qemu_gpa', `${process.name} ${hex(addr)}`, guest, space, addr, translated);
}

/** Compares reads of the kernel, under the root that it had while the guest was idle. */
export function checkKernel(found: Findings, guest: Guest): void {
  const space = spaceOfKernel(guest);
  if (!space) return;
  for (const { addr, translated } of guest.kernel?.facts ?? [])
    compare(found, 'kernel', `kernel ${hex(addr)}`, guest, space, addr, translated);
}

function compare(
  found: Findings,
  kind: string,
  name: string,
  { memory }: Guest,
  { machine, rootOf }: Space,
  addr: Vaddr,
  { paddr }: Answer,
): void {
  const query: Query = { root: rootOf(addr), addr, access: 'read' };
  const got = translate(machine, memory, query);
  const expected = paddr === undefined ? 'a fault' : `physical ${hex(paddr)}`;
  const passed = paddr === undefined ? got.kind === 'fault' : got.kind === 'address' && got.paddr === paddr;
  found.compare(kind, passed, () => ({
    ...{ name, expected, got: tellAnswer(got), walk: tellWalk(machine, memory, query) },
  }));
}
