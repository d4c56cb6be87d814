/** pXd_access_permitted and pXd_special: one test of bits for ptes where the definition allows it, and the reasons aside. */
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { type Facts, NOTHING } from './facts.ts';
import type { Kit } from './kit.ts';
import type { LevelCode } from './level.ts';
import { namesAt, stopAt } from './stops.ts';
import { allHold, type Condition, conjunction, unlessAll, whenHolds } from './tests.ts';

/** What a leaf must be to be read, and to be written. */
const conditionsOf = (level: LevelCode, write: 0 | 1): Condition[] => [
  [level.access[write], true],
  [level.is('special'), false],
];

/** Both permission tests as bits, where they are nothing else. */
function bitTests(level: LevelCode) {
  const [read, write] = [conjunction(conditionsOf(level, 0), NOTHING), conjunction(conditionsOf(level, 1), NOTHING)];
  return read && write && read.rest.length + write.rest.length === 0 ? { read, write } : undefined;
}

/** For ptes, where both tests are of bits: the mask and what is wanted of it, for this call. */
export function masks({ locals, memory, expr }: Kit, level: LevelCode): Code[] {
  const tests = bitTests(level);
  if (!tests) return [];
  const { read, write } = tests;
  const turn = (word: bigint): Code => i64(memory.swaps ? expr.swap(word) : word);
  const choose = (of: 'mask' | 'value'): Code =>
    read.bits[of] === write.bits[of]
      ? turn(read.bits[of])
      : ['select', turn(write.bits[of]), turn(read.bits[of]), get('$write')];
  return [set(locals.of('i64', '$mask'), choose('mask')), set(locals.of('i64', '$want'), choose('value'))];
}

/** Whether a pte may be taken, an i32 (`undefined`: any), and what is known of it then. */
export function permission(
  kit: Kit,
  level: LevelCode,
  names: ReturnType<typeof namesAt>,
): { test: Code | undefined; facts: Facts } {
  const tests = bitTests(level);
  if (tests) {
    const test: Code = ['i64.eq', ['i64.and', names.raw ?? get('$e4'), get('$mask')], get('$want')];
    return { test, facts: common(tests.read.facts, tests.write.facts) };
  }
  const [read, write] = [conjunction(conditionsOf(level, 0), NOTHING), conjunction(conditionsOf(level, 1), NOTHING)];
  const code = (all: typeof read): Code => (all ? (allHold(kit, all, names) ?? i32(1)) : i32(0));
  return { test: ['select', code(write), code(read), get('$write')], facts: NOTHING };
}

/** What both know. */
function common(a: Facts, b: Facts): Facts {
  const mask = a.mask & b.mask & ~(a.value ^ b.value);
  return { mask, value: a.value & mask, some: a.some.filter((m) => b.some.includes(m)) };
}

/** The end of the walk at a leaf that may not be taken: not present before no access before special. Else falls through. */
export function forbidden(kit: Kit, level: LevelCode): Code[] {
  const names = namesAt(level.index);
  const [read, write] = level.access;
  const denied = [
    ...unlessAll(kit, conjunction([[level.is('present'), true]], NOTHING), names, stopAt(kit, level, 'not-present')),
    ...stopAt(kit, level, 'access'),
  ];
  const access = (e: typeof read): Code[] => unlessAll(kit, conjunction([[e, true]], NOTHING), names, denied);
  return [
    when(get('$write'), access(write), access(read)),
    ...whenHolds(kit, level.is('special'), NOTHING, names, stopAt(kit, level, 'special')),
  ];
}
