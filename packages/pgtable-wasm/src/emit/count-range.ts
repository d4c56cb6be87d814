/** `countRange(addr, whole, budget)`: how many pages the bare walk finds. */
import { type Code, type Func, get, i32, i64, set } from '../wasm/code.ts';
import { NOTHING } from './facts.ts';
import type { Kit } from './kit.ts';
import { rangeBody } from './range.ts';
import { tracedPte } from './range-ptes.ts';
import { namesAt, stopAt } from './stops.ts';
import { conjunction, unlessAll } from './tests.ts';

/** The function. */
export function countRangeFunction(kit: Kit): Func {
  const pages = get(kit.locals.of('i32', '$pages'));
  const more = (n: Code): Code => set('$pages', ['i32.add', pages, n]);
  const shift = i64(BigInt(kit.arch.spec.pageShift));
  const body = rangeBody(kit, {
    byNone: ['pgd', 'p4d'],
    prologue: [],
    leaf: ({ index }) => [
      more(['i32.wrap_i64', ['i64.shr_u', ['i64.sub', get(`$end${index + 1}`), get('$addr')], shift]]),
    ],
    pte: (level) => [
      ...tracedPte(kit),
      set('$e4', kit.memory.entry(kit.memory.load(get('$q4')))),
      ...unlessAll(
        kit,
        conjunction([[level.is('present'), true]], NOTHING),
        namesAt(4),
        stopAt(kit, level, 'not-present'),
      ),
      more(i32(1)),
    ],
    pages,
  });
  return {
    name: '$countRange',
    params: [
      ['$addr', 'i64'],
      ['$whole', 'i64'],
      ['$budget', 'i32'],
    ],
    result: 'i32',
    locals: kit.locals.list(),
    body,
    exported: true,
  };
}
