/** All walkers on one page, by the kernel's names. */
export {
  type Applied,
  type ApplyExistingOptions,
  type ApplyOptions,
  applyToExistingPageRange,
  applyToPageRange,
  type PteFn,
} from './apply.ts';
export { type Collapsed, type CollapseOptions, collapseHugePmd } from './collapse.ts';
export { type Copied, copyPageRange } from './copy-page-range.ts';
export type { ForkedVma } from './copy-pte.ts';
export { type EarlyShadow, earlyShadow } from './early-shadow.ts';
export { FORMS, type Form } from './forms.ts';
export { type Bounds, type Freed, type FreedVma, freePgdRange, freePgtables } from './free-pgtables.ts';
export { type Flushed, Gather, type GatherOptions } from './gather.ts';
export { pagesOfGather } from './gather-options.ts';
export { type IoremapOptions, type Ioremapped, ioremapPageRange } from './ioremap.ts';
export { type Populated, type PopulateOptions, populateEarlyShadow } from './kasan.ts';
export { type Removed, type RemoveOptions, removeEarlyShadow } from './kasan-remove.ts';
export { type Added, addZeroShadow, removeZeroShadow, type ShadowedMemory, shadowOf } from './kasan-zero.ts';
export type { Losing, Lost } from './lost.ts';
export { type AdviseOptions, madviseCold, madviseFree } from './madvise.ts';
export type { Advice, Advised, AdvisedPage, AdvisePages, AdviseVma } from './madvise-pages.ts';
export type { Blocked, Occupied } from './making.ts';
export { type MappingPort, type MmCounters, quietMapping } from './mapping-port.ts';
export { type Migration, makeMigration, migrationOf } from './migration.ts';
export { type Munlocked, munlock } from './mlock.ts';
export { cropToTable, type Filled, type MunlockOptions, munlockFill } from './mlock-fill.ts';
export type { MlockPage, MlockPages } from './mlock-page.ts';
export { MODIFIED, type SyncOptions } from './modified.ts';
export { changeProtection, type Protected, type ProtectOptions } from './mprotect.ts';
export {
  type NovmaOptions,
  type PagewalkOptions,
  walkPageRange,
  walkPageRangeNovma,
  walkPageVma,
} from './pagewalk.ts';
export type { Action, Hole, Verdict, WalkAt, Walked, WalkFailure, WalkOps, WalkVma } from './pagewalk-ops.ts';
export {
  type MappedRange,
  type MmapLock,
  type MmPort,
  mmPort,
  type Range,
  type TableCounts,
  type TableFreeing,
  type WalkerOf,
} from './port.ts';
export { type RemapOptions, type Remapped, type RemapRequest, remapPfnRange, type VmaFlag } from './remap.ts';
export type { NoProgress } from './repeats.ts';
export { protOf } from './rights.ts';
export { type HugeOf, splitHugePmd, splitHugePud } from './split.ts';
export { type SwapKind, swapKindOf } from './swap-kinds.ts';
export { isOnDevice, SWAP_TYPES } from './swap-types.ts';
export { type SwapDevice, type Unused, type UnuseVma, unuseVma } from './swapoff.ts';
export type { UpperStep } from './tables.ts';
export { type Upgraded, upgradeLevels } from './upgrade.ts';
export { type VmapOptions, type Vmapped, vmap, vmapNoflush } from './vmap.ts';
export { type Vunmapped, vunmap, vunmapNoflush } from './vunmap.ts';
export type { Outside, PteStep, WalkerOptions } from './walk.ts';
export { unmapPageRange, unmapSingleVma, type ZapOptions, type Zapped, zapPageRange } from './zap.ts';
export type { ZapDetails } from './zap-pte.ts';
