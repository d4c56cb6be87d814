/** Expressions over words as instructions. */
import { type EntryBytes, type Expr, isTruth, type Var, wrap64 } from '@kernel-mm/pgtable-core';
import { type Code, i64 } from '../wasm/code.ts';
import type { BitTest } from './facts.ts';

/** Where the variables of an expression are: code for each, of type i64. */
export interface Names extends Readonly<Partial<Record<Var, Code>>> {
  /** The entry as it lies in memory, where that is of the other byte order. */
  readonly raw?: Code;
}

/** A word with its bytes the other way round. */
export const swapped = (word: bigint, bytes: EntryBytes): bigint => {
  let result = 0n;
  for (let n = 0n; n < bytes; n++) result = (result << 8n) | ((word >> (8n * n)) & 0xffn);
  return result;
};

/** What turns expressions into code, for entries of so many bytes. */
export interface ExprEmitter {
  /** Its value, an i64. */
  value(e: Expr, names: Names): Code;
  /** Whether it is not 0, an i32 of 0 or 1. */
  truth(e: Expr, names: Names): Code;
  /** A constant as it lies in memory, where that is of the other byte order. */
  swap(word: bigint): bigint;
  /** A bit test, an i32 of 0 or 1. */
  test(test: BitTest, names: Names): Code;
}

const NO: Code = ['i32.const', 0];
const YES: Code = ['i32.const', 1];

/** An emitter for entries of so many bytes. */
export function exprEmitter(entryBytes: EntryBytes): ExprEmitter {
  const variable = (name: Var, names: Names): Code => {
    const code = names[name];
    if (!code) throw new Error(`${name} is not known here`);
    return code;
  };

  function value(e: Expr, names: Names): Code {
    if (typeof e === 'bigint') return i64(e);
    if (typeof e === 'string') return variable(e, names);
    switch (e[0]) {
      case 'select':
        return ['select', value(e[2], names), value(e[3], names), truth(e[1], names)];
      case 'eq':
      case 'lt':
        return ['i64.extend_i32_u', truth(e, names)];
      case 'shl':
      case 'shr':
        return shift(e[0] === 'shl' ? 'i64.shl' : 'i64.shr_u', value(e[1], names), e[2], names);
      default:
        return [`i64.${e[0]}`, value(e[1], names), value(e[2], names)];
    }
  }

  /** The machine shifts by a count modulo 64; here 64 or more leaves nothing. */
  function shift(op: string, word: Code, by: Expr, names: Names): Code {
    if (typeof by === 'bigint') return by < 64n ? [op, word, i64(by)] : i64(0n);
    const count = value(by, names);
    return ['select', [op, word, count], i64(0n), ['i64.lt_u', count, i64(64n)]];
  }

  function truth(e: Expr, names: Names): Code {
    if (typeof e === 'bigint') return e ? YES : NO;
    if (typeof e === 'string') return ['i64.ne', variable(e, names), i64(0n)];
    switch (e[0]) {
      case 'eq':
        return equal(e[1], e[2], names);
      case 'lt':
        return ['i64.lt_u', value(e[1], names), value(e[2], names)];
      case 'and':
      case 'or':
        if (isTruth(e)) return [`i32.${e[0]}`, truth(e[1], names), truth(e[2], names)];
        break;
    }
    return ['i64.ne', value(e, names), i64(0n)];
  }

  function equal(a: Expr, b: Expr, names: Names): Code {
    if (b === 0n && isTruth(a)) return ['i32.eqz', truth(a, names)];
    if (typeof b === 'bigint' && a === 'entry') return test({ mask: wrap64(-1n), value: b }, names);
    if (
      typeof b === 'bigint' &&
      typeof a === 'object' &&
      a[0] === 'and' &&
      a[1] === 'entry' &&
      typeof a[2] === 'bigint'
    )
      return test({ mask: a[2], value: b }, names);
    return b === 0n ? ['i64.eqz', value(a, names)] : ['i64.eq', value(a, names), value(b, names)];
  }

  /** Constants are swapped once, here, rather than each entry there. */
  function test({ mask, value: wanted }: BitTest, names: Names): Code {
    const all = wrap64(-1n) >> BigInt(64 - 8 * entryBytes);
    const turn = (word: bigint): bigint => (names.raw ? swapped(word, entryBytes) : word);
    if (mask === 0n) return wanted === 0n ? YES : NO;
    // Bits that no entry of 4 bytes has are 0 in it.
    if (wanted & ~(mask & all)) return NO;
    const word = names.raw ?? variable('entry', names);
    const bits: Code = (mask & all) === all ? word : ['i64.and', word, i64(turn(mask & all))];
    return wanted === 0n ? ['i64.eqz', bits] : ['i64.eq', bits, i64(turn(wanted))];
  }

  return { value, truth, test, swap: (word) => swapped(word, entryBytes) };
}
