/** References: folio_ref_try_add on a counter, which is an int and wraps as one, and its way back. */
import { type Code, get, i32, type Locals, set, when } from '../wasm/code.ts';

/** What counting needs. */
export interface Counting {
  readonly locals: Locals;
  readonly how: 'plain' | 'cas';
  /** The frame at which is counted, an i64; and how many references, an i32. */
  readonly head: Code;
  readonly refs: Code;
  /** What is done where it may not be; each must branch away. */
  readonly refuse: (rule: 'no-page' | 'count-zero' | 'count-negative') => Code[];
  /** Puts code that is seldom run aside, and branches to it. */
  readonly aside: (code: readonly Code[]) => Code[];
}

/** `refs` more on the counter of `head`, whose place is in `$counter` then. */
export function getReference({ locals, how, head, refs, refuse, aside }: Counting): Code[] {
  const [word, counter, count] = [locals.of('i64', '$word'), locals.of('i32', '$counter'), locals.of('i32', '$count')];
  const wrong: Code[] = [when(['i32.eqz', get(count)], refuse('count-zero')), ...refuse('count-negative')];
  const check = when(['i32.le_s', get(count), i32(0)], aside(wrong));
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
