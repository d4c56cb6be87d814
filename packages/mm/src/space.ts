/** What faults and migration see of an address space. */
import type { Mm, Vaddr } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import type { LeafTable } from './leaf-table.ts';
import type { Mapped } from './mapping.ts';
import type { Pages } from './pages.ts';

/** The parts of an address space. */
export interface Space {
  readonly mm: Mm;
  readonly pages: Pages;
  readonly leaves: LeafTable;
  readonly zeroPage: Folio;
  readonly vmas: readonly Mapped[];
  /** The mapping that covers `addr`. */
  vma(addr: Vaddr): Mapped | undefined;
}
