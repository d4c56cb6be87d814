/** Tables written by hand: a test says which word stands where, and nothing else does. */
import {
  type Arch,
  type Entry,
  flatMemory,
  type Memory,
  type Mm,
  mmFromTable,
  paddr,
  writeEntry,
} from '../../src/index.ts';

/** Memory of `bytes` bytes from `base` in which each address of `words` holds its word, and a walk that starts at `pgd`. */
export function tables(
  arch: Arch,
  pgd: bigint,
  words: Readonly<Record<string, bigint>>,
  memory: Memory = flatMemory(new ArrayBuffer(0x1000), 0x1000n),
): Mm {
  const mm = mmFromTable(arch, memory, paddr(pgd));
  for (const [addr, word] of Object.entries(words))
    if (!writeEntry(mm, { level: 'pgd', space: 'memory', addr: BigInt(addr) }, word as Entry<'pgd'>))
      throw new Error(`${addr} lies outside memory`);
  return mm;
}
