/**
 * s390: 2 to 5 levels of page tables, folded per process by the entries themselves.
 * @module
 */
export { asceLimit, type Levels, levelsOf, topOf } from './asce.ts';
export { asce, largeFrame, page, regionTable, segmentTable, TT } from './dat.ts';
export { type Layout, SOFTWARE, type SoftwareBits, softwareFields } from './layout.ts';
export { type DatState, prefixed, s390Mmu } from './mmu.ts';
export { type S390FromRegisters, type S390Registers, s390FromRegisters } from './registers.ts';
export { type S390Options, s390 } from './s390.ts';
