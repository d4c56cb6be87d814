/** mmap_assert_locked and mmap_assert_write_locked: mappings may not change while a walker goes by them. */
import { UsageError } from '@kernel-mm/pgtable-core';
import type { MmapLock, WalkerOf } from './port.ts';

const RANK: Readonly<Record<MmapLock, number>> = { none: 0, read: 1, write: 2 };

/** @throws UsageError `locking` where the caller does not hold mmap_lock at least so: a BUG in Linux */
export function assertMmapLock({ port }: WalkerOf, least: 'read' | 'write'): void {
  if (RANK[port.mmapLock()] < RANK[least])
    throw new UsageError('locking', 'mmapLock', `mmap_lock to be held for ${least === 'read' ? 'reading' : 'writing'}`);
}
