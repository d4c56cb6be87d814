/** arm short descriptors: a pgd_t is two hardware words, and beside each of Linux's ptes stands the hardware's. */
import {
  type Arch,
  add,
  address,
  and,
  bits,
  clear,
  defineArch,
  type Expr,
  eq,
  flag,
  has,
  is,
  type LevelSpec,
  lacks,
  not,
  or,
  select,
  set,
  shl,
  shr,
  software,
} from '@kernel-mm/pgtable-core';
import { ARM, armSwap, pteAccess, swappedOut, TASK_SIZE } from './arm.ts';
import { nopmd } from './nop.ts';

// Linux's own pte: arch/arm/include/asm/pgtable-2level.h. VALID is PRESENT. There is no special bit, so no fast GUP.
const [VALID, YOUNG, DIRTY, RDONLY, USER, XN, NONE] = [0x1n, 0x2n, 0x40n, 0x80n, 0x100n, 0x200n, 0x800n];
const SHARED_CACHED = 0x41cn; // SHARED, and the memory type WRITEALLOC

/**
 * The hardware's pte, as cpu_v7_set_pte_ext derives it: small page with AP[0]; TEX[0], APX, AP[1], nG and XN by Linux's
 * bits. Writable only where dirty; nothing at all where Linux wants to see the access (old, PROT_NONE).
 */
const hardwarePte: Expr = select(
  or(not(is(VALID | YOUNG, VALID | YOUNG)), has(NONE)),
  0n,
  [
    shl(and('entry', 0x10n), 2n),
    select(is(RDONLY | DIRTY, DIRTY), 0n, 0x200n),
    shr(and('entry', USER), 3n),
    shl(and('entry', USER), 3n),
    shr(and('entry', XN), 9n),
  ].reduce(or, or(and('entry', 0xffff_fc0cn), 0x12n)),
);

const pte: LevelSpec = {
  bits: 9,
  // Two hardware tables of 256 entries follow Linux's 512.
  shadow: { at: 2048, value: hardwarePte },
  leaf: {
    fields: {
      VALID: flag(0),
      YOUNG: software(1),
      MT: bits(5, 2, 'software'),
      DIRTY: software(6),
      RDONLY: software(7),
      USER: software(8),
      XN: software(9),
      SHARED: software(10),
      NONE: software(11),
      address: address(31, 12),
    },
    base: VALID | YOUNG | SHARED_CACHED,
    protNone: VALID | YOUNG | SHARED_CACHED | RDONLY | XN | NONE,
    rights: { read: [0n, 0n], write: [DIRTY, RDONLY], exec: [0n, XN], user: [USER, 0n] },
  },
  is: {
    none: eq('entry', 0n),
    present: has(VALID),
    swap: swappedOut(has(VALID)),
    write: lacks(RDONLY),
    young: has(YOUNG),
    dirty: has(DIRTY),
    exec: lacks(XN),
    user: has(USER),
    ...pteAccess({ PRESENT: VALID, USER, RDONLY }),
  },
  mk: {
    ...{ young: set(YOUNG), old: clear(YOUNG), dirty: set(DIRTY), clean: clear(DIRTY) },
    ...{ write: clear(RDONLY), wrprotect: set(RDONLY), special: 'entry' },
  },
  swap: armSwap,
};

const SECTION = 0x2n;
/** The second word of a pair: the next MiB of memory, or the second of the two hardware tables in the page. */
const secondWord: Expr = select(eq('entry', 0n), 0n, add('entry', select(has(SECTION), 0x10_0000n, 0x400n)));

const pgd: LevelSpec = {
  bits: 11,
  slotBytes: 8,
  shadow: { at: 4, value: secondWord },
  table: {
    fields: {
      type: bits(1, 0, 'type'),
      PXN: flag(2),
      NS: flag(3),
      BIT4: software(4),
      domain: bits(8, 5),
      // The hardware's table lies 2 KiB into the page whose first half is Linux's.
      half: bits(11, 10, 'type'),
      address: address(31, 12),
    },
    base: 0x831n, // the user's domain is 1
  },
  // A pair of sections, as the kernel maps its memory. For user space Linux makes sections with LPAE only.
  leaf: {
    fields: {
      PXN: flag(0),
      type: bits(1, 1, 'type'),
      ...{
        B: flag(2),
        C: flag(3),
        XN: flag(4),
        domain: bits(8, 5),
        AP: bits(11, 10),
        TEX: bits(14, 12),
        APX: flag(15),
      },
      ...{ S: flag(16), nG: flag(17), super: bits(18, 18, 'type'), NS: flag(19), address: address(31, 20) },
    },
    base: 0x1_140en, // shared, write-allocate, AP[0]
    protNone: 0x1_101en, // AP 000: no access
    rights: { read: [0n, 0n], write: [0n, 0x8000n], exec: [0n, 0x10n], user: [0x820n, 0n] },
  },
  // pmd_bad and pmd_leaf are the same test.
  is: { none: eq('entry', 0n), present: not(eq('entry', 0n)), bad: has(SECTION), leaf: has(SECTION) },
};

/**
 * 32-bit arm with short descriptors, by the helpers of Linux v6.12. Id: `arm-short`. An entry is 4 bytes, a slot of the
 * pgd is 8: Linux reads the first word of the pair. What it writes, `writeEntry` also writes for the hardware.
 */
export function armShort(): Arch {
  return defineArch({
    ...ARM,
    id: 'arm-short',
    fastGup: false, // only LPAE has it: there is no bit for special
    entryBytes: 4,
    root: {
      fields: {
        ...{ IRGN1: flag(0), S: flag(1), RGN: bits(4, 3), NOS: flag(5), IRGN0: flag(6) },
        origin: address(31, 14),
      },
      tops: { pgd: { base: 0x6an, limit: TASK_SIZE } }, // cpu_v7_switch_mm: walks are cached and shared
    },
    levels: nopmd({ pgd, pte }),
  });
}
