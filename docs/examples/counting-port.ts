/** How often each form of gup_fast reads the tables, and its own stack, in worked example A: counted by its port. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { memoryPort, type Port, VARIANTS, walkLockless } from '@kernel-mm/gup-fast';
import { vaddr } from '@kernel-mm/pgtable-core';
import { spaceWith } from './space.ts';

const mm = spaceWith(s390(), topOf(3), [0n, 0x7fff_e000n]);

for (const [name, { stepper }] of Object.entries(VARIANTS)) {
  const reads = { memory: 0, stack: 0 };
  const quiet = memoryPort(mm);
  const port: Port = {
    stack: quiet.stack,
    readOnce(slot) {
      reads[slot.space]++;
      return quiet.readOnce(slot);
    },
  };
  walkLockless(mm, vaddr(0x7fff_e000n), vaddr(0x8000_2000n), { stepper, port });
  console.log(`${name.padEnd(20)}  ${reads.memory} reads of tables, ${reads.stack} of the stack`);
}
