/** What an address space is made of, and what faults and migration see of it. */
import type { Arch, Level, Memory, Mm, TableAllocator, Vaddr } from '@kernel-mm/pgtable-core';
import type { Folio } from './folio.ts';
import type { Mapped } from './mapping.ts';
import type { Pages } from './pages.ts';
import type { WalkerOf } from './walkers/port.ts';

/** What an address space is made of. */
export interface AddressSpaceOptions {
  readonly arch: Arch;
  /** Where its tables are, and who gives memory for them. */
  readonly memory: Memory;
  readonly tables: TableAllocator;
  readonly pages: Pages;
  /** The level of the top table, where folding is per process. */
  readonly top?: Level;
  /** The zero page; default: one of its own. */
  readonly zeroPage?: Folio;
}

/** The parts of an address space. */
export interface Space {
  readonly mm: Mm;
  readonly pages: Pages;
  readonly zeroPage: Folio;
  readonly vmas: readonly Mapped[];
  /** The mapping that covers `addr`. */
  vma(addr: Vaddr): Mapped | undefined;
  /** What walkers of these tables work on: the one port that they have. */
  walker(): WalkerOf;
}
