/** How a range walk ends: the ways, their numbers, and the code that notes them. */
import { type Code, get, i32, set } from '../wasm/code.ts';
import { seldom } from './cold.ts';
import { type Kit, namesOf } from './kit.ts';
import type { LevelCode } from './level.ts';
import { onStack, spacesOf } from './pointer.ts';

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
  'pmd-changed',
  'changed',
] as const;
export type StopName = (typeof STOPS)[number];

/** The local with the end of the part of the range that a slot of level `n` lies in. */
export const endOf = (n: number): string => `$end${n}`;

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
