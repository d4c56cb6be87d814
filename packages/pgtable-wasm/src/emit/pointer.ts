/** Where a range walk's pointers are: in a table, or, for the forms that descend from copies, on the walker's stack. */
import { handsSlot, type Neighbour, POISON, STACK } from '@kernel-mm/pgtable-core';
import { type Code, type Func, get, i32, i64, set, when } from '../wasm/code.ts';
import type { Kit, Space } from './kit.ts';
import type { LevelCode } from './level.ts';

/** The local that says 1 for a slot on the stack. */
export const onStack = ({ index }: LevelCode): string => `$s${index}`;

/** Where the copy of an entry of level `n` lives. */
export const copyAt = (n: number): bigint => STACK.copy(n);

/** The space of the slots of each level, by what can be folded above it and how. */
export function spacesOf(kit: Pick<Kit, 'levels' | 'choice'>): Space[] {
  const spaces: Space[] = ['memory'];
  for (const level of kit.levels.slice(1)) {
    const above = spaces.at(-1) as Space;
    const folded = handsSlot(kit.choice.form, level.fold) ? above : 'stack';
    const always = level.fold !== undefined && level.fold.if === undefined;
    spaces.push(level.fold === undefined ? 'memory' : always ? folded : folded === 'memory' ? 'memory' : 'either');
  }
  return spaces;
}

/**
 * The entry at the stack slot of level `n`: a live copy, or what lies beside them. The first read, into `$e<n>`, counts
 * what lies beside; the second one, into `entry`, has one more copy to find, its own.
 */
export function readStack(kit: Kit, n: number, entry = `$e${n}`): Code[] {
  const isFirst = entry === `$e${n}`;
  const slot = get(`$p${n}`);
  const live = isFirst ? n : n + 1;
  const copies = Array.from({ length: live }, (_, k) => k).reverse();
  const beside: Code[] = [
    set(entry, ['call', '$beside', slot, get(`$e${live - 1}`)]),
    ...(isFirst ? [set('$strays', ['i32.add', get('$strays'), i32(1)])] : []),
  ];
  kit.locals.of('i32', '$strays');
  return copies.reduceRight<Code[]>(
    (otherwise, k) => [when(['i64.eq', slot, i64(copyAt(k))], [set(entry, get(`$e${k}`))], otherwise)],
    beside,
  );
}

/** `$beside(at, newest)`: what lies on the stack beside the copies. */
export function besideFunction(neighbour: Neighbour): Func {
  const mixed: Code = ['i64.mul', ['i64.xor', get('$at'), i64(0x5bd1e995n)], i64(0x9e3779b97f4a7c15n)];
  const words: Readonly<Record<Neighbour, Code>> = {
    same: get('$newest'),
    zero: i64(0n),
    poison: i64(POISON),
    garbage: [
      'i64.mul',
      ['i64.xor', ['local.tee', '$at', mixed], ['i64.shr_u', get('$at'), i64(29n)]],
      i64(0xbf58476d1ce4e5b9n),
    ],
  };
  return {
    name: '$beside',
    params: [
      ['$at', 'i64'],
      ['$newest', 'i64'],
    ],
    result: 'i64',
    locals: [],
    body: [words[neighbour]],
  };
}
