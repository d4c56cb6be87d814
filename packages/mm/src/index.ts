/**
 * struct page, address spaces, page faults, and the walkers of mm: what Linux's lockless walkers race with, what serves
 * their slow path, and every walker that a change of pXd_addr_end would touch.
 * @module
 */
export { AddressSpace } from './address-space.ts';
export { Backing, type BackingKind, type BackingOptions } from './backing.ts';
export type { Folio, FolioClass } from './folio.ts';
export type { Mapped, MmapRequest } from './mapping.ts';
export type { NeutralCase, NeutralSpace } from './neutral/case.ts';
export { NEUTRAL_CASES } from './neutral/cases.ts';
export { type FormResult, type NeutralRow, neutralReport } from './neutral/report.ts';
export type { NeutralArch } from './neutral/space.ts';
export { isNeutral, neutralLine, neutralTable } from './neutral/table.ts';
export type { SpaceUsage } from './owner.ts';
export { type PageReport, Pages } from './pages.ts';
export { type MappedAt, Rmap } from './rmap.ts';
export type { AddressSpaceOptions, Space } from './space.ts';
export * from './walkers/index.ts';
