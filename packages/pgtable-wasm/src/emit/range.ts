/** The range walk of gup_fast: the levels as nested loops in one function, asking a taker what to do with what they find. */
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom, withCold } from './cold.ts';
import { NOTHING, simplify } from './facts.ts';
import { type Kit, namesOf, readInto, ruleValue, type Space, traced } from './kit.ts';
import { type LevelCode, offsetIn } from './level.ts';
import { copyAt, handsSlot, onStack, readStack, spacesOf } from './pointer.ts';
import { type Condition, conjunction, unlessAll, whenHolds } from './tests.ts';
import { limit, readTop, topSlot } from './top.ts';

/** How a range walk ended, in the order of their numbers; from `pgd-leaf` on they are rules that refused. */
export const STOPS = [
  'done',
  'unaligned',
  'reversed',
  'not-permitted',
  'budget',
  'none',
  'not-present',
  'outside-memory',
  'pgd-leaf',
  'no-special-bit',
  'table-unmapped',
  'access',
  'special',
  'no-page',
  'count-zero',
  'count-negative',
  'count-overflow',
  'pmd-changed',
  'changed',
] as const;
export type StopName = (typeof STOPS)[number];

/** What is done with what the walk finds. All lists fall through where the walk is to go on. */
export interface RangeTaker {
  /** The upper levels at which "absent" is pXd_none. */
  readonly byNone: readonly string[];
  /** Before anything else. */
  readonly prologue: readonly Code[];
  /** A leaf above pte, with `$addr` and the end of its part; falls through when it is taken. */
  leaf(level: LevelCode): Code[];
  /** What an entry of pmd must be, beside present and no leaf; and the stop where it is not. */
  readonly table?: {
    readonly conditions: readonly Condition[];
    readonly stop: StopName;
    readonly down: readonly Code[];
  };
  /** One pte at pointer `$q4`, whose address is `$addr`; falls through when it is taken. */
  pte(level: LevelCode): Code[];
  /** How many pages were taken, an i32. */
  readonly pages: Code;
}

const ends = (n: number): string => `$end${n}`;
/** A level's names in rules. */
export const namesAt = (n: number): ReturnType<typeof namesOf> => namesOf(`$e${n}`);

/** Ends the walk at an entry, after what is to be done `first`; where the two differ in that, a `tag` tells them apart. */
export function stopAt(kit: Kit, level: LevelCode, stop: StopName, first: readonly Code[] = [], tag = ''): Code[] {
  const { index } = level;
  const space = spacesOf(kit)[index];
  const base = STOPS.indexOf(stop) | (index << 8) | (space === 'stack' ? 0x800 : 0);
  const code: Code = space === 'either' ? ['i32.or', i32(base), ['i32.shl', get(onStack(level)), i32(11)]] : i32(base);
  const slot: Code =
    index === 4
      ? ['i64.add', get('$p4'), ['i64.extend_i32_u', ['i32.sub', get('$q4'), get('$from')]]]
      : get(`$p${index}`);
  return seldom(kit.cold, `$stop-${level.level}-${stop}${tag}`, [
    ...first,
    ['global.set', '$at', slot],
    ...(stop === 'outside-memory' ? [] : [['global.set', '$raw', get(`$e${index}`)] as const]),
    set('$code', code),
    ['br', '$exit'],
  ]);
}

/** Ends the walk before it has begun, or as a whole. */
const end = ({ cold }: Kit, stop: StopName): Code[] =>
  seldom(cold, `$end-${stop}`, [set('$code', i32(STOPS.indexOf(stop))), ['br', '$exit']]);

/** The body of a function over `$addr`, `$whole` and `$budget`: pages taken, or their complement where there is a stop. */
export function rangeBody(kit: Kit, taker: RangeTaker): Code[] {
  const { locals, arch } = kit;
  const page = BigInt(arch.spec.pageShift);
  for (const name of ['$code', '$strays', '$cut', '$from', '$q4']) locals.of('i32', name);
  for (const { index } of kit.levels) {
    for (const name of [`$p${index}`, `$e${index}`, ends(index)]) locals.of('i64', name);
    if (spacesOf(kit)[index] === 'either') locals.of('i32', `$s${index}`);
  }
  const mask = i64((1n << page) - 1n);
  const pages: Code = ['i64.shr_u', ['i64.sub', get('$whole'), get('$addr')], i64(page)];
  // Nearly every range is one: what is wrong with the others is told apart behind the walk.
  const odd = seldom(kit.cold, '$odd', [
    when(['i32.wrap_i64', ['i64.and', ['i64.or', get('$addr'), get('$whole')], mask]], end(kit, 'unaligned')),
    ['br_if', '$exit', ['i64.eq', get('$addr'), get('$whole')]],
    when(['i64.ne', get('$whole'), i64(0n)], end(kit, 'reversed')),
    // 2^64 is beyond every limit; slot 0 is asked all the same, as the kernel would.
    ...(kit.top ? [] : [when(['i32.lt_s', ['global.get', '$named'], i32(0)], readTop(kit, end(kit, 'not-permitted')))]),
    ...end(kit, 'not-permitted'),
  ]);
  const cut = [
    set(ends(0), ['i64.add', get('$addr'), ['i64.shl', ['i64.extend_i32_u', get('$budget')], i64(page)]]),
    set('$cut', i32(STOPS.indexOf('budget'))),
    when(['i32.eqz', get('$budget')], end(kit, 'budget')),
  ];
  const walk: Code[] = [
    when(
      [
        'i32.or',
        ['i32.wrap_i64', ['i64.and', ['i64.or', get('$addr'), get('$whole')], mask]],
        ['i64.ge_u', get('$addr'), get('$whole')],
      ],
      odd,
    ),
    ...permitted(kit),
    set(ends(0), get('$whole')),
    when(['i64.gt_u', pages, ['i64.extend_i32_u', get('$budget')]], cut),
    ...walkTop(kit, taker),
    set('$code', get('$cut')),
    ['br', '$exit'],
  ];
  return [
    ...taker.prologue,
    ['block', '$exit', ...withCold(kit.cold, walk)],
    when(
      ['i32.or', get('$code'), get('$strays')],
      [
        ['global.set', '$code', get('$code')],
        ['global.set', '$strays', get('$strays')],
        ['global.set', '$where', get('$addr')],
        ['return', ['i32.xor', taker.pages, i32(-1)]],
      ],
    ),
    taker.pages,
  ];
}

/** gup_fast_permitted. The limit follows from the register; only without one is slot 0 of the top table asked. */
function permitted(kit: Kit): Code[] {
  if (kit.arch.spec.fastGup === false) return end(kit, 'not-permitted');
  const beyond: Code = ['i64.gt_u', get('$whole'), limit(kit)];
  const named: Code = ['global.get', '$named'];
  const top = kit.top
    ? []
    : [
        set(kit.locals.of('i32', '$top'), named),
        when(['i32.lt_s', named, i32(0)], readTop(kit, end(kit, 'not-permitted'))),
      ];
  return [...top, when(beyond, end(kit, 'not-permitted'))];
}

function walkTop(kit: Kit, taker: RangeTaker): Code[] {
  const pgd = kit.levels[0] as LevelCode;
  const slot: Code = ['global.get', '$pgd'];
  // Where slot 0 cannot be read, it is the slot that the walk then reads, and fails.
  const lost = stopAt(kit, pgd, 'outside-memory', [set('$p0', slot), ...traced(kit, slot)], '-slot-0');
  return [...readTop(kit, lost), ...topSlot(kit), set('$p0', get('$slot')), ...levelOf(kit, taker, 0)];
}

/**
 * The shift at which the end of a level's slots was cropped, if it always is the same: a level folded at build time
 * crops nothing.
 */
function croppedAt(kit: Kit, n: number): number | undefined {
  const level = kit.levels[n];
  if (!level) return undefined;
  if (level.fold?.when === 'build') return croppedAt(kit, n - 1);
  return kit.choice.form.boundary === 'entry' && level.covers !== undefined ? undefined : level.shift;
}

/** Whether the loop over a level's slots can only have one turn: its part of the range lies in what one of them covers. */
const isSingle = (kit: Kit, { index, fold, shift }: LevelCode): boolean =>
  index > 0 && (fold?.when === 'build' || croppedAt(kit, index - 1) === shift);

/** The slots of level `n` from `$p<n>` on, up to `$end<n>`, and all below. */
function levelOf(kit: Kit, taker: RangeTaker, n: number): Code[] {
  const level = kit.levels[n] as LevelCode;
  if (n === 4) return ptes(kit, taker, level);
  const { down, otherwise } = entered(kit, taker, level);
  const turn = [...read(kit, level), ...boundary(kit, level), ...down, ...levelOf(kit, taker, n + 1)];
  // What is no table is told apart behind the walk into tables.
  const body: Code[] = otherwise
    ? [['block', `$n${n}`, ['block', `$other${n}`, ...turn, ['br', `$n${n}`]], ...otherwise]]
    : turn;
  if (isSingle(kit, level)) return body;
  return [
    [
      'loop',
      `$l${n}`,
      ...body,
      set(`$p${n}`, ['i64.add', get(`$p${n}`), i64(BigInt(level.slotBytes))]),
      ['br_if', `$l${n}`, ['i64.ne', get('$addr'), get(ends(n))]],
    ],
  ];
}

/** READ_ONCE of `$p<n>`. */
function read(kit: Kit, level: LevelCode): Code[] {
  const n = level.index;
  const outside = stopAt(kit, level, 'outside-memory');
  const inMemory = readInto(kit, { slot: `$p${n}`, pointer: `$q${n}`, entry: `$e${n}` }, outside);
  const space = spacesOf(kit)[n] as Space;
  if (space === 'memory') return inMemory;
  // What is folded for good, and visited once, is the very copy.
  const isCopy = level.foldedSlot === undefined && isSingle(kit, level) && !handsSlot(kit, level);
  if (space === 'stack') return isCopy ? [set(`$e${n}`, get(`$e${n - 1}`))] : readStack(kit, n);
  return [when(get(onStack(level)), readStack(kit, n), inMemory)];
}

/** pXd_addr_end: `$end<n+1>`. */
function boundary(kit: Kit, level: LevelCode): Code[] {
  const n = level.index;
  const stop = get(ends(n));
  if (isSingle(kit, level)) return [set(ends(n + 1), stop)];
  const covers = kit.choice.form.boundary === 'entry' ? level.covers : undefined;
  const size = kit.locals.of('i64', '$size');
  const known = 1n << BigInt(level.shift);
  const bytes: Code = covers === undefined ? i64(known) : get(size);
  const negative: Code = covers === undefined ? i64(-known) : ['i64.sub', i64(0n), get(size)];
  const next = get(ends(n + 1));
  return [
    ...(covers === undefined ? [] : [set(size, ['i64.shl', i64(1n), ruleValue(kit, covers, NOTHING, namesAt(n))])]),
    set(ends(n + 1), ['i64.and', ['i64.add', get('$addr'), bytes], negative]),
    set(ends(n + 1), ['select', next, stop, ['i64.lt_u', ['i64.sub', next, i64(1n)], ['i64.sub', stop, i64(1n)]]]),
  ];
}

/** What becomes of `$e<n>`: `down` has the slot below in `$p<n+1>`, or branches to `otherwise`, which takes it or ends the walk. */
function entered(kit: Kit, taker: RangeTaker, level: LevelCode): { down: Code[]; otherwise?: Code[] } {
  const n = level.index;
  const names = namesAt(n);
  const next = kit.levels[n + 1] as LevelCode;
  const folded = simplify(next.folded);
  if (folded === 1n) return { down: passTo(kit, level, next) };

  const byNone = taker.byNone.includes(level.level);
  const there: Condition = byNone ? [level.is('none'), false] : [level.is('present'), true];
  const table = level.level === 'pmd' ? taker.table : undefined;
  const isTable = conjunction([there, [level.is('leaf'), false], ...(table?.conditions ?? [])], NOTHING);
  const isThere = conjunction([there], NOTHING);
  const otherwise: Code[] = [
    ...unlessAll(kit, isThere, names, stopAt(kit, level, byNone ? 'none' : 'not-present')),
    ...whenHolds(kit, level.is('leaf'), NOTHING, names, [
      ...taker.leaf(level),
      set('$addr', get(ends(n + 1))),
      ['br', `$n${n}`],
    ]),
    ...(table ? stopAt(kit, level, table.stop) : []),
  ];
  const real = [
    ...unlessAll(kit, isTable, names, [['br', `$other${n}`]]),
    ...(table?.down ?? []),
    ...tableBelow(kit, level, next),
  ];
  const down = folded === 0n ? real : [when(kit.expr.truth(folded, names), passTo(kit, level, next), real)];
  return { down, otherwise };
}

/** The slot of a folded level: that of the copy, or the pointer handed on. */
function passTo(kit: Kit, level: LevelCode, next: LevelCode): Code[] {
  const [n, m] = [level.index, next.index];
  const spaces = spacesOf(kit);
  const handed = handsSlot(kit, next);
  const slot: Code = handed ? get(`$p${n}`) : i64(copyAt(n));
  const rule = next.foldedSlot;
  const names = { ...namesAt(n), slot };
  const space: Code = !handed
    ? i32(1)
    : spaces[n] === 'either'
      ? get(onStack(level))
      : i32(spaces[n] === 'stack' ? 1 : 0);
  return [
    set(`$p${m}`, rule === undefined ? slot : ruleValue(kit, rule, NOTHING, names)),
    ...(spaces[m] === 'either' ? [set(onStack(next), space)] : []),
  ];
}

/** The slot of a real table. */
function tableBelow(kit: Kit, level: LevelCode, next: LevelCode): Code[] {
  const m = next.index;
  const names = namesAt(level.index);
  const table = ruleValue(kit, level.table, NOTHING, names);
  const offset = kit.expr.value(simplify(offsetIn(next)), names);
  const wraps = level.highest === 63;
  const beyond = seldom(kit.cold, `$beyond-${next.level}`, [
    ...traced(kit, get(`$p${m}`)),
    ['global.set', '$at', get(`$p${m}`)],
    set('$code', i32(STOPS.indexOf('outside-memory') | (m << 8) | 0x1000)),
    ['br', '$exit'],
  ]);
  return [
    ...(spacesOf(kit)[m] === 'either' ? [set(onStack(next), i32(0))] : []),
    ...(wraps ? [set(kit.locals.of('i64', '$table'), table)] : []),
    set(`$p${m}`, ['i64.add', wraps ? get('$table') : table, offset]),
    // No wrap at 2^64: a table that reaches beyond is outside memory there.
    ...(wraps ? [when(['i64.lt_u', get(`$p${m}`), get('$table')], beyond)] : []),
  ];
}

/** The loop over ptes, in runs of slots that follow each other in memory. */
function ptes(kit: Kit, taker: RangeTaker, level: LevelCode): Code[] {
  const { locals, memory } = kit;
  const [slots, left] = [locals.of('i32', '$slots'), locals.of('i32', '$left')];
  const page = BigInt(kit.arch.spec.pageShift);
  const bytes = level.slotBytes;
  // Nothing lies at the pointer yet: the slot itself is outside.
  const outside = stopAt(kit, level, 'outside-memory', [set('$from', get('$q4')), ...traced(kit, get('$p4'))]);
  return [
    [
      'loop',
      '$run',
      ...memory.locateRun(get('$p4'), '$q4', slots, bytes, outside),
      set('$from', get('$q4')),
      set(left, ['i32.wrap_i64', ['i64.shr_u', ['i64.sub', get(ends(4)), get('$addr')], i64(page)]]),
      set(slots, ['select', get(left), get(slots), ['i32.lt_u', get(left), get(slots)]]),
      set(slots, ['i32.add', get('$q4'), ['i32.mul', get(slots), i32(bytes)]]),
      [
        'loop',
        '$pte',
        ...taker.pte(level),
        set('$addr', ['i64.add', get('$addr'), i64(1n << page)]),
        set('$q4', ['i32.add', get('$q4'), i32(bytes)]),
        ['br_if', '$pte', ['i32.ne', get('$q4'), get(slots)]],
      ],
      set('$p4', ['i64.add', get('$p4'), ['i64.extend_i32_u', ['i32.sub', get(slots), get('$from')]]]),
      ['br_if', '$run', ['i64.ne', get('$addr'), get(ends(4))]],
    ],
  ];
}

/** The slot of the pte in hand, for who traces. */
export const tracedPte = (kit: Kit): Code[] =>
  traced(kit, ['i64.add', get('$p4'), ['i64.extend_i32_u', ['i32.sub', get('$q4'), get('$from')]]]);
