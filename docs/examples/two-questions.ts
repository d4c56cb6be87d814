/** The two questions at every level of a 3-level s390 process: where do I step down to, and where does this slot end? */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { entry, isUpper, pXdAddrEnd, pXdAddrEndOf, pXdOffset, vaddr, walk } from '@kernel-mm/pgtable-core';
import { spaceWith } from './space.ts';

const mm = spaceWith(s390(), topOf(3), [0x7fff_e000n]);
const [addr, end] = [vaddr(0x7fff_e000n), vaddr(0x8000_2000n)];
const hex = (value: bigint) => `0x${value.toString(16)}`.padEnd(12);

console.log('level  pointer      pXd_offset   ends by level  ends by entry');
for (const step of walk(mm, addr).steps) {
  const { level, slot } = step;
  if (!isUpper(level)) continue;
  const value = entry(level, step.entry);
  const down = pXdOffset(mm, { ...slot, level }, value, addr);
  const ends = [pXdAddrEnd(mm, level, addr, end), pXdAddrEndOf(mm, level, value, addr, end)].map(hex);
  console.log(`${level}    ${hex(slot.addr)} ${hex(down.addr)} ${ends.join('   ')}`.trimEnd());
}
