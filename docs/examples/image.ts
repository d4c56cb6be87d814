/** Memory of a real guest: what its program has mapped, one address by both readings, and why another one faults. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { x86, x86Mmu } from '@kernel-mm/arch-generic';
import {
  explain,
  explainText,
  machine,
  mmFromRoot,
  pictureOf,
  ranges,
  translate,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { readGuest } from '@kernel-mm/pgtable-core/guest';

// #region load
const unzipped = (name: string): Buffer =>
  gunzipSync(readFileSync(new URL(`../../fixtures/guests/${name}`, import.meta.url)));
const bytes = new Uint8Array(unzipped('x86_64-l4-1.mem.gz'));
const guest = readGuest(JSON.parse(unzipped('x86_64-l4-1.json.gz').toString()), bytes);
const root = guest.processes[0]!.registers.cr3!;
// #endregion load

// #region walk
const arch = x86({ paging: '4-level', linux: '6.1' });
const mm = mmFromRoot(arch, guest.memory, root);
console.log(pictureOf(mm, walk(mm, vaddr(0x40_1123n))));
// #endregion walk

// #region ranges
const hardware = machine(x86Mmu(arch), { user: true });
let shown = 0;
for (const part of ranges(hardware, guest.memory, root, { merge: 'size' })) {
  if (part.kind !== 'mapped') continue;
  const { read, write, execute } = part.user;
  const rights = `${read ? 'r' : '-'}${write ? 'w' : '-'}${execute ? 'x' : '-'}`;
  console.log(`0x${part.start.toString(16)} to 0x${part.end.toString(16)} ${rights} at 0x${part.paddr.toString(16)}`);
  if (++shown === 5) break;
}
// #endregion ranges

// #region translate
const query = { root, addr: vaddr(0x40_1123n), access: 'write' } as const;
console.log(translate(hardware, guest.memory, query).kind);
console.log(explainText(explain(hardware, guest.memory, query)));
// #endregion translate
