/** A guest fixture: its memory, its processes' registers, and what its kernel and its MMU said of their pages. */
import { UsageError } from '../errors.ts';
import { type Memory, type Piece, sparseMemory } from '../memory.ts';
import type { GuestKernel, GuestProcess } from './facts.ts';
import { FixtureError } from './fixture-error.ts';
import { parseFixture } from './schema.ts';

/** A whole guest. */
export interface Guest {
  /** The fixture’s name. */
  readonly name: string;
  /** As `uname -m` says: `s390x`, `x86_64`, `aarch64`, … */
  readonly arch: string;
  /** The guest kernel's release. */
  readonly release: string;
  /** Bytes of its smallest page. */
  readonly pageSize: bigint;
  /** The byte order of its programs; its tables may have another (ppc64le). */
  readonly byteOrder: 'little' | 'big';
  /** What the machine was started with, by the fixture's names: `prefix`, `edat1`, `process_table`, … */
  readonly options: Readonly<Record<string, boolean | bigint>>;
  /** The physical address above the guest's memory, where the fixture says it; it holds some frames of it only. */
  readonly storage?: bigint;
  /** What the fixture holds of its physical memory. */
  readonly memory: Memory;
  /** Its kernel’s registers, where the fixture has them. */
  readonly kernel?: GuestKernel;
  /** Its programs. */
  readonly processes: readonly GuestProcess[];
}

/**
 * Reads a guest from its parsed JSON and the bytes of its memory, both already decompressed.
 * @throws {@link FixtureError} for another format, missing or malformed keys, or memory that is cut short
 */
export function readGuest(json: unknown, memory: Uint8Array<ArrayBuffer>): Guest {
  const { guest, memory: layout, ...said } = parseFixture(json);
  const { arch, release, options, ram_base: base, ram_size: size } = guest;
  return {
    ...{ ...said, arch, release, options, pageSize: BigInt(guest.pagesize), byteOrder: guest.endian },
    ...(size !== undefined && { storage: base + BigInt(size) }),
    memory: memoryOf(memory, layout.pieces),
  };
}

/** The pieces of a fixture's memory: [physical address, length, offset in the file]. */
export function memoryOf(
  bytes: Uint8Array<ArrayBuffer>,
  layout: readonly (readonly [at: bigint, length: number, offset: number])[],
): Memory {
  const pieces: Piece[] = layout.map(([at, length, offset]) => ({ at, length, offset }));
  const needed = pieces.reduce((most, piece) => Math.max(most, piece.offset + piece.length), 0);
  if (needed > bytes.byteLength)
    throw new FixtureError('truncated', 'memory', `${needed} bytes, not ${bytes.byteLength}`);
  try {
    return sparseMemory(bytes, pieces);
  } catch (error) {
    if (error instanceof UsageError) throw new FixtureError('malformed', 'memory.pieces', error.expected);
    throw error;
  }
}
