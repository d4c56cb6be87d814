/** Memory that holds the entries of one case and nothing else. */

import { UsageError } from '../errors.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import type { Machine } from '../machine.ts';
import { type Memory, sparseMemory } from '../memory.ts';
import type { WalkVector } from './walk-shape.ts';

const hex = (value: bigint): string => `0x${value.toString(16)}`;

/**
 * Each entry as wide as the machine's are, and in its byte order, so that it loads the value that the file has. One that
 * is listed twice is one entry.
 * @throws FixtureError `malformed` for entries that overlap, have two values, or are wider than the machine's
 */
export function memoryOfEntries(
  { arch, entryBytes }: Pick<Machine, 'arch' | 'entryBytes'>,
  entries: WalkVector['entries'],
  where: string,
): Memory {
  const words = new Map(entries);
  const refuse = (expected: string): FixtureError => new FixtureError('malformed', where, expected);
  for (const [at, entry] of entries) {
    const other = words.get(at);
    if (other !== entry) throw refuse(`one value at ${hex(at)}, not ${hex(entry)} and ${hex(other ?? 0n)}`);
    if (entry !== BigInt.asUintN(8 * entryBytes, entry))
      throw refuse(`entries of ${entryBytes} bytes, not ${hex(entry)}`);
  }
  const pieces = [...words.keys()].map((at, n) => ({ at, length: entryBytes, offset: n * entryBytes }));
  try {
    const memory = sparseMemory(new ArrayBuffer(words.size * entryBytes), pieces);
    for (const [at, entry] of words) memory.write(at, entryBytes, arch.spec.byteOrder, entry);
    return memory;
  } catch (error) {
    if (error instanceof UsageError) throw refuse(`${error.argument}: ${error.expected}`);
    throw error;
  }
}
