/** copy_page_range for the neutrality report. */
import {
  bumpAllocator,
  createMm,
  flatMemory,
  type Mm,
  paddr,
  type TableAllocator,
  topLevel,
} from '@kernel-mm/pgtable-core';
import { copyPageRange } from '../walkers/copy-page-range.ts';
import { mmPort } from '../walkers/port.ts';
import type { NeutralCase } from './case.ts';

/** Memory for the child’s tables: its own, at an address that suits every architecture. */
const AT = paddr(0x100_0000n);
const BYTES = 2 ** 22;

function childOf({ arch, ...parent }: Mm): { mm: Mm; tables: TableAllocator } | undefined {
  const tables = bumpAllocator(AT, paddr(AT + BigInt(BYTES)));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(BYTES), AT), tables, topLevel({ arch, ...parent }));
  return mm && { mm: { ...mm, ...(parent.upper && { upper: true }) }, tables };
}

/** A private anonymous mapping is forked. The child’s tables are walked beside the parent’s. */
export const copyPageRangeCase: NeutralCase = {
  walker: 'copy_page_range',
  space: 'mapped',
  run(space, options) {
    const child = childOf(space.mm);
    if (!child) return 'no memory for the child';
    const copy = space.beside({ mm: child.mm, port: mmPort(child.mm, child.tables) });
    const vma = { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true };
    return copyPageRange(space, copy, space.range, vma, options);
  },
};
