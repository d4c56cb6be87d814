/** mprotect across 2 GiB of an s390 process with 3 levels, in both forms: the same result, and what the second one costs. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { changeProtection, FORMS, type Form, mmPort } from '@kernel-mm/mm';
import { bumpAllocator, paddr, vaddr } from '@kernel-mm/pgtable-core';
import { spaceWith } from './space.ts';

// #region forms
const range = { start: vaddr(0x7fff_e000n), end: vaddr(0x8000_2000n) };
const prot = { read: true, write: false, exec: false, user: true };
for (const form of Object.keys(FORMS) as Form[]) {
  const mm = spaceWith(s390(), topOf(3), [range.start]);
  const port = mmPort(mm, bumpAllocator(paddr(0n), paddr(0n))); // tables that no AddressSpace owns; none is made
  const visits: string[] = [];
  const onStep = ({ slot, addr }: { slot: { level: string }; addr: bigint }) =>
    void visits.push(`${slot.level} ${addr.toString(16)}`);
  const { changed } = changeProtection({ mm, port }, range, prot, { form, onStep });
  console.log(`${form}: ${changed} pages changed; ${visits.join(', ')}`);
}
// #endregion forms
