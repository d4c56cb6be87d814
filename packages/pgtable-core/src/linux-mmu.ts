/** The kernel's reading served as an MMU: for tables that only software walks, and for an architecture without one yet. */
import type { LevelSpec } from './arch.ts';
import { leafShift } from './bounds.ts';
import { wrap64 } from './brand.ts';
import { ArchError } from './errors.ts';
import { add, and, type Expr, eq, not, sameExpr, select, shl, shr, truth, xor } from './expr.ts';
import { addressMask, addressOf, gather } from './field.ts';
import { isAlwaysFolded, readAs } from './fold.ts';
import type { Arch } from './geometry.ts';
import type { Access, Begin, FaultRule, Hardware, LevelReading, Mmu, Query, Taking } from './hardware.ts';
import { below, isUpper, LEVELS, type Level } from './level.ts';
import { isTranslatable, topOfRoot, translatedBits, typeMask } from './mm.ts';

/** What {@link linuxMmu} consults. */
export interface LinuxState {
  /** Whether the access comes from user space. */
  readonly user: boolean;
}

/**
 * An MMU that believes what Linux's helpers say: `none`, `not-present` and `bad` are faults of these names, without a
 * code, in the order in which `walk` asks; `write`, `exec`, `user` and `protnone` are rights, `protection` the fault
 * where one is missing. A right whose helper the definition leaves out is granted. Nothing is written back.
 *
 * Folded levels are served where `walk` meets them: always folded, or above the top table that the root names.
 */
export const linuxMmu = (arch: Arch): Mmu<LinuxState> => ({
  arch,
  defaults: { user: false },
  hardware: (state) => hardwareOf(arch, state),
});

function hardwareOf(arch: Arch, { user }: LinuxState): Hardware {
  for (const level of LEVELS) checkFold(arch, level);
  const levels: Partial<Record<Level, LevelReading>> = {};
  for (const level of LEVELS) if (!isAlwaysFolded(arch, level)) levels[level] = readingOf(arch, level, user);
  return {
    levels,
    unreadable: 'outside-memory',
    fault: (name) => ({ name }),
    begin: (query) => begin(arch, query),
    settle: ({ query: { access }, taken }) =>
      taken.some(({ right }) => right === access)
        ? { kind: 'refused', fault: 'protection', why: `${access} is not allowed` }
        : { kind: 'done', updates: [] },
  };
}

/** A page as far as it is read. */
type Page = Pick<NonNullable<LevelSpec['leaf']>, 'fields' | 'first' | 'inverted' | 'shift'>;

/** Tables are found here by what entries say, so a fold hands on its table: the same slot, or the top table indexed anew. */
function checkFold(arch: Arch, level: Level): void {
  const { fold } = arch.spec.levels[level];
  if (!fold) return;
  if (fold.if !== undefined && fold.when !== 'process')
    throw new ArchError('fold', `levels.${level}`, 'only a fold per process may depend on an entry or the root here');
  const isServed =
    fold.style === 'middle' && fold.if === undefined ? isAnew(arch, level) : (fold.slot ?? 'slot') === 'slot';
  if (!isServed)
    throw new ArchError(
      'fold',
      `levels.${level}.fold.slot`,
      'only the slot itself, or the top table indexed anew, is served here',
    );
}

/** Whether a fold indexes the top table anew: the table that the slot lies in, and no other, wherever the register puts it. */
function isAnew({ spec, geometry, entryBytes }: Arch, level: Level): boolean {
  const { shift, bits, slotBytes, tableBytes } = geometry[level];
  const between = LEVELS.slice(1, LEVELS.indexOf(level));
  if (slotBytes !== entryBytes || between.some((one) => !isAlwaysFolded({ spec }, one))) return false;
  const origin = Object.values(spec.root.fields).flatMap((f) => (f.kind === 'address' ? [f.to ?? f.lo] : []));
  const index = shl(and(shr('addr', BigInt(shift)), (1n << BigInt(bits)) - 1n), BigInt(Math.log2(slotBytes)));
  return [tableBytes, 2 ** spec.pageShift].some((bytes) => {
    const anew = add(and('slot', wrap64(-BigInt(bytes))), index);
    const holds =
      geometry.pgd.slotBytes === slotBytes && geometry.pgd.tableBytes <= bytes && 2 ** Math.min(...origin) >= bytes;
    return holds && sameExpr(spec.levels[level].fold?.slot ?? 'slot', anew);
  });
}

/** A level as its entries are finally read: those of an always folded level are read by its own helpers. */
function readingOf(arch: Arch, level: Level, user: boolean): LevelReading {
  const last = readAs(arch, level);
  const { is, reads, table, leaf: made } = arch.spec.levels[last];
  const leaf: Page | undefined = made ?? (reads && { fields: reads });
  const { slotBytes } = arch.geometry[level];
  const isLeaf = last === 'pte' ? 1n : truth(is.leaf ?? 0n);
  const { shift, fits } = leafShift(arch.spec, arch.geometry, last);
  return {
    rules: [
      ...misplaced(arch, level, last),
      { when: is.none ?? 0n, kind: 'none', why: `${last}_none` },
      { when: not(is.present ?? 0n), kind: 'not-present', why: `not ${last}_present` },
      ...(last === 'pte' ? [] : [{ when: and(not(isLeaf), truth(is.bad ?? 0n)), kind: 'bad', why: `${last}_bad` }]),
      ...(fits === 1n ? [] : [{ when: and(isLeaf, not(fits)), kind: 'bad', why: `no page has the size it says` }]),
    ],
    leaf: isLeaf,
    ...(slotBytes !== arch.entryBytes && { slotBytes }),
    ...(table && last !== 'pte' && { table: { base: addressOf(table.fields) } }),
    ...(leaf &&
      isLeaf !== 0n && {
        page: {
          base: pageBase(leaf),
          takes: takesOf(is, user),
          ...(leaf.shift !== undefined && { shift }),
          // As pXd_page of mm/gup.c, v6.14: the pfn of the entry and the page's number in it, added.
          unaligned: 'added',
        },
      }),
  };
}

function pageBase({ fields, first, inverted }: Page): Expr {
  const stored = addressOf(fields);
  if (first !== undefined) return first;
  return inverted === undefined ? stored : select(inverted, xor(stored, gather(fields, addressMask(fields))), stored);
}

/**
 * An entry whose type belongs to a table of another level: what `walk` calls bad before it asks anything else. One that
 * is too low folds the level below; one that is too high, in the top table, does not fold a level that has no table.
 */
function misplaced({ spec }: Arch, level: Level, last: Level): FaultRule[] {
  const folds = (of: readonly Level[]): Expr[] =>
    of.map((one) => spec.levels[one].fold?.if).filter((rule) => rule !== undefined);
  const { fields, tops } = spec.root;
  const type = typeMask(fields);
  const top = tops[level];
  const isTop = top ? eq(and('root', type), top.base & type) : 0n;
  return [
    ...folds(isUpper(last) ? [below(last)] : []),
    ...folds(LEVELS.slice(0, LEVELS.indexOf(level) + 1)).map((folded) => and(isTop, not(folded))),
  ].map((when) => ({ when, kind: 'bad', why: 'its type belongs to a table of another level' }));
}

/** Who loses which rights to what Linux asks of a page. */
function takesOf({ protnone, user: ofUser, write, exec }: LevelSpec['is'], user: boolean): Taking[] {
  const unless = (when: Expr | undefined, rights: readonly Access[], why: string): Taking[] =>
    when === undefined ? [] : [{ when: not(when), rights, why }];
  const all = ['read', 'write', 'execute'] as const;
  return [
    ...(protnone === undefined ? [] : [{ when: protnone, rights: all, why: 'protnone' }]),
    ...unless(user ? ofUser : undefined, all, 'not user'),
    ...unless(write, ['write'], 'not write'),
    ...unless(exec, ['execute'], 'not exec'),
  ];
}

function begin(arch: Arch, { root, addr }: Query): Begin {
  const { root: rootSpec, va } = arch.spec;
  const top = topOfRoot({ arch, root });
  if (!top) return { kind: 'refused', fault: 'root-mismatch', why: 'the type in the root register names no table' };
  const upper = va.extend === 'halves' && addr >> 63n === 1n;
  if (!isTranslatable({ arch, upper }, top, addr))
    return { kind: 'refused', fault: 'not-translatable', why: `tables translate ${translatedBits(arch, top)} bits` };
  const { shift, bits } = arch.geometry[indexedAs(arch, top)];
  return { kind: 'table', level: top, base: gather(rootSpec.fields, root), shift, bits };
}

/** The level whose index selects in the top table: a middle-style fold at boot (arm64) indexes the same table anew. */
function indexedAs(arch: Arch, top: Level): Level {
  const chain = LEVELS.slice(LEVELS.indexOf(top) + 1, LEVELS.indexOf(readAs(arch, top)) + 1);
  return chain.reverse().find((level) => arch.spec.levels[level].fold?.style === 'middle') ?? top;
}
