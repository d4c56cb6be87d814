/** What a term is for given values: the semantics of SMT-LIB's bit-vectors, in bigints. */
import type { Term } from '../../src/index.ts';

const wrap = (value: bigint): bigint => BigInt.asUintN(64, value);

/** The word that a term without memory is. */
export function wordOf(term: Term, values: Readonly<Record<string, bigint>> = {}): bigint {
  if (typeof term === 'bigint') return term;
  if (typeof term === 'string') return values[term] ?? 0n;
  const [op, ...parts] = term;
  const [a = 0n, b = 0n, c = 0n] = parts.map((part) => wordOf(part, values));
  switch (op) {
    case 'and':
      return a & b;
    case 'or':
      return a | b;
    case 'xor':
      return a ^ b;
    case 'add':
      return wrap(a + b);
    case 'sub':
      return wrap(a - b);
    case 'shl':
      return b < 64n ? wrap(a << b) : 0n;
    case 'shr':
      return b < 64n ? a >> b : 0n;
    case 'eq':
      return a === b ? 1n : 0n;
    case 'lt':
      return a < b ? 1n : 0n;
    case 'select':
      return a ? b : c;
    case 'read':
      throw new Error('memory has no value here');
  }
}
