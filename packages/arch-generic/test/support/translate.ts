/** Translations in one line each, over entries written down by hand. */
import { type Access, type Machine, type Memory, type Translation, translate, vaddr } from '@kernel-mm/pgtable-core';

/** Entries by their physical address. */
export type Words = Readonly<Record<string, bigint>>;

/** Memory of which only these entries exist. */
function entries(words: Words): Memory {
  const at = new Map(Object.entries(words).map(([address, value]) => [BigInt(address), value]));
  return { read: (address) => at.get(address), write: () => false, pieces: [] };
}

/** What the MMU answers. */
export const answer = (of: Machine, words: Words, root: bigint, addr: bigint, access: Access = 'read'): Translation =>
  translate(of, entries(words), { root, addr: vaddr(addr), access });

/** The same as text: the physical address, or the fault and its code. */
export function told(...[of, words, root, addr, access]: Parameters<typeof answer>): string {
  const got = answer(of, words, root, addr, access);
  if (got.kind === 'address') return `0x${got.paddr.toString(16)}`;
  return got.code === undefined ? got.name : `${got.name} 0x${got.code.toString(16)}`;
}

/** Who took which right, top down: `write pmd: R/W = 0`. */
export const takers = (got: Translation): string[] =>
  got.taken.map(({ right, level, why }) => `${right} ${level}: ${why}`);

/** The entries that the hardware writes. */
export const writes = (got: Translation): Words =>
  Object.fromEntries(
    (got.kind === 'address' ? got.updates : []).map(({ at, entry }) => [`0x${at.toString(16)}`, entry]),
  );
