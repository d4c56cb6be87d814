/** kasan_add_zero_shadow and kasan_remove_zero_shadow (v5.8): the same for memory, of which every eight bytes have one of shadow. */
import { type Vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import type { EarlyShadow } from './early-shadow.ts';
import { type Populated, populateEarlyShadow } from './kasan.ts';
import { type Removed, type RemoveOptions, removeEarlyShadow } from './kasan-remove.ts';
import { needs } from './needs.ts';
import type { Range, WalkerOf } from './port.ts';
import type { WalkerOptions } from './walk.ts';

/** Bytes of memory for one byte of shadow, as a shift. */
const SCALE_SHIFT = 3n;

/** Memory, and where its shadow is. */
export interface ShadowedMemory {
  /** Multiples of eight pages, each of them. */
  readonly start: Vaddr;
  readonly size: bigint;
  /** KASAN_SHADOW_OFFSET: the shadow of address 0. */
  readonly offset: bigint;
}

/** kasan_mem_to_shadow, of a range. */
export function shadowOf({ start, size, offset }: ShadowedMemory): Range {
  const shadow = (start >> SCALE_SHIFT) + offset;
  return { start: vaddrWrap(shadow), end: vaddrWrap(shadow + (size >> SCALE_SHIFT)) };
}

/** Whether the shadow has whole pages. */
const isWhole = ({ mm }: WalkerOf, { start, size }: ShadowedMemory): boolean =>
  ((start | size) & ((mm.arch.geometry.pte.size << SCALE_SHIFT) - 1n)) === 0n;

/** What was added. */
export type Added = Populated | { readonly error: 'EINVAL' };

/**
 * Populates the shadow of memory. Where that fails, what is there shall go again; but the kernel hands the shadow's
 * address on as the memory's, so that it removes from the shadow of the shadow.
 */
export function addZeroShadow(
  walker: WalkerOf,
  memory: ShadowedMemory,
  shadow: EarlyShadow,
  options: WalkerOptions = {},
): Added {
  needs({ walker, memory, shadow });
  if (!isWhole(walker, memory)) return { error: 'EINVAL' };
  const range = shadowOf(memory);
  const populated = populateEarlyShadow(walker, range, shadow, options);
  if (populated.error)
    removeZeroShadow(walker, { ...memory, start: range.start, size: memory.size >> SCALE_SHIFT }, shadow, options);
  return populated;
}

/** Removes the shadow of memory; `undefined`, with a warning and nothing done, where that has no whole pages. */
export function removeZeroShadow(
  walker: WalkerOf,
  memory: ShadowedMemory,
  shadow: EarlyShadow,
  options: RemoveOptions = {},
): Removed | undefined {
  needs({ walker, memory, shadow });
  return isWhole(walker, memory) ? removeEarlyShadow(walker, shadowOf(memory), shadow, options) : undefined;
}
