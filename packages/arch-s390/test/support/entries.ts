/** Questions about bare entries, and tables written by hand. */
import {
  type Entry,
  flatMemory,
  isFoldedInto,
  type Level,
  type Memory,
  type Mm,
  mmFromTable,
  type Predicate,
  paddr,
  pXdIs,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { type Layout, s390 } from '../../src/index.ts';

const ARCHS = { classic: s390(), present: s390({ layout: 'present' }) };

/** An address space without memory. */
export const bare = (layout: Layout): Mm => mmFromTable(ARCHS[layout], flatMemory(new ArrayBuffer(0)), paddr(0n));

/** Linux's helper of that name, over a raw value. */
export const asks = (layout: Layout, level: Level, predicate: Predicate, raw: bigint): boolean =>
  pXdIs(bare(layout), predicate, level, raw as Entry);

/** pXd_folded: whether the level below has no table here. */
export const folded = (level: Level, raw: bigint): boolean => isFoldedInto(bare('classic'), level, raw as Entry);

/** Memory from 1 MiB in which each address of `words` holds its word, and a process whose top table is at `top`. */
export function tables(
  top: bigint,
  words: Readonly<Record<string, bigint>>,
  layout: Layout = 'classic',
  memory: Memory = flatMemory(new ArrayBuffer(0x10_0000), 0x10_0000n),
): Mm {
  const mm = mmFromTable(ARCHS[layout], memory, paddr(top));
  for (const [addr, word] of Object.entries(words))
    if (!writeEntry(mm, { level: 'pgd', space: 'memory', addr: BigInt(addr) }, word as Entry<'pgd'>))
      throw new Error(`${addr} lies outside memory`);
  return mm;
}
