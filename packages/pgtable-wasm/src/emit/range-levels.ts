/** The levels of a range walk as nested loops: where a slot is read, where it ends, and where it leads. */
import { handsSlot, isDummyRead } from '@kernel-mm/pgtable-core';
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom } from './cold.ts';
import type { Names } from './expr.ts';
import { NOTHING, simplify } from './facts.ts';
import { type Kit, namesOf, readInto, ruleValue, type Space, traced } from './kit.ts';
import { type LevelCode, offsetIn } from './level.ts';
import { copyAt, onStack, readStack, spacesOf } from './pointer.ts';
import { ptes } from './range-ptes.ts';
import type { RangeTaker } from './range-taker.ts';
import { endOf, namesAt, STOPS, stopAt } from './stops.ts';
import { type Condition, conjunction, unlessAll, whenHolds } from './tests.ts';

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
export function levelOf(kit: Kit, taker: RangeTaker, n: number): Code[] {
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
      ['br_if', `$l${n}`, ['i64.ne', get('$addr'), get(endOf(n))]],
    ],
  ];
}

/** READ_ONCE of `$p<n>`. */
function read(kit: Kit, level: LevelCode): Code[] {
  const n = level.index;
  if (isDummyRead(kit.arch, kit.choice.form, level.level)) return [set(kit.locals.of('i64', `$e${n}`), i64(0n))];
  const outside = stopAt(kit, level, 'outside-memory');
  const inMemory = readInto(kit, { slot: `$p${n}`, pointer: `$q${n}`, entry: `$e${n}` }, outside);
  const space = spacesOf(kit)[n] as Space;
  if (space === 'memory') return inMemory;
  // What is folded for good, and visited once, is the very copy.
  const isCopy = level.foldedSlot === undefined && isSingle(kit, level) && !handsSlot(kit.choice.form, level.fold);
  if (space === 'stack') return isCopy ? [set(`$e${n}`, get(`$e${n - 1}`))] : readStack(kit, n);
  return [when(get(onStack(level)), readStack(kit, n), inMemory)];
}

/** pXd_addr_end: `$end<n+1>`. */
function boundary(kit: Kit, level: LevelCode): Code[] {
  const n = level.index;
  const stop = get(endOf(n));
  if (isSingle(kit, level)) return [set(endOf(n + 1), stop)];
  const covers = kit.choice.form.boundary === 'entry' ? level.covers : undefined;
  const size = kit.locals.of('i64', '$size');
  const known = 1n << BigInt(level.shift);
  const bytes: Code = covers === undefined ? i64(known) : get(size);
  const negative: Code = covers === undefined ? i64(-known) : ['i64.sub', i64(0n), get(size)];
  const next = get(endOf(n + 1));
  return [
    ...(covers === undefined ? [] : [set(size, ['i64.shl', i64(1n), ruleValue(kit, covers, NOTHING, namesAt(n))])]),
    set(endOf(n + 1), ['i64.and', ['i64.add', get('$addr'), bytes], negative]),
    set(endOf(n + 1), ['select', next, stop, ['i64.lt_u', ['i64.sub', next, i64(1n)], ['i64.sub', stop, i64(1n)]]]),
  ];
}

/** What becomes of `$e<n>`: `down` has the slot below in `$p<n+1>`, or branches to `otherwise`, which takes it or ends the walk. */
function entered(kit: Kit, taker: RangeTaker, level: LevelCode): { down: Code[]; otherwise?: Code[] } {
  const n = level.index;
  const names = namesAt(n);
  const next = kit.levels[n + 1] as LevelCode;
  const folded = simplify(next.folded);
  const { by, second } = readAgain(kit, level);
  const pass = passTo(kit, level, next, by);
  if (folded === 1n) return { down: [...(next.fold?.if === undefined ? [] : second), ...pass] };

  const byNone = taker.byNone.includes(level.level);
  const there: Condition = byNone ? [level.is('none'), false] : [level.is('present'), true];
  const table = level.level === 'pmd' ? taker.table : undefined;
  const isTable = conjunction([there, [level.is('leaf'), false], ...(table?.conditions ?? [])], NOTHING);
  const isThere = conjunction([there], NOTHING);
  const otherwise: Code[] = [
    ...unlessAll(kit, isThere, names, stopAt(kit, level, byNone ? 'none' : 'not-present')),
    ...whenHolds(kit, level.is('leaf'), NOTHING, names, [
      ...taker.leaf(level),
      set('$addr', get(endOf(n + 1))),
      ['br', `$n${n}`],
    ]),
    ...(table ? [...second, ...stopAt(kit, level, table.stop)] : []),
  ];
  const tested = [...unlessAll(kit, isTable, names, [['br', `$other${n}`]]), ...(table?.down ?? [])];
  const real = tableBelow(kit, level, next, by);
  const isFolded = (of: Names): Code => kit.expr.truth(folded, of);
  if (folded === 0n) return { down: [...tested, ...second, ...real], otherwise };
  if (second.length === 0) return { down: [when(isFolded(names), pass, [...tested, ...real])], otherwise };
  // The value that was tested says what was asked of it; the second one says where the walk goes.
  return { down: [when(['i32.eqz', isFolded(names)], tested), ...second, when(isFolded(by), pass, real)], otherwise };
}

/** The value that the walk goes down by: the one that was tested, or, where the form reads again, what is there by then. */
function readAgain(kit: Kit, level: LevelCode): { readonly by: Names; readonly second: Code[] } {
  const n = level.index;
  if (kit.choice.form.reads !== 'again') return { by: namesAt(n), second: [] };
  const entry = kit.locals.of('i64', `$again${n}`);
  // Where the first read found it: nothing has moved.
  const inMemory = [...traced(kit, get(`$p${n}`)), set(entry, kit.memory.entry(kit.memory.load(get(`$q${n}`))))];
  const space = spacesOf(kit)[n] as Space;
  const onlyStack = (): Code[] => readStack(kit, n, entry);
  const either = (): Code[] => [when(get(onStack(level)), onlyStack(), inMemory)];
  return { by: namesOf(entry), second: space === 'memory' ? inMemory : space === 'stack' ? onlyStack() : either() };
}

/** The slot of a folded level: that of the copy, or the pointer handed on. */
function passTo(kit: Kit, level: LevelCode, next: LevelCode, by: Names): Code[] {
  const [n, m] = [level.index, next.index];
  const spaces = spacesOf(kit);
  const handed = handsSlot(kit.choice.form, next.fold);
  const slot: Code = handed ? get(`$p${n}`) : i64(copyAt(n));
  const rule = next.foldedSlot;
  const names = { ...by, slot };
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
function tableBelow(kit: Kit, level: LevelCode, next: LevelCode, names: Names): Code[] {
  const m = next.index;
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
