/** Typed access to parsed JSON: each key is there and of its kind, or a `FixtureError` says which is not. */
import { wrap64 } from '../brand.ts';
import type { Piece } from '../memory.ts';

/** What is wrong with a fixture. */
export type FixtureCode = 'format' | 'missing' | 'malformed' | 'truncated';

/** A fixture that cannot be read: `where` names the key, `expected` what it should hold. */
export class FixtureError extends Error {
  override readonly name = 'FixtureError';
  readonly code: FixtureCode;
  readonly where: string;
  readonly expected: string;
  constructor(code: FixtureCode, where: string, expected: string) {
    super(`${where}: expected ${expected}`);
    this.code = code;
    this.where = where;
    this.expected = expected;
  }
}

type Json = Readonly<Record<string, unknown>>;

export const isRecord = (json: unknown): json is Json =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

function key(json: unknown, name: string): unknown {
  if (!isRecord(json) || json[name] === undefined) throw new FixtureError('missing', name, 'the key to be there');
  return json[name];
}

export function field(json: unknown, name: string): Json {
  const value = key(json, name);
  if (!isRecord(value)) throw new FixtureError('malformed', name, 'an object');
  return value;
}

export function items(json: unknown, name: string): readonly unknown[] {
  const value = key(json, name);
  if (!Array.isArray(value)) throw new FixtureError('malformed', name, 'a list');
  return value;
}

export function text(json: unknown, name: string): string {
  const value = key(json, name);
  if (typeof value !== 'string') throw new FixtureError('malformed', name, 'a string');
  return value;
}

export function number(json: unknown, name: string): number {
  const value = key(json, name);
  if (!Number.isSafeInteger(value)) throw new FixtureError('malformed', name, 'a whole number');
  return value as number;
}

const hex = (value: unknown, where: string): bigint => {
  if (typeof value === 'string' && /^0x[0-9a-f]+$/i.test(value) && BigInt(value) === wrap64(BigInt(value)))
    return BigInt(value);
  throw new FixtureError('malformed', where, 'a hex string of 64 bits or fewer');
};

export const word = (json: unknown, name: string): bigint => hex(key(json, name), name);

export function piece(json: unknown, index: number): Piece {
  const [at, length, offset] = Array.isArray(json) ? json : [];
  const where = `memory.pieces[${index}]`;
  if (!Number.isSafeInteger(length) || !Number.isSafeInteger(offset))
    throw new FixtureError('malformed', where, '[address, length, offset]');
  return { at: hex(at, where), length: length as number, offset: offset as number };
}
