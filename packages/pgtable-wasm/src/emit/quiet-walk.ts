/** The quiet walk of one address, level by level: written once for every operation that asks where a leaf is. */
import { not } from '@kernel-mm/pgtable-core';
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom } from './cold.ts';
import { type Facts, NOTHING, simplify } from './facts.ts';
import { type Kit, namesOf, readInto, ruleValue } from './kit.ts';
import { type LevelCode, offsetIn } from './level.ts';
import { type Condition, conjunction, unlessAll, whenHolds } from './tests.ts';
import { readTop, topSlot, translatable } from './top.ts';

/** Why a walk has no address, in the order of their numbers. */
export const ENDS = [
  'leaf',
  'none',
  'not-present',
  'bad',
  'outside-memory',
  'not-translatable',
  'root-mismatch',
] as const;

/** Where a walk may end; each list must branch away. */
interface Sink {
  leaf(level: LevelCode, facts: Facts): Code[];
  stop(kind: (typeof ENDS)[number], level?: LevelCode): Code[];
  /** Whether reasons matter: then the tests come in the kernel's order, each by itself. */
  readonly tells: boolean;
}

/** The names by which rules know the entry and the slot in hand. */
export const NAMES: ReturnType<typeof namesOf> = namesOf('$e', { slot: get('$slot') });

/** The walk of `$addr`. */
export function walkOf(kit: Kit, sink: Sink): Code[] {
  const pgd = kit.levels[0] as LevelCode;
  const named: Code = ['global.get', '$named'];
  const top: Code = kit.top ? i32(kit.top.index) : get('$top');
  return [
    ...readTop(kit, [
      ...(sink.tells ? [set('$table', ['global.get', '$pgd'])] : []),
      ...sink.stop('outside-memory', pgd),
    ]),
    // Where the top is known beforehand, so is a register that names another.
    ...(kit.top && !sink.tells
      ? []
      : [when(['i32.and', ['i32.ne', named, top], ['i32.ne', named, i32(-1)]], sink.stop('root-mismatch'))]),
    when(['i32.eqz', translatable(kit)], sink.stop('not-translatable')),
    ...topSlot(kit),
    ...(sink.tells ? [set('$table', ['global.get', '$pgd'])] : []),
    ...readInto(kit, { slot: '$slot', pointer: '$p', entry: '$e' }, sink.stop('outside-memory', pgd)),
    ...levelOf(kit, 0, sink),
  ];
}

/** What becomes of `$e`, read at level `n`, and all levels below; `typed` is what its type must be, and was not asked yet. */
function levelOf(kit: Kit, n: number, sink: Sink, typed: readonly Condition[] = []): Code[] {
  const level = kit.levels[n] as LevelCode;
  const next = kit.levels[n + 1];
  if (!next) return entryOf(kit, level, undefined, sink, typed);
  const folded = simplify(next.folded);
  const misplaced = sink.stop('bad', level);
  // Linux never asks whether the type of an entry is that of its table; what does, is said in core's `walk`.
  const isAbove: Code | undefined =
    next.fold?.when === 'process'
      ? kit.top
        ? i32(n < kit.top.index ? 1 : 0)
        : ['i32.gt_s', get('$top'), i32(n)]
      : undefined;
  const passes = passTo(kit, next, sink);
  const below = (more: readonly Condition[] = []): Code[] => levelOf(kit, n + 1, sink, more);
  if (folded === 1n) return [...(isAbove ? [when(['i32.eqz', isAbove], misplaced)] : []), ...passes, ...below(typed)];
  if (folded === 0n)
    return [...(isAbove ? [when(isAbove, misplaced)] : []), ...entryOf(kit, level, next, sink, typed), ...below()];
  const isFolded = kit.expr.truth(folded, NAMES);
  if (kit.top && isAbove) {
    const passing = n < kit.top.index;
    const asked: Condition = [folded, passing];
    // Where no reason is told, the type is one more condition on the entry that is read here, or below as the same one.
    if (!sink.tells && !passes.length)
      return passing ? below([...typed, asked]) : [...entryOf(kit, level, next, sink, [...typed, asked]), ...below()];
    return passing
      ? [when(['i32.eqz', isFolded], misplaced), ...passes, ...below()]
      : [when(isFolded, misplaced), ...entryOf(kit, level, next, sink), ...below()];
  }
  const rest = below();
  return [
    ...(isAbove ? [when(['i32.ne', isFolded, isAbove], misplaced)] : []),
    when(isFolded, passes, entryOf(kit, level, next, sink)),
    ...rest,
  ];
}

/** Through a folded level: the same entry, or, where the level says so, another slot of the same table. */
function passTo(kit: Kit, next: LevelCode, sink: Sink): Code[] {
  if (next.foldedSlot === undefined) return [];
  return [
    set('$slot', ruleValue(kit, next.foldedSlot, NOTHING, NAMES)),
    // The slot that a fold yields has no table that it could have wrapped around.
    ...readInto(kit, { slot: '$slot', pointer: '$p', entry: '$e' }, [
      ...(sink.tells ? [set('$table', get('$slot'))] : []),
      ...sink.stop('outside-memory', next),
    ]),
  ];
}

/** An entry that is not folded away: a table to go down into, a leaf, or the end. */
function entryOf(
  kit: Kit,
  level: LevelCode,
  next: LevelCode | undefined,
  sink: Sink,
  typed: readonly Condition[] = [],
): Code[] {
  const isLeaf = next ? level.is('leaf') : 1n;
  if (sink.tells) {
    const ask = (kind: 'none' | 'bad', facts: Facts): Code[] =>
      whenHolds(kit, level.is(kind), facts, NAMES, sink.stop(kind, level));
    return [
      ...ask('none', NOTHING),
      ...whenHolds(kit, ['eq', level.is('present'), 0n], NOTHING, NAMES, sink.stop('not-present', level)),
      ...whenHolds(kit, isLeaf, NOTHING, NAMES, [
        ...whenHolds(kit, not(level.sized), NOTHING, NAMES, sink.stop('bad', level)),
        ...sink.leaf(level, NOTHING),
      ]),
      ...(next ? [...ask('bad', NOTHING), ...descend(kit, level, next, NOTHING, sink)] : []),
    ];
  }
  const miss = sink.stop('none', level);
  const there: Condition[] = [...typed, [level.is('present'), true], [level.is('none'), false]];
  const leaf = conjunction([...there, [isLeaf, true], [level.sized, true]], NOTHING);
  const leaves = leaf ? [...unlessAll(kit, leaf, NAMES, miss), ...sink.leaf(level, leaf.facts)] : miss;
  if (!next) return leaves;
  const table = conjunction([...there, [isLeaf, false], [level.is('bad'), false]], NOTHING);
  // A large page is the exception; it is found behind the walk to the small ones.
  const large = leaf ? seldom(kit.cold, `$large${level.index}`, leaves) : miss;
  return [...unlessAll(kit, table, NAMES, large), ...(table ? descend(kit, level, next, table.facts, sink) : [])];
}

/** pXd_offset into a real table. */
function descend(kit: Kit, level: LevelCode, next: LevelCode, facts: Facts, sink: Sink): Code[] {
  const table = ruleValue(kit, level.table, facts, NAMES);
  const offset = kit.expr.value(simplify(offsetIn(next)), NAMES);
  const outside = sink.stop('outside-memory', next);
  const needsTable = sink.tells || level.highest === 63;
  const from = needsTable ? [set(kit.locals.of('i64', '$table'), table)] : [];
  return [
    ...from,
    set('$slot', ['i64.add', needsTable ? get('$table') : table, offset]),
    // No wrap at 2^64: a table that reaches beyond is outside memory there.
    ...(level.highest === 63 ? [when(['i64.lt_u', get('$slot'), get('$table')], outside)] : []),
    ...readInto(kit, { slot: '$slot', pointer: '$p', entry: '$e' }, outside),
  ];
}

/** The physical address of `$addr` in the leaf `$e`. */
export function addressIn(kit: Kit, level: LevelCode, facts: Facts): Code {
  const page = ruleValue(kit, level.page, facts, NAMES);
  const shift = simplify(level.pageShift, facts);
  const mask: Code =
    typeof shift === 'bigint'
      ? i64((1n << shift) - 1n)
      : ['i64.sub', ['i64.shl', i64(1n), kit.expr.value(shift, NAMES)], i64(1n)];
  return ['i64.add', page, ['i64.and', get('$addr'), mask]];
}
