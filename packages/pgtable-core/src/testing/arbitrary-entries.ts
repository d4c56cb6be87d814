/** Entries for property tests: leaves of any frame and rights, and swapped pages. */
import fc from 'fast-check';
import type { Prot, SwapFormat } from '../arch.ts';
import { paddr } from '../brand.ts';
import { makeLeaf, type Swap } from '../codec.ts';
import type { Entry } from '../entry.ts';
import { gather } from '../field.ts';
import type { Arch } from '../geometry.ts';
import type { Level } from '../level.ts';

/**
 * What Linux makes of the 16 combinations of VM_READ, VM_WRITE, VM_EXEC and VM_SHARED: what is writable is readable, and
 * private pages are not writable before they are copied.
 */
export const PROTECTIONS: readonly Prot[] = Array.from({ length: 16 }, (_, vm) => {
  const [read, write, exec, shared] = [1, 2, 4, 8].map((flag) => (vm & flag) !== 0) as [
    boolean,
    boolean,
    boolean,
    boolean,
  ];
  return { read: read || write, write: write && shared, exec, user: true };
});

/** A leaf of this level as it is made, of any frame that it can hold but frame 0, which s390's pud_present takes for none. */
export function arbitraryLeaf(arch: Arch, level: Level, prot: Prot): fc.Arbitrary<Entry> {
  const fields = arch.spec.levels[level].leaf?.fields ?? {};
  const { size } = arch.geometry[level];
  return fc.bigInt(0n, 2n ** 64n - 1n).map((word) => {
    const made = makeLeaf(arch, level, paddr(gather(fields, word) & ~(size - 1n) || size), prot);
    if (made === undefined) throw new Error(`no ${level} leaf can be made`);
    return made;
  });
}

/** The highest page number of a swap entry. No device is so large; stored inverted (x86) it is 0. */
export const lastPage = ({ offset: { hi, lo } }: SwapFormat): bigint => (1n << BigInt(hi - lo + 1)) - 1n;

/** A swapped page. Page 0 of a device is its header. */
export const arbitrarySwap = (swap: SwapFormat): fc.Arbitrary<Swap> =>
  fc.record({
    type: fc.bigInt(0n, (1n << BigInt(swap.type.hi - swap.type.lo + 1)) - 1n),
    offset: fc.bigInt(1n, lastPage(swap) - 1n),
  });
