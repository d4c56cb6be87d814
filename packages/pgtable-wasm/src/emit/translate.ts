/** The quiet walk of one address: alone, for a list, and with all that can be told of its end. */
import { type Code, type Func, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom, withCold } from './cold.ts';
import { type Facts, NOTHING, simplify } from './facts.ts';
import { type Kit, namesOf, readInto, ruleValue } from './kit.ts';
import { type LevelCode, offsetIn } from './level.ts';
import { conjunction, unlessAll, whenHolds } from './tests.ts';
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

const NAMES = namesOf('$e', { slot: get('$slot') });

/** The walk of `$addr`. */
function walkOf(kit: Kit, sink: Sink): Code[] {
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

/** What becomes of `$e`, read at level `n`, and all levels below. */
function levelOf(kit: Kit, n: number, sink: Sink): Code[] {
  const level = kit.levels[n] as LevelCode;
  const next = kit.levels[n + 1];
  if (!next) return entryOf(kit, level, undefined, sink);
  const folded = simplify(next.folded);
  const rest = levelOf(kit, n + 1, sink);
  const misplaced = sink.stop('bad', level);
  // Linux never asks whether the type of an entry is that of its table; what does, is said in core's `walk`.
  const isAbove: Code | undefined =
    next.fold?.when === 'process'
      ? kit.top
        ? i32(n < kit.top.index ? 1 : 0)
        : ['i32.gt_s', get('$top'), i32(n)]
      : undefined;
  const passes = passTo(kit, next, sink);
  if (folded === 1n) return [...(isAbove ? [when(['i32.eqz', isAbove], misplaced)] : []), ...passes, ...rest];
  if (folded === 0n)
    return [...(isAbove ? [when(isAbove, misplaced)] : []), ...entryOf(kit, level, next, sink), ...rest];
  const isFolded = kit.expr.truth(folded, NAMES);
  if (kit.top && isAbove)
    return n < kit.top.index
      ? [when(['i32.eqz', isFolded], misplaced), ...passes, ...rest]
      : [when(isFolded, misplaced), ...entryOf(kit, level, next, sink), ...rest];
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
    ...readInto(kit, { slot: '$slot', pointer: '$p', entry: '$e' }, sink.stop('outside-memory', next)),
  ];
}

/** An entry that is not folded away: a table to go down into, a leaf, or the end. */
function entryOf(kit: Kit, level: LevelCode, next: LevelCode | undefined, sink: Sink): Code[] {
  const isLeaf = next ? level.is('leaf') : 1n;
  if (sink.tells) {
    const ask = (kind: 'none' | 'bad', facts: Facts): Code[] =>
      whenHolds(kit, level.is(kind), facts, NAMES, sink.stop(kind, level));
    return [
      ...ask('none', NOTHING),
      ...whenHolds(kit, ['eq', level.is('present'), 0n], NOTHING, NAMES, sink.stop('not-present', level)),
      ...whenHolds(kit, isLeaf, NOTHING, NAMES, sink.leaf(level, NOTHING)),
      ...(next ? [...ask('bad', NOTHING), ...descend(kit, level, next, NOTHING, sink)] : []),
    ];
  }
  const miss = sink.stop('none', level);
  const there = [
    [level.is('present'), true],
    [level.is('none'), false],
  ] as const;
  const leaf = conjunction([...there, [isLeaf, true]], NOTHING);
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
function addressIn(kit: Kit, level: LevelCode, facts: Facts): Code {
  const page = ruleValue(kit, level.page, facts, NAMES);
  const shift = simplify(level.pageShift, facts);
  const mask: Code =
    typeof shift === 'bigint'
      ? i64((1n << shift) - 1n)
      : ['i64.sub', ['i64.shl', i64(1n), kit.expr.value(shift, NAMES)], i64(1n)];
  return ['i64.add', page, ['i64.and', get('$addr'), mask]];
}

/** `translate(addr)`: its address, or 0. */
export function translateFunction(kit: Kit): Func {
  const body = walkOf(kit, {
    tells: false,
    leaf: (level, facts) => [['return', addressIn(kit, level, facts)]],
    stop: () => [['return', i64(0n)]],
  });
  return {
    name: '$translate',
    params: [['$addr', 'i64']],
    result: 'i64',
    locals: kit.locals.list(),
    body: [...withCold(kit.cold, body), ['unreachable']],
    exported: true,
  };
}

/** `translateMany(in, out, n)`: the address of each, or 2^64-1; how many have one. */
export function translateManyFunction(kit: Kit): Func {
  const { locals } = kit;
  const [found, addr] = [locals.of('i32', '$found'), locals.of('i64', '$addr')];
  const result = locals.of('i64', '$result');
  const walk = walkOf(kit, {
    tells: false,
    leaf: (level, facts) => [
      set(result, addressIn(kit, level, facts)),
      set(found, ['i32.add', get(found), i32(1)]),
      ['br', '$done'],
    ],
    stop: () => [['br', '$miss']],
  });
  const body: Code[] = [
    set('$end', ['i32.add', get('$in'), ['i32.shl', get('$end'), i32(3)]]),
    [
      'block',
      '$all',
      ['br_if', '$all', ['i32.eq', get('$in'), get('$end')]],
      [
        'loop',
        '$each',
        set(addr, ['i64.load', get('$in')]),
        ['block', '$done', ['block', '$miss', ...withCold(kit.cold, walk)], set(result, i64(-1n))],
        ['i64.store', get('$out'), get(result)],
        set('$out', ['i32.add', get('$out'), i32(8)]),
        set('$in', ['i32.add', get('$in'), i32(8)]),
        ['br_if', '$each', ['i32.ne', get('$in'), get('$end')]],
      ],
    ],
    get(found),
  ];
  return {
    name: '$translateMany',
    params: [
      ['$in', 'i32'],
      ['$out', 'i32'],
      ['$end', 'i32'],
    ],
    result: 'i32',
    locals: locals.list(),
    body,
    exported: true,
  };
}

/** `lookup(addr)`: the number of the end and its level; the rest in the module's variables. */
export function lookupFunction(kit: Kit): Func {
  kit.locals.of('i64', '$table');
  const code = kit.locals.of('i32', '$code');
  const body = walkOf(kit, {
    tells: true,
    leaf: (level, facts) => [
      ['global.set', '$frame', addressIn(kit, level, facts)],
      ['global.set', '$size', ['i64.shl', i64(1n), ruleValue(kit, level.pageShift, facts, NAMES)]],
      set(code, i32(level.index << 8)),
      ['br', '$exit'],
    ],
    stop: (kind, level) => [set(code, i32(ENDS.indexOf(kind) | ((level?.index ?? 0) << 8))), ['br', '$exit']],
  });
  const top: Code = kit.top ? i32(kit.top.index) : get('$top');
  return {
    name: '$lookup',
    params: [['$addr', 'i64']],
    result: 'i32',
    locals: kit.locals.list(),
    body: [
      ['block', '$exit', ...body],
      ['global.set', '$at', get('$slot')],
      ['global.set', '$raw', get('$e')],
      ['global.set', '$in', get('$table')],
      ['i32.or', get(code), ['i32.shl', top, i32(16)]],
    ],
    exported: true,
  };
}
