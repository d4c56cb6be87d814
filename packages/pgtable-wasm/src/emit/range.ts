/** The range walk of gup_fast in one function: what is asked before it, and what is told after it. */
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom, withCold } from './cold.ts';
import { type Kit, traced } from './kit.ts';
import type { LevelCode } from './level.ts';
import { spacesOf } from './pointer.ts';
import { levelOf } from './range-levels.ts';
import type { RangeTaker } from './range-taker.ts';
import { endOf, STOPS, type StopName, stopAt } from './stops.ts';
import { limit, readTop, topSlot } from './top.ts';

/** Ends the walk before it has begun, or as a whole. */
const end = ({ cold }: Kit, stop: StopName): Code[] =>
  seldom(cold, `$end-${stop}`, [set('$code', i32(STOPS.indexOf(stop))), ['br', '$exit']]);

/** The body of a function over `$addr`, `$whole` and `$budget`: pages taken, or their complement where there is a stop. */
export function rangeBody(kit: Kit, taker: RangeTaker): Code[] {
  const { locals, arch } = kit;
  const page = BigInt(arch.spec.pageShift);
  for (const name of ['$code', '$strays', '$cut', '$from', '$q4']) locals.of('i32', name);
  for (const { index } of kit.levels) {
    for (const name of [`$p${index}`, `$e${index}`, endOf(index)]) locals.of('i64', name);
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
    set(endOf(0), ['i64.add', get('$addr'), ['i64.shl', ['i64.extend_i32_u', get('$budget')], i64(page)]]),
    set('$cut', i32(STOPS.indexOf('budget'))),
    when(['i32.eqz', get('$budget')], end(kit, 'budget')),
  ];
  const inside: Code[] =
    arch.spec.fastGup === false
      ? end(kit, 'not-permitted')
      : [
          ...permitted(kit),
          set(endOf(0), get('$whole')),
          when(['i64.gt_u', pages, ['i64.extend_i32_u', get('$budget')]], cut),
          ...walkTop(kit, taker),
          set('$code', get('$cut')),
          ['br', '$exit'],
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
    ...inside,
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
