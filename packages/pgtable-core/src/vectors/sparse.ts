/** Memory that holds the entries of one case and nothing else. */

import { UsageError } from '../errors.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import type { Machine } from '../machine.ts';
import { type Memory, sparseMemory } from '../memory.ts';
import type { WalkVector } from './walk-shape.ts';

/**
 * Each entry as wide as the machine's are, and in its byte order, so that it loads the value that the file has.
 * @throws FixtureError `malformed` for entries that overlap, or are wider than the machine's
 */
export function memoryOfEntries({ arch, entryBytes }: Machine, entries: WalkVector['entries'], where: string): Memory {
  const pieces = entries.map(([at], n) => ({ at, length: entryBytes, offset: n * entryBytes }));
  try {
    const memory = sparseMemory(new ArrayBuffer(entries.length * entryBytes), pieces);
    for (const [at, entry] of entries) {
      if (entry !== BigInt.asUintN(8 * entryBytes, entry))
        throw new FixtureError('malformed', where, `entries of ${entryBytes} bytes, not 0x${entry.toString(16)}`);
      memory.write(at, entryBytes, arch.spec.byteOrder, entry);
    }
    return memory;
  } catch (error) {
    if (error instanceof UsageError) throw new FixtureError('malformed', where, `${error.argument}: ${error.expected}`);
    throw error;
  }
}
