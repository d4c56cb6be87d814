/** One access as the MMU sees it, and the rights to do it. */
import type { Vaddr } from './brand.ts';
import type { Level } from './level.ts';

/** What is done with the byte. */
export type Access = 'read' | 'write' | 'execute';

/** What one privilege may do. */
export type Rights = Readonly<Record<Access, boolean>>;

/** One access as the MMU sees it: the root register, the virtual address, and what is to be done there. */
export interface Query {
  /** The root register’s value (CR3, satp, TTBR, ASCE). */
  readonly root: bigint;
  /** The virtual address of the byte. */
  readonly addr: Vaddr;
  readonly access: Access;
}

/** A right that is gone, and who took it. */
export interface Taken {
  /** What can no longer be done. */
  readonly right: Access;
  /** The level of the entry that took it. */
  readonly level: Level;
  readonly why: string;
}
