/** The top of a walk: which level the top table is of, and which slot of it an address selects. */
import { fastLimitOf, type Level, translatedBits, wrap64 } from '@kernel-mm/pgtable-core';
import { type Code, get, i32, i64, set, when } from '../wasm/code.ts';
import { simplify } from './facts.ts';
import { type Kit, namesOf, readInto } from './kit.ts';
import { type LevelCode, offsetIn } from './level.ts';

/** topLevel: the number of the top table's level into `$top`, by slot 0. Nothing where that is known. */
export function readTop(kit: Kit, outside: readonly Code[]): Code[] {
  if (kit.top) return [];
  const { levels, expr, locals } = kit;
  const top = locals.of('i32', '$top');
  const slot = locals.of('i64', '$slot');
  const chain = (n: number): Code[] => {
    const level = levels[n];
    if (!level) return [];
    const folded = simplify(level.folded);
    if (folded === 0n) return [];
    const inside = [...(level.fold?.when === 'process' ? [set(top, i32(n))] : []), ...chain(n + 1)];
    return folded === 1n ? inside : [when(expr.truth(folded, namesOf('$e')), inside)];
  };
  return [
    set(slot, ['global.get', '$pgd']),
    ...readInto(kit, { slot, pointer: '$p', entry: '$e' }, outside),
    set(top, i32(0)),
    ...chain(1),
  ];
}

/** What `of` says for the level of the top table: at once where it is known, else chosen by `$top`. */
function byTop(kit: Kit, of: (top: LevelCode) => Code): Code {
  if (kit.top) return of(kit.top);
  const [first, ...others] = kit.tops as [LevelCode, ...LevelCode[]];
  return others.reduce<Code>(
    (rest, level) => ['select', of(level), rest, ['i32.eq', get('$top'), i32(level.index)]],
    of(first),
  );
}

/** The slot of the top table for `$addr`, into `$slot`. */
export const topSlot = (kit: Kit): Code[] => {
  const offset = byTop(kit, (top) => kit.expr.value(simplify(offsetIn(top)), { addr: get('$addr') }));
  return [set(kit.locals.of('i64', '$slot'), ['i64.add', ['global.get', '$pgd'], offset])];
};

/** isTranslatable: whether the bits above the translated ones are as they must be, an i32. */
export const translatable = (kit: Kit): Code => byTop(kit, ({ level }) => isTranslatable(kit, level));

function isTranslatable({ arch }: Kit, top: Level): Code {
  const { extend } = arch.spec.va;
  const kept = BigInt(translatedBits(arch, top) - (extend === 'sign' ? 1 : 0));
  const addr = get('$addr');
  if (kept >= 64n) return i32(1);
  if (extend === 'halves')
    return ['i64.eq', ['i64.shr_u', addr, i64(kept)], ['i64.shr_u', ['global.get', '$half'], i64(kept)]];
  if (extend === 'zero') return ['i64.eqz', ['i64.shr_u', addr, i64(kept)]];
  // All 0 or all 1: one more is 0 or 1.
  return ['i64.lt_u', ['i64.add', ['i64.shr_s', addr, i64(kept)], i64(1n)], i64(2n)];
}

/** The highest `end` of a lockless walk. */
export const limit = (kit: Kit): Code => byTop(kit, ({ level }) => i64(wrap64(fastLimitOf(kit, level))));
