/** References: page_ref_add_unless on a counter, and its way back. */
import { type Code, get, i32, type Locals, set, when } from '../wasm/code.ts';

/** A count is an int. */
const MOST = 0x7fff_ffff;

/** What counting needs. */
export interface Counting {
  readonly locals: Locals;
  readonly how: 'plain' | 'cas';
  /** The frame at which is counted, an i64; and how many references, an i32. */
  readonly head: Code;
  readonly refs: Code;
  /** What is done where it may not be; each must branch away. */
  readonly refuse: (rule: 'no-page' | 'count-zero' | 'count-negative' | 'count-overflow') => Code[];
  /** Puts code that is seldom run aside, and branches to it. */
  readonly aside: (code: readonly Code[]) => Code[];
}

/** `refs` more on the counter of `head`, whose place is in `$counter` then. */
export function getReference({ locals, how, head, refs, refuse, aside }: Counting): Code[] {
  const [word, counter, count] = [locals.of('i64', '$word'), locals.of('i32', '$counter'), locals.of('i32', '$count')];
  const one = refs[0] === 'i32.const' && refs[1] === 1;
  // From 1 to MOST - refs, by one comparison.
  const most: Code = one ? i32(MOST - 1) : ['i32.sub', i32(MOST), refs];
  const wrong: Code[] = [
    when(['i32.eqz', get(count)], refuse('count-zero')),
    when(['i32.lt_s', get(count), i32(0)], refuse('count-negative')),
    ...refuse('count-overflow'),
  ];
  const check = when(['i32.ge_u', ['i32.sub', get(count), i32(1)], most], aside(wrong));
  const sum: Code = ['i32.add', get(count), refs];
  const found = locals.of('i32', '$found');
  const raise: Code[] =
    how === 'plain'
      ? [set(count, ['i32.load', get(counter)]), check, ['i32.store', get(counter), sum]]
      : [
          // A guess that the exchange confirms: no need for an atomic load.
          set(count, ['i32.load', get(counter)]),
          [
            'block',
            '$counted',
            [
              'loop',
              '$again',
              check,
              set(found, ['i32.atomic.rmw.cmpxchg', get(counter), get(count), sum]),
              ['br_if', '$counted', ['i32.eq', get(found), get(count)]],
              set(count, get(found)),
              ['br', '$again'],
            ],
          ],
        ];
  return [
    set(word, ['i64.sub', head, get('$first')]),
    when(['i64.ge_u', get(word), get('$words')], refuse('no-page')),
    set(counter, ['i32.add', get('$counts'), ['i32.shl', ['i32.wrap_i64', get(word)], i32(2)]]),
    ...raise,
  ];
}

/** Gives back what was counted at `$counter`. */
export const putReference = (how: 'plain' | 'cas', refs: Code): Code[] =>
  how === 'plain'
    ? [['i32.store', get('$counter'), ['i32.sub', ['i32.load', get('$counter')], refs]]]
    : [['drop', ['i32.atomic.rmw.sub', get('$counter'), refs]]];
