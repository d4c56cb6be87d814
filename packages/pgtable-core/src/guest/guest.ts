/** A guest fixture: its memory, its processes' registers, and what its kernel said of their pages. */
import { type Paddr, paddr, type Vaddr, vaddr } from '../brand.ts';
import { UsageError } from '../errors.ts';
import { type Memory, type Piece, sparseMemory } from '../memory.ts';
import { FixtureError } from './fixture-error.ts';
import { type FixtureFact, parseFixture } from './schema.ts';

/** What the guest's kernel says of one page, by /proc/self/pagemap. */
export interface Fact {
  readonly addr: Vaddr;
  /** The region of the test program that the address lies in, and its kind (`w`, `ro`, `none`, `thp`, …), if any. */
  readonly region: string;
  readonly kind: string;
  /** Whether pagemap calls the page present. */
  readonly present: boolean;
  /** The frame that pagemap names, in units of the guest's page size. */
  readonly pfn?: bigint;
  /** What the kernel's own get_user_page_fast_only(READ) answered, where it was asked. */
  readonly gupFast?: GupFact;
}

/** An answer of the guest kernel's gup_fast. */
export interface GupFact {
  /** The physical address it returned; none if it refused. */
  readonly paddr?: Paddr;
  /** Bytes of the leaf that the kernel's lockless walk found, where it was recorded; 0 for none. */
  readonly pageSize?: bigint;
}

/** One process at the moment of the dump. */
export interface GuestProcess {
  readonly name: string;
  /** Register values by name, as the CPU had them in user mode. */
  readonly registers: Readonly<Record<string, bigint>>;
  /** Pages of which pagemap has an answer. */
  readonly facts: readonly Fact[];
}

/** A whole guest. */
export interface Guest {
  readonly name: string;
  /** As `uname -m` says: `s390x`, `x86_64`, `aarch64`, … */
  readonly arch: string;
  /** The guest kernel's release. */
  readonly release: string;
  readonly pageSize: bigint;
  readonly memory: Memory;
  readonly processes: readonly GuestProcess[];
}

/**
 * Reads a guest from its parsed JSON and the bytes of its memory, both already decompressed.
 * @throws {@link FixtureError} for another format, missing or malformed keys, or memory that is cut short
 */
export function readGuest(json: unknown, memory: Uint8Array<ArrayBuffer>): Guest {
  const { name, guest, memory: layout, processes } = parseFixture(json);
  const pieces = layout.pieces.map(([at, length, offset]) => ({ at, length, offset }));
  const needed = pieces.reduce((most, piece) => Math.max(most, piece.offset + piece.length), 0);
  if (needed > memory.byteLength)
    throw new FixtureError('truncated', 'memory', `${needed} bytes, not ${memory.byteLength}`);
  return {
    ...{ name, arch: guest.arch, release: guest.release, pageSize: BigInt(guest.pagesize) },
    memory: memoryOf(memory, pieces),
    processes: processes.map((process) => ({ ...process, facts: process.facts.map(readFact) })),
  };
}

function memoryOf(bytes: Uint8Array<ArrayBuffer>, pieces: readonly Piece[]): Memory {
  try {
    return sparseMemory(bytes, pieces);
  } catch (error) {
    if (error instanceof UsageError) throw new FixtureError('malformed', 'memory.pieces', error.expected);
    throw error;
  }
}

function readFact({ v, pfn, gup_fast: gup, ...said }: FixtureFact): Fact {
  const gupFast = gup && {
    ...(gup.phys !== null && { paddr: paddr(gup.phys) }),
    ...(gup.page_size !== undefined && { pageSize: BigInt(gup.page_size) }),
  };
  return { ...said, addr: vaddr(v), ...(pfn !== undefined && { pfn }), ...(gupFast && { gupFast }) };
}
