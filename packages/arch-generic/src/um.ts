/** User-mode Linux: tables that no hardware reads, and a bit by which they tell what the host still has to be told. */
import {
  type Arch,
  type ArchSpec,
  address,
  and,
  bits,
  checkObject,
  checkOneOf,
  clear,
  defineArch,
  type Fields,
  has,
  is,
  type LevelSpec,
  lacks,
  not,
  or,
  select,
  set,
  software,
  wrap64,
} from '@kernel-mm/pgtable-core';
import { checkLinux, DEFAULT_LINUX, type LinuxVersion, since } from './linux.ts';
import { type Levels, nop4d, nopmd, nopud } from './nop.ts';

/** Parameters of {@link um}. */
export interface UmOptions {
  /** Levels: `2` (32-bit), `3-64` and `3-32` (up to v6.12), `4` (64-bit, from v6.13 on). */
  readonly levels: '2' | '3-64' | '3-32' | '4';
  /** Up to v6.12 there are two marks, NEWPAGE and NEWPROT; then one, NEEDSYNC. By `levels` unless said otherwise. */
  readonly linux?: LinuxVersion;
}

// arch/um/include/asm/pgtable.h
const [PRESENT, SYNC, NEWPROT, PROTNONE] = [0x1n, 0x2n, 0x4n, 0x10n]; // SYNC is NEWPAGE, later NEEDSYNC
const [RW, USER, ACCESSED, DIRTY] = [0x20n, 0x40n, 0x80n, 0x100n];
const KERNPG_TABLE = PRESENT | RW | ACCESSED | DIRTY;
const none = lacks(wrap64(~SYNC));
const present = has(PRESENT | PROTNONE);

interface Shape extends Pick<ArchSpec, 'entryBytes' | 'va'> {
  readonly id: string;
  levels(pgd: LevelSpec, pte: LevelSpec): Levels;
}
const SHAPES: Readonly<Record<UmOptions['levels'], Shape>> = {
  '2': {
    ...{ id: 'um-2level', entryBytes: 4, va: { extend: 'zero' } },
    levels: (upper, pte) => nopmd({ pgd: { ...upper, bits: 10 }, pte: { ...pte, bits: 10 } }),
  },
  '3-64': {
    ...{ id: 'um-3level-64', va: { extend: 'zero' } },
    levels: (upper, pte) => nopud({ pgd: upper, pmd: upper, pte }),
  },
  // 41 bits of tables for 32 bits of addresses: two entries of the pgd are in use.
  '3-32': {
    ...{ id: 'um-3level-32', entryBytes: 4, va: { extend: 'zero', bits: 32 } },
    levels: (upper, pte) =>
      nopud({ pgd: { ...upper, bits: 10 }, pmd: { ...upper, bits: 10 }, pte: { ...pte, tableBytes: 4096 } }),
  },
  '4': {
    ...{ id: 'um-4level-64', va: { extend: 'zero' } },
    levels: (upper, pte) => nop4d({ pgd: upper, pud: upper, pmd: upper, pte }),
  },
};

/** um. Ids: `um-2level`, `um-3level-64`, `um-3level-32`, `um-4level-64`. A cleared slot still asks for a look of the host. */
export function um(options: UmOptions): Arch {
  checkObject('options', options);
  const { levels, linux = levels === '4' ? '6.13' : DEFAULT_LINUX } = options;
  checkOneOf('levels', levels, Object.keys(SHAPES));
  checkLinux(linux);
  const shape = SHAPES[levels];
  const top = 8 * (shape.entryBytes ?? 8) - 1;
  const newprot = since(linux, '6.13') ? 0n : NEWPROT;
  const fields: Fields = {
    ...{ PRESENT: software(0), [newprot ? 'NEWPAGE' : 'NEEDSYNC']: software(1), PROTNONE: software(4) },
    ...(newprot && { NEWPROT: software(2) }),
    ...{ RW: software(5), USER: software(6), ACCESSED: software(7), DIRTY: software(8), address: address(top, 12) },
  };
  const marked = set(newprot);
  const upper: LevelSpec = {
    bits: 9,
    empty: SYNC,
    table: { fields, base: KERNPG_TABLE | USER },
    is: { none, present: has(PRESENT), bad: not(is(0xfffn & ~USER, KERNPG_TABLE)) },
  };
  const pte: LevelSpec = {
    bits: 9,
    empty: SYNC,
    // As set_pte leaves them: with the marks.
    leaf: {
      fields,
      base: PRESENT | ACCESSED | SYNC | newprot,
      protNone: PROTNONE | ACCESSED | SYNC | newprot,
      rights: { read: [0n, 0n], write: [RW | DIRTY, 0n], exec: [0n, 0n], user: [USER, 0n] },
    },
    // No `exec`: what can be read can be executed.
    is: {
      ...{ none, present, swap: and(not(none), not(present)) },
      ...{ write: and(has(RW), lacks(PROTNONE)), young: has(ACCESSED), dirty: has(DIRTY), user: has(USER) },
    },
    mk: {
      ...{ young: set(ACCESSED), old: clear(ACCESSED), dirty: set(DIRTY), clean: clear(DIRTY) },
      write: select(has(RW), 'entry', or(marked, RW)),
      wrprotect: select(has(RW), and(marked, wrap64(~RW)), 'entry'),
    },
    // `exclusive` since v6.3
    swap: { type: bits(9, 5), offset: bits(top, 11), base: SYNC, exclusive: 0x400n },
  };
  const { id, va, entryBytes } = shape;
  return defineArch({
    ...{ id, pageShift: 12, byteOrder: 'little', va, ...(entryBytes && { entryBytes }) },
    // No register: the address of the pgd.
    fastGup: false,
    root: { fields: { origin: address(top, 12) }, tops: { pgd: { base: 0n, limit: TASK_SIZE[levels] } } },
    levels: shape.levels(upper, pte),
  });
}

/** Up to where the host leaves room; none of them has a fast GUP, which would ask. */
const TASK_SIZE = { '2': 0xc000_0000n, '3-32': 0xc000_0000n, '3-64': 1n << 39n, '4': 1n << 47n } as const;
