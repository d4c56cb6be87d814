/** s390 dynamic address translation as the hardware does it: the exceptions in the order of the Principles of Operation. */
import {
  type Access,
  type Arch,
  addressOf,
  and,
  type Begin,
  type Expr,
  eq,
  type FaultRule,
  type Hardware,
  has,
  type Level,
  type LevelReading,
  lt,
  type Mmu,
  not,
  or,
  type PageReading,
  type Query,
  shr,
  type Table,
  type Taking,
} from '@kernel-mm/pgtable-core';
import { largeFrame, page, regionTable, segmentTable, TT } from './dat.ts';

/** The machine state that DAT consults. Defaults: the facilities of a z14 or later, all of which Linux switches on. */
export interface DatState {
  /** PSW bit 5; without it an address is real. */
  readonly dat: boolean;
  /** Enhanced-DAT facility 1, and its control: 1 MiB frames, and protection by region entries. */
  readonly edat1: boolean;
  /** Enhanced-DAT facility 2: 2 GiB frames, and common regions. */
  readonly edat2: boolean;
  /** Instruction-execution protection, and its control. */
  readonly iep: boolean;
  /** The prefix register: real addresses 0 to 8191 and those of the prefix area change places. */
  readonly prefix: bigint;
  /** Bytes of configured storage; a page beyond raises an addressing exception. Default: 2^64. */
  readonly storage: bigint;
}

/** Program-interruption codes by the names of the exceptions. */
const CODES = {
  protection: 0x04n,
  addressing: 0x05n,
  'segment-translation': 0x10n,
  'page-translation': 0x11n,
  'translation-specification': 0x12n,
  'asce-type': 0x38n,
  'region-first-translation': 0x39n,
  'region-second-translation': 0x3an,
  'region-third-translation': 0x3bn,
} as const;
type Exception = keyof typeof CODES;

/** Where each table's index lies in the address, and the exception that speaks of that table. */
const TABLES = {
  pgd: { type: 3n, shift: 53n, exception: 'region-first-translation' },
  p4d: { type: 2n, shift: 42n, exception: 'region-second-translation' },
  pud: { type: 1n, shift: 31n, exception: 'region-third-translation' },
  pmd: { type: 0n, shift: 20n, exception: 'segment-translation' },
} as const satisfies Partial<Record<Level, { type: bigint; shift: bigint; exception: Exception }>>;
type TableLevel = keyof typeof TABLES;
const BY_TYPE = ['pmd', 'pud', 'p4d', 'pgd'] as const;

const PRIVATE = not(eq(and('root', 0x100n), 0n));
const REAL_SPACE = 0x20n;
const INVALID = 0x20n;
const COMMON = 0x10n;
const PROTECT = 0x200n;
const FORMAT_CONTROL = 0x400n;
const IEP = 0x100n;

/** The first two bits of the index into the table at `level`, which table offset and length are compared with. */
const first = (level: TableLevel): Expr => and(shr('addr', TABLES[level].shift + 9n), 3n);
const TF: Expr = and(shr('entry', 6n), 3n);
const TL: Expr = and('entry', 3n);

const rule = (when: Expr, kind: Exception, why: string): FaultRule => ({ when, kind, why });

/** I, then the type, then what the level adds: an invalid entry is never looked at further. */
const entryRules = (level: TableLevel, more: readonly FaultRule[]): FaultRule[] => [
  rule(has(INVALID), TABLES[level].exception, 'I = 1'),
  rule(not(eq(TT, TABLES[level].type)), 'translation-specification', `TT is not ${TABLES[level].type}`),
  ...more,
];

/** TF and TL of an entry speak of the table below, and so does the exception. */
const lengthRules = (below: TableLevel, table: Expr): FaultRule[] => [
  rule(and(table, lt(first(below), TF)), TABLES[below].exception, 'the index lies before TF'),
  rule(and(table, lt(TL, first(below))), TABLES[below].exception, 'the index lies beyond TL'),
];

const taking = (mask: bigint, right: Access, why: string): Taking => ({ when: has(mask), rights: [right], why });
const protects: readonly Taking[] = [taking(PROTECT, 'write', 'P = 1')];

/** Real to absolute: the first 8 KiB and the 8 KiB at the prefix change places. */
export function prefixed(prefix: bigint, real: bigint): bigint {
  const area = real & ~0x1fffn;
  if (area === 0n) return real + prefix;
  return area === prefix ? real - prefix : real;
}

/**
 * The DAT of s390. Its state is that of the vectors (`edat1`, `edat2`, `iep`), and `dat`, `prefix` and `storage`.
 * Without EDAT the format control and the protection of region entries are ignored.
 */
export const s390Mmu = (arch: Arch): Mmu<DatState> => ({
  arch,
  defaults: { dat: true, edat1: true, edat2: true, iep: true, prefix: 0n, storage: 1n << 64n },
  limits: { storage: [0n, 1n << 64n] },
  hardware: datOf,
});

function datOf({ dat, edat1, edat2, iep, prefix, storage }: DatState): Hardware {
  const large = (enabled: boolean): Expr => (enabled ? has(FORMAT_CONTROL) : 0n);
  const region = (below: TableLevel, table: Expr = 1n): Omit<LevelReading, 'leaf'> => {
    const level = BY_TYPE[Number(TABLES[below].type) + 1] as TableLevel;
    return {
      rules: entryRules(level, lengthRules(below, table)),
      table: { base: addressOf(regionTable), takes: edat1 ? protects : [] },
    };
  };
  const pageOf = (base: Expr): PageReading => ({
    base,
    takes: iep ? [...protects, taking(IEP, 'execute', 'IEP = 1')] : protects,
  });
  const common = (enabled: boolean): FaultRule[] =>
    enabled ? [rule(and(has(COMMON), PRIVATE), 'translation-specification', 'a common entry in a private space')] : [];
  const isLarge = large(edat2);
  const third = region('pmd', not(isLarge));
  const frame = addressOf(page);

  return {
    unreadable: 'addressing',
    fault: (kind) => ({ name: kind, code: CODES[kind as Exception] }),
    levels: {
      pgd: { ...region('p4d'), leaf: 0n },
      p4d: { ...region('pud'), leaf: 0n },
      pud: {
        ...third,
        rules: [...third.rules.slice(0, 2), ...common(edat2), ...third.rules.slice(2)],
        leaf: isLarge,
        ...(isLarge !== 0n && { page: pageOf(addressOf(largeFrame(31))) }),
      },
      pmd: {
        rules: entryRules('pmd', common(true)),
        leaf: large(edat1),
        table: { base: addressOf(segmentTable), takes: protects },
        ...(edat1 && { page: pageOf(addressOf(largeFrame(20))) }),
      },
      pte: {
        rules: [
          rule(has(0x400n), 'page-translation', 'I = 1'),
          rule(has(0x800n), 'translation-specification', 'bit 52 is not 0'),
        ],
        leaf: 1n,
        page: pageOf(prefix === 0n ? frame : prefixedExpr(frame, prefix)),
      },
    },
    begin: (query) => (dat ? begin(query, prefix) : real(query, prefix)),
    settle({ query: { access }, paddr, taken }) {
      if (taken.some(({ right }) => right === access))
        return { kind: 'refused', fault: 'protection', why: `${access} is not allowed` };
      if (paddr >= storage) return { kind: 'refused', fault: 'addressing', why: 'the page lies outside storage' };
      return { kind: 'done', updates: [] };
    },
  };
}

const prefixedExpr = (frame: Expr, prefix: bigint): Expr => {
  const area = and(frame, ~0x1fffn & 0xffff_ffff_ffff_ffffn);
  const offset = and(frame, 0x1fffn);
  return ['select', eq(area, 0n), or(offset, prefix), ['select', eq(area, prefix), offset, frame]];
};

/** A real address, one page at a time: prefixing moves two of them. */
const real = ({ addr }: Pick<Query, 'addr'>, prefix: bigint): Begin => ({
  ...{ kind: 'page', base: prefixed(prefix, addr & ~0xfffn), shift: 12 },
});

/** The designation: real space needs no walk; else every index above the table must be 0, and TL must reach it. */
function begin({ root, addr }: Query, prefix: bigint): Begin {
  if (root & REAL_SPACE) return real({ addr }, prefix);
  const level = BY_TYPE[Number((root >> 2n) & 3n)] as TableLevel;
  const { shift, exception } = TABLES[level];
  const table: Table = { level, base: root & ~0xfffn, shift: Number(shift), bits: 11 };
  if (addr >> (shift + 11n))
    return {
      kind: 'refused',
      fault: 'asce-type',
      why: `the address needs a higher table than DT = ${(root >> 2n) & 3n}`,
    };
  if (addr >> (shift + 9n) > (root & 3n)) return { kind: 'refused', fault: exception, why: 'the index lies beyond TL' };
  return { kind: 'table', ...table };
}
