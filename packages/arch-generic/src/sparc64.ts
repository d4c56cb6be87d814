/** sparc64: a tree that only software walks (the TSB-miss handler), and leaves in the form that the TLB takes. */
import {
  type Arch,
  address,
  and,
  bits,
  checkObject,
  checkOneOf,
  clear,
  defineArch,
  type Expr,
  eq,
  type Fields,
  flag,
  has,
  is,
  type LeafFormat,
  type LevelSpec,
  lacks,
  maskOf,
  not,
  or,
  select,
  set,
  software,
  type TableFormat,
} from '@kernel-mm/pgtable-core';
import { nop4d } from './nop.ts';

/** Parameters of {@link sparc64}. */
export interface Sparc64Options {
  /** The form of a leaf: the same kernel serves both, sun4u by its own code, sun4v by instructions patched at boot. */
  readonly cpu?: 'sun4u' | 'sun4v';
}

// arch/sparc/include/asm/pgtable_64.h, by its names. VALID, SPECIAL and HUGE are where they are in both forms.
const common: Fields = { VALID: flag(63), SPECIAL: software(57), HUGE: software(56) };
const CPUS = {
  sun4u: {
    id: 'sparc64',
    top: 42,
    fields: {
      ...common,
      ...{ SZ: bits(62, 61), SZ2: flag(48), EXEC: software(12), MODIFIED: software(11), ACCESSED: software(10) },
      ...{ READ: software(9), WRITE: software(8), PRESENT: software(7), L: flag(6), CP: flag(5), CV: flag(4) },
      ...{ E: flag(3), P: flag(2), W: flag(1) },
    } satisfies Fields as Fields,
    size4M: 0x6000_0000_0000_0000n,
  },
  sun4v: {
    id: 'sparc64-sun4v',
    top: 55,
    fields: {
      ...common,
      ...{ MODIFIED: software(61), ACCESSED: software(60), READ: software(59), WRITE: software(58) },
      ...{ IE: flag(12), E: flag(11), CP: flag(10), CV: flag(9), P: flag(8), EXEC: flag(7), W: flag(6) },
      ...{ PRESENT: software(4), SZ: bits(2, 0) },
    } satisfies Fields as Fields,
    size4M: 3n,
  },
} as const;

/** The bits of a form by the names of {@link CPUS}. */
function maskOfNames(fields: Fields): (...names: readonly string[]) => bigint {
  return (...names) => names.reduce((mask, name) => mask | maskOf(fields[name]!), 0n);
}

/** asm/processor_64.h: all but VPTE_SIZE, which is 2^34 bytes. The hole in the middle, where no address is, lies below it. */
const TASK_SIZE = (1n << 64n) - (1n << 34n);

const none = eq('entry', 0n);
/** A pointer is the bare physical address of a page. */
const directory: LevelSpec['is'] = { none, present: not(none), bad: has(0x1fffn) };

/**
 * sparc64 with 8 KiB pages and 53-bit addresses, by the helpers of Linux v6.4 and later. Ids: `sparc64` is sun4u, the
 * form that the kernel is built in; `sparc64-sun4v` the other. A huge pmd maps 8 MiB, a huge pud 8 GiB.
 */
export function sparc64(options: Sparc64Options = {}): Arch {
  checkObject('options', options);
  const { cpu = 'sun4u' } = options;
  checkOneOf('cpu', cpu, Object.keys(CPUS));
  const { id, top, fields, size4M } = CPUS[cpu];
  const mask = maskOfNames(fields);
  const HUGE = mask('HUGE');
  const table: TableFormat = { fields: { address: address(top, 13) }, base: 0n };
  // page_none lacks VALID and keeps PRESENT.
  const noRight = mask('PRESENT', 'ACCESSED', 'CP', 'CV');
  const leaf = (low: number, size: bigint): LeafFormat => ({
    fields: { ...fields, address: address(top, low) },
    base: mask('VALID') | noRight | size,
    protNone: noRight | size,
    rights: {
      read: [mask('READ'), 0n],
      write: [mask('WRITE', 'MODIFIED', 'W'), 0n],
      exec: [mask('EXEC'), 0n],
      user: [0n, mask('P')],
    },
  });
  const pageReading: LevelSpec['is'] = {
    write: has(mask('WRITE')),
    young: has(mask('ACCESSED')),
    dirty: has(mask('MODIFIED')),
    exec: has(mask('EXEC')),
    user: lacks(mask('P')),
  };
  // pte_access_permitted (pgtable_64.h): P must be set, which no pte of a user has, so that gup_fast takes none of them.
  // A pmd and a pud have the generic form, so that it takes their pages.
  const access: LevelSpec['is'] = {
    accessRead: is(mask('PRESENT', 'P', 'SPECIAL'), mask('PRESENT', 'P')),
    accessWrite: is(mask('PRESENT', 'P', 'SPECIAL', 'WRITE'), mask('PRESENT', 'P', 'WRITE')),
  };
  // The hardware may write where software allows it and the page is dirty (since v6.4; before, wherever it is dirty).
  const withW = (made: bigint, other: bigint): Expr => or(set(made), select(has(other), mask('W'), 0n));
  const mk: LevelSpec['mk'] = {
    ...{ young: set(mask('ACCESSED', 'VALID')), old: clear(mask('ACCESSED', 'VALID')) },
    ...{ dirty: withW(mask('MODIFIED'), mask('WRITE')), clean: clear(mask('MODIFIED', 'W')) },
    ...{ write: withW(mask('WRITE'), mask('MODIFIED')), wrprotect: clear(mask('WRITE', 'W')) },
  };
  const huge = { ...pageReading, ...directory, leaf: has(HUGE) };
  const present = has(mask('PRESENT'));
  return defineArch({
    id,
    pageShift: 13,
    byteOrder: 'big',
    gupFastPermitted: false,
    va: { extend: 'sign' },
    // No register of the processor: the address of the pgd, as the TSB-miss handler finds it.
    root: {
      fields: { origin: address(55, 13) },
      tops: { pgd: { base: 0n, limit: 1n << 52n } },
      taskSizeMax: TASK_SIZE,
    },
    levels: nop4d({
      pgd: { bits: 10, table, is: directory },
      pud: { bits: 10, table, leaf: leaf(33, HUGE), is: huge },
      pmd: { bits: 10, table, leaf: leaf(23, HUGE | size4M), is: huge, mk: { ...mk, huge: set(HUGE | size4M) } },
      pte: {
        ...{ bits: 10, leaf: leaf(13, 0n) },
        is: {
          ...pageReading,
          ...access,
          none,
          present,
          swap: and(not(none), not(present)),
          special: has(mask('SPECIAL')),
        },
        mk: { ...mk, special: set(mask('SPECIAL')) },
        // Since v6.3; before, the type had 8 bits, and nothing said exclusive.
        swap: { type: bits(19, 13), offset: bits(63, 21), base: 0n, exclusive: 0x10_0000n },
      },
    }),
  });
}
