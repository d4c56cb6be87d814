/** The operations on one address and on lists: translate, translateMany, and lookup with all that can be told. */
import { type Code, type Func, get, i32, i64, set } from '../wasm/code.ts';
import { withCold } from './cold.ts';
import { type Kit, ruleValue } from './kit.ts';
import { addressIn, ENDS, NAMES, walkOf } from './quiet-walk.ts';

/** `translate(addr)`: its address, or 0. */
export function translateFunction(kit: Kit): Func {
  const body = walkOf(kit, {
    tells: false,
    leaf: (level, facts) => [['return', addressIn(kit, level, facts)]],
    stop: () => [['return', i64(0n)]],
  });
  return {
    name: '$translate',
    params: [['$addr', 'i64']],
    result: 'i64',
    locals: kit.locals.list(),
    body: [...withCold(kit.cold, body), ['unreachable']],
    exported: true,
  };
}

/** `translateMany(in, out, n)`: the address of each, or 2^64-1; how many have one. */
export function translateManyFunction(kit: Kit): Func {
  const { locals } = kit;
  const [found, addr] = [locals.of('i32', '$found'), locals.of('i64', '$addr')];
  const result = locals.of('i64', '$result');
  const walk = walkOf(kit, {
    tells: false,
    leaf: (level, facts) => [
      set(result, addressIn(kit, level, facts)),
      set(found, ['i32.add', get(found), i32(1)]),
      ['br', '$done'],
    ],
    stop: () => [['br', '$miss']],
  });
  const body: Code[] = [
    set('$end', ['i32.add', get('$in'), ['i32.shl', get('$end'), i32(3)]]),
    [
      'block',
      '$all',
      ['br_if', '$all', ['i32.eq', get('$in'), get('$end')]],
      [
        'loop',
        '$each',
        set(addr, ['i64.load', get('$in')]),
        ['block', '$done', ['block', '$miss', ...withCold(kit.cold, walk)], set(result, i64(-1n))],
        ['i64.store', get('$out'), get(result)],
        set('$out', ['i32.add', get('$out'), i32(8)]),
        set('$in', ['i32.add', get('$in'), i32(8)]),
        ['br_if', '$each', ['i32.ne', get('$in'), get('$end')]],
      ],
    ],
    get(found),
  ];
  return {
    name: '$translateMany',
    params: [
      ['$in', 'i32'],
      ['$out', 'i32'],
      ['$end', 'i32'],
    ],
    result: 'i32',
    locals: locals.list(),
    body,
    exported: true,
  };
}

/** `lookup(addr)`: the number of the end and its level; the rest in the module's variables. */
export function lookupFunction(kit: Kit): Func {
  kit.locals.of('i64', '$table');
  const code = kit.locals.of('i32', '$code');
  const body = walkOf(kit, {
    tells: true,
    leaf: (level, facts) => [
      ['global.set', '$frame', addressIn(kit, level, facts)],
      ['global.set', '$size', ['i64.shl', i64(1n), ruleValue(kit, level.pageShift, facts, NAMES)]],
      set(code, i32(level.index << 8)),
      ['br', '$exit'],
    ],
    stop: (kind, level) => [set(code, i32(ENDS.indexOf(kind) | ((level?.index ?? 0) << 8))), ['br', '$exit']],
  });
  const top: Code = kit.top ? i32(kit.top.index) : get('$top');
  return {
    name: '$lookup',
    params: [['$addr', 'i64']],
    result: 'i32',
    locals: kit.locals.list(),
    body: [
      ['block', '$exit', ...body],
      ['global.set', '$at', get('$slot')],
      ['global.set', '$raw', get('$e')],
      ['global.set', '$in', get('$table')],
      ['i32.or', get(code), ['i32.shl', top, i32(16)]],
    ],
    exported: true,
  };
}
