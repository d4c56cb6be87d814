/** The loop over ptes, which is where a range walk spends its time. */
import { type Code, get, i32, i64, set } from '../wasm/code.ts';
import { type Kit, traced } from './kit.ts';
import type { LevelCode } from './level.ts';
import type { RangeTaker } from './range-taker.ts';
import { endOf, stopAt } from './stops.ts';

/** The loop over ptes, in runs of slots that follow each other in memory. */
export function ptes(kit: Kit, taker: RangeTaker, level: LevelCode): Code[] {
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
      set(left, ['i32.wrap_i64', ['i64.shr_u', ['i64.sub', get(endOf(4)), get('$addr')], i64(page)]]),
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
      ['br_if', '$run', ['i64.ne', get('$addr'), get(endOf(4))]],
    ],
  ];
}

/** The slot of the pte in hand, for who traces. */
export const tracedPte = (kit: Kit): Code[] =>
  traced(kit, ['i64.add', get('$p4'), ['i64.extend_i32_u', ['i32.sub', get('$q4'), get('$from')]]]);
