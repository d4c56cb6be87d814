/** `pinRange(addr, whole, budget, write, counts, first, room, frames)`: a reference to each page, as gup_fast takes it. */
import { type Code, type Func, get, i32, i64, set, when } from '../wasm/code.ts';
import { seldom } from './cold.ts';
import { getReference, putReference } from './count.ts';
import { NOTHING, simplify } from './facts.ts';
import { type Kit, ruleValue, traced } from './kit.ts';
import type { LevelCode } from './level.ts';
import { forbidden, masks, permission } from './permission.ts';
import { onStack, spacesOf } from './pointer.ts';
import { rangeBody } from './range.ts';
import { tracedPte } from './range-ptes.ts';
import type { RangeTaker } from './range-taker.ts';
import { namesAt, type StopName, stopAt } from './stops.ts';

/** The function. */
export function pinRangeFunction(kit: Kit): Func {
  const { locals, choice, memory, levels } = kit;
  const shift = i64(BigInt(kit.arch.spec.pageShift));
  const out = locals.of('i32', '$out');
  const frame = locals.of('i64', '$frame');
  const [, , , pmd, pte] = levels as [LevelCode, LevelCode, LevelCode, LevelCode, LevelCode];

  const refuse = (level: LevelCode, stop: StopName, first: readonly Code[] = []): Code[] =>
    stopAt(kit, level, stop, [...first, ['global.set', '$frame', get(frame)]]);
  const counted = (level: LevelCode, head: Code, refs: Code): Code[] =>
    getReference({
      ...{ locals, how: choice.counts, head, refs },
      refuse: (rule) => refuse(level, rule),
      aside: (code) => seldom(kit.cold, `$count-${level.level}`, code),
    });
  const undone = (level: LevelCode, refs: Code, stop: 'changed' | 'pmd-changed'): Code[] =>
    refuse(level, stop, putReference(choice.counts, refs));
  const push: Code[] = [
    ['f64.store', get(out), ['f64.convert_i64_s', get(frame)]],
    set(out, ['i32.add', get(out), i32(8)]),
  ];
  /** Whether the word at a pointer is still what it was, which is asked of memory only: a stack does not change. */
  const rechecked = (
    level: LevelCode,
    slot: Code[],
    refs: Code,
    stop: 'changed' | 'pmd-changed',
    at: LevelCode,
  ): Code[] => {
    const { index } = level;
    const space = spacesOf(kit)[index];
    if (space === 'stack') return [];
    const before = get(memory.swaps ? `$r${index}` : `$e${index}`);
    const look = [...slot, when(['i64.ne', memory.load(get(`$q${index}`)), before], undone(at, refs, stop))];
    return space === 'either' ? [when(['i32.eqz', get(onStack(level))], look)] : look;
  };

  // The word as it lies in memory, which each page's second look is compared with.
  const swapsPmd = memory.swaps && spacesOf(kit)[3] !== 'stack';
  const taker: RangeTaker = {
    byNone: ['pgd'],
    prologue: [
      set(out, get('$frames')),
      set(locals.of('i64', '$words'), ['i64.extend_i32_u', get('$room')]),
      ...masks(kit, pte),
    ],
    table:
      kit.arch.spec.levels.pte.is.special === undefined
        ? { conditions: [[0n, true]], stop: 'no-special-bit', down: [] }
        : {
            down: swapsPmd ? [set(locals.of('i64', '$r3'), memory.entry(get('$e3')))] : [],
            conditions: [
              [pmd.is('present'), true],
              [pmd.is('none'), false],
              [pmd.is('bad'), false],
            ],
            stop: 'table-unmapped',
          },
    leaf(level) {
      const n = level.index;
      if (level.level === 'pgd') return stopAt(kit, level, 'pgd-leaf');
      const names = namesAt(n);
      const page = ruleValue(kit, level.page, NOTHING, names);
      const size: Code = ['i64.shl', i64(1n), ruleValue(kit, level.pageShift, NOTHING, names)];
      const refs = get(locals.of('i32', '$refs'));
      const raw = locals.of('i64', `$r${n}`);
      const isThere = spacesOf(kit)[n] !== 'stack' && memory.swaps;
      return [
        ...forbidden(kit, level),
        set(frame, ['i64.shr_u', ['i64.add', page, ['i64.and', get('$addr'), ['i64.sub', size, i64(1n)]]], shift]),
        set('$refs', ['i32.wrap_i64', ['i64.shr_u', ['i64.sub', get(`$end${n + 1}`), get('$addr')], shift]]),
        ...counted(level, ['i64.shr_u', page, shift], refs),
        ...(isThere ? [set(raw, memory.entry(['local.get', `$e${n}`]))] : []),
        ...rechecked(level, traced(kit, get(`$p${n}`)), refs, 'changed', level),
        [
          'loop',
          `$fill${n}`,
          ...push,
          set(frame, ['i64.add', get(frame), i64(1n)]),
          set('$refs', ['i32.sub', refs, i32(1)]),
          ['br_if', `$fill${n}`, refs],
        ],
      ];
    },
    pte(level) {
      const names = memory.swaps ? { ...namesAt(4), raw: get(locals.of('i64', '$r4')) } : namesAt(4);
      const { test, facts } = permission(kit, level, names);
      const size = simplify(level.pageShift, facts);
      const inside: Code =
        size === BigInt(kit.arch.spec.pageShift)
          ? ruleValue(kit, ['shr', level.page, BigInt(kit.arch.spec.pageShift)], facts, names)
          : [
              'i64.shr_u',
              [
                'i64.add',
                ruleValue(kit, level.page, facts, names),
                ['i64.and', get('$addr'), ['i64.sub', ['i64.shl', i64(1n), kit.expr.value(size, names)], i64(1n)]],
              ],
              shift,
            ];
      const one = i32(1);
      return [
        ...tracedPte(kit),
        ...memory.loadBoth(get('$q4'), '$r4', '$e4'),
        ...(test
          ? [when(['i32.eqz', test], seldom(kit.cold, '$forbidden', [...forbidden(kit, level), ['unreachable']]))]
          : []),
        set(frame, inside),
        ...counted(level, get(frame), one),
        ...rechecked(pmd, traced(kit, get('$p3')), one, 'pmd-changed', level),
        ...rechecked(level, tracedPte(kit), one, 'changed', level),
        ...push,
      ];
    },
    pages: ['i32.shr_u', ['i32.sub', get(out), get('$frames')], i32(3)],
  };
  const body = rangeBody(kit, taker);
  return {
    name: '$pinRange',
    params: [
      ['$addr', 'i64'],
      ['$whole', 'i64'],
      ['$budget', 'i32'],
      ['$write', 'i32'],
      ['$counts', 'i32'],
      ['$first', 'i64'],
      ['$room', 'i32'],
      ['$frames', 'i32'],
    ],
    result: 'i32',
    locals: locals.list(),
    body,
    exported: true,
  };
}
