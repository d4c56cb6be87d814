/** A guest fixture: its memory, its processes' registers, and what its kernel said of their pages. */
import { type Paddr, paddr, type Vaddr, vaddr } from '../brand.ts';
import { type Memory, type Piece, sparseMemory } from '../memory.ts';
import { FixtureError, field, isRecord, items, number, piece, text, word } from './json.ts';

export { type FixtureCode, FixtureError } from './json.ts';

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
  const format = isRecord(json) ? json.format : undefined;
  if (format !== 'oracle-fixture-1')
    throw new FixtureError('format', 'format', `oracle-fixture-1, not ${String(format)}`);
  const guest = field(json, 'guest');
  return {
    name: text(json, 'name'),
    arch: text(guest, 'arch'),
    release: text(guest, 'release'),
    pageSize: BigInt(number(guest, 'pagesize')),
    memory: readMemory(items(field(json, 'memory'), 'pieces').map(piece), memory),
    processes: items(json, 'processes').map(readProcess),
  };
}

function readMemory(pieces: readonly Piece[], bytes: Uint8Array<ArrayBuffer>): Memory {
  const needed = Math.max(0, ...pieces.map((p) => p.offset + p.length));
  if (needed > bytes.byteLength)
    throw new FixtureError('truncated', 'memory', `${needed} bytes, not ${bytes.byteLength}`);
  return sparseMemory(bytes, pieces);
}

function readProcess(json: unknown): GuestProcess {
  const registers = field(json, 'registers');
  const facts = items(json, 'facts').filter((fact) => isRecord(fact) && typeof fact.present === 'boolean');
  return {
    name: text(json, 'name'),
    registers: Object.fromEntries(Object.keys(registers).map((name) => [name, word(registers, name)])),
    facts: facts.map(readFact),
  };
}

function readFact(json: unknown): Fact {
  const fact = isRecord(json) ? json : {};
  return {
    addr: vaddr(word(json, 'v')),
    region: typeof fact.region === 'string' ? fact.region : '',
    kind: typeof fact.kind === 'string' ? fact.kind : '',
    present: fact.present === true,
    ...(typeof fact.pfn === 'string' && { pfn: word(json, 'pfn') }),
    ...(isRecord(fact.gup_fast) && { gupFast: readGup(fact.gup_fast) }),
  };
}

const readGup = (json: Readonly<Record<string, unknown>>): GupFact => ({
  ...(json.phys !== null && { paddr: paddr(word(json, 'phys')) }),
  ...(json.page_size !== undefined && { pageSize: BigInt(number(json, 'page_size')) }),
});
