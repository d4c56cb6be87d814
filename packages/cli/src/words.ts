/** Single words of the command line: numbers, addresses and ranges, or a UsageError that names the option. */
import { UsageError, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';

/**
 * A 64-bit quantity, in hex with `0x` or in decimal.
 * @throws UsageError `argument`
 */
export function word(option: string, text: string): bigint {
  const value = /^(0x[0-9a-f]{1,16}|\d{1,20})$/i.test(text) ? BigInt(text) : -1n;
  if (value !== BigInt.asUintN(64, value)) throw new UsageError('argument', option, `a number of 64 bits, not ${text}`);
  return value;
}

/** A virtual address; see {@link word}. */
export const address = (option: string, text: string): Vaddr => vaddr(word(option, text));

/**
 * `START-END`, both in hex; an end of 0 is 2^64.
 * @throws UsageError `argument`
 */
export function range(option: string, text: string): readonly [Vaddr, Vaddr] {
  const [, start, end] = /^(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}|0)$/i.exec(text) ?? [];
  if (start === undefined || end === undefined) throw new UsageError('argument', option, 'START-END, both in hex');
  return [vaddr(BigInt(start)), vaddr(BigInt(end))];
}

/**
 * A whole number above 0.
 * @throws UsageError `argument`
 */
export function count(option: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new UsageError('argument', option, `a whole number above 0, not ${text}`);
  return Number(text);
}

const UNITS: Readonly<Record<string, number>> = { '': 1, K: 2 ** 10, M: 2 ** 20, G: 2 ** 30 };

/**
 * A number of bytes, which may end in K, M or G: 2^10, 2^20, 2^30 bytes.
 * @throws UsageError `argument`
 */
export function size(option: string, text: string): number {
  const [, n, unit = ''] = /^([1-9]\d{0,9})([KMG]?)$/i.exec(text) ?? [];
  const bytes = Number(n) * (UNITS[unit.toUpperCase()] ?? 1);
  // Of more, node makes no buffer.
  if (!(bytes <= 2 ** 32))
    throw new UsageError('argument', option, `from 1 to 4G bytes, for example 256M, not ${text}`);
  return bytes;
}

export const hex = (value: bigint): string => `0x${value.toString(16)}`;

/** For programs: 64-bit quantities as hex strings. */
export const json = (value: unknown): string =>
  JSON.stringify(value, (_, one) => (typeof one === 'bigint' ? hex(one) : one), 2);
