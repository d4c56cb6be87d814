/**
 * struct page, address spaces and page faults: what Linux's lockless walkers race with, and what serves their slow path.
 * @module
 */
export { AddressSpace, type AddressSpaceOptions } from './address-space.ts';
export { Backing, type BackingKind, type BackingOptions } from './backing.ts';
export type { Folio, FolioClass } from './folio.ts';
export { LeafTable, type LeafWish } from './leaf-table.ts';
export type { Mapped, MmapRequest } from './mapping.ts';
export type { NeutralCase, NeutralSpace } from './neutral/case.ts';
export { NEUTRAL_CASES } from './neutral/cases.ts';
export { type FormResult, type NeutralRow, neutralReport } from './neutral/report.ts';
export type { NeutralArch } from './neutral/space.ts';
export { isNeutral, neutralLine, neutralTable } from './neutral/table.ts';
export { type PageReport, Pages } from './pages.ts';
export type { Space } from './space.ts';
export { FORMS, type Form } from './walkers/forms.ts';
export { type Flushed, Gather, type GatherOptions } from './walkers/gather.ts';
export { type MmPort, mmPort, type Range, type TableCounts, type TableFreeing, type WalkerOf } from './walkers/port.ts';
export type { Outside, WalkerOptions } from './walkers/walk.ts';
