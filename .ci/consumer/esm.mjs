// An ESM consumer of the libraries: the bug of 2020 on three levels of its own making, and the form that survives it.

import { ARCHITECTURES, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { judge, pinPages, VARIANTS } from '@kernel-mm/gup-fast';
import { AddressSpace, Pages } from '@kernel-mm/mm';
import { bumpAllocator, createMm, flatMemory, map, paddr, vaddr, walk } from '@kernel-mm/pgtable-core';
import { checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';

const prot = { read: true, write: true, exec: false, user: true };
const spaceOf = (arch, top) => {
  const tables = bumpAllocator(paddr(0x10000n), paddr(0x80000n));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(0x80000)), tables, top);
  for (const [addr, frame] of [
    [0x7fff_f000n, 1n << 32n],
    [0n, 1n << 33n],
  ])
    map(mm, tables, { addr: vaddr(addr), paddr: paddr(frame), size: 0x2000n, prot });
  return mm;
};
const frames = (mm, name) =>
  judge(mm, VARIANTS[name].stepper, vaddr(0x7fff_f000n), vaddr(0x8000_1000n)).leaves.map(({ paddr: p }) => p);
const expect = (what, got, expected) => {
  if (String(got) !== String(expected)) throw new Error(`${what}: ${got}, not ${expected}`);
};

const mm = spaceOf(s390(), topOf(3));
const right = [1n << 32n, (1n << 32n) + 0x1000n];
expect('walk', walk(mm, vaddr(0x8000_0123n)).result.paddr, (1n << 32n) + 0x1123n);
expect('stackCopy', frames(mm, 'stackCopy'), [1n << 32n, 1n << 33n]);
expect('offsetLockless', frames(mm, 'offsetLockless'), right);
expect('x86, stackCopy', frames(spaceOf(x86({ paging: '4-level' }), 'pgd'), 'stackCopy'), right);

// The whole call: two pages that a fault brings, pinned and given back.
const pages = new Pages(0x1000, 64);
const tables = bumpAllocator(paddr(0x10000n), paddr(0x80000n));
const space = new AddressSpace({
  arch: x86({ paging: '4-level' }),
  memory: flatMemory(new ArrayBuffer(0x80000)),
  tables,
  pages,
});
space.mmap({ addr: vaddr(0x40_0000n), size: 0x2000n, write: true });
const dma = pinPages(space.gup(), vaddr(0x40_0000n), 2, { write: true });
expect('pinned', [...dma], [0x1001, 0x1002]);
dma.release();
expect('counts', [pages.folio(0x1001).refs, pages.reports.length], [1, 0]);

// A vector of one's own: a read-only page, written.
const entries = [
  ['0x1000', '0x2001'],
  ['0x2000', '0x3001'],
  ['0x3000', '0x9001'],
];
const fault = {
  name: 'ro',
  root: '0x1000',
  va: '0x567',
  access: 'write',
  entries,
  expect: { fault: 'page-fault', code: '0x3' },
};
const file = { format: 'kernel-mm/walk-vectors@1', arch: 'x86-pae', context: { wp: true }, cases: [fault] };
const outcomes = checkWalkVectors(file, (id) => ARCHITECTURES[id]?.());
expect(
  'vectors',
  outcomes.map(({ passed, differences }) => passed || differences),
  true,
);
