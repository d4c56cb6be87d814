/** What lies in the frames: the test program wrote its own addresses into its pages, so that each can be told by its bytes. */
import { type Paddr, paddr, pictureOf, walk } from '@kernel-mm/pgtable-core';
import type { Fact, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import type { Space } from '../guest-mm.ts';
import { untagged } from '../present-runs.ts';
import type { Findings } from './findings.ts';
import { hex } from './tell.ts';

/** Compares the first two words of each present page whose content is known, in the frame that a walk leads to. */
export function checkContent(found: Findings, guest: Guest, process: GuestProcess, { mm }: Space): void {
  for (const fact of process.facts) {
    if (fact.data === undefined || !fact.present) continue;
    const words = wordsOf(fact, fact.data, process);
    if (!words) {
      // Its first bytes may be there, which tell as much.
      if (fact.head === undefined) found.leave(`a page of ${fact.data}`);
      continue;
    }
    const trace = walk(mm, untagged(guest, fact.addr));
    const { result } = trace;
    if (result.kind !== 'leaf') continue; // not as pagemap says: that has failed already
    const got = tell([loaded(guest, fact.data, result.paddr), loaded(guest, fact.data, paddr(result.paddr + 8n))]);
    const name = `${process.name} ${hex(fact.addr)}`;
    const expected = tell(words);
    found.compare('content', got === expected, () => ({ name, expected, got, walk: pictureOf(mm, trace) }));
  }
}

/** The words that the page begins with; `undefined` where only the guest's own files would tell. */
function wordsOf({ addr }: Fact, data: string, { tag }: GuestProcess): readonly bigint[] | undefined {
  if (data === 'zero') return [0n, 0n];
  const match = /^pattern(?:32)?(?:-of:(0x[0-9a-f]{1,16}))?$/.exec(data);
  return match && tag !== undefined ? [match[1] ? BigInt(match[1]) : addr, tag] : undefined;
}

/** A 64-bit word, as the program wrote it: a 32-bit one writes the upper half first. */
function loaded({ memory, byteOrder }: Guest, data: string, at: Paddr): bigint | undefined {
  if (data !== 'pattern32') return memory.read(at, 8, byteOrder);
  const [upper, lower] = [at, paddr(at + 4n)].map((half) => memory.read(half, 4, byteOrder));
  return upper === undefined || lower === undefined ? undefined : (upper << 32n) | lower;
}

const tell = (words: readonly (bigint | undefined)[]): string =>
  words.map((word) => (word === undefined ? 'outside the file' : hex(word))).join(' ');
