/** The leaves that a definition makes: one template for each set of rights that has bits of its own. */
import { type Arch, addressMask, type Level, leafTemplate, type Prot } from '@kernel-mm/pgtable-core';
import { or, type Term, xor } from '../term.ts';
import { scatterTerm } from '../walk-terms.ts';

/** Sets of rights: of user space, each that can be read; and none. */
const PROTS: readonly Prot[] = [
  ...[false, true].flatMap((write) => [false, true].map((exec) => ({ read: true, write, exec, user: true }))),
  { read: true, write: true, exec: false, user: false },
  { read: false, write: false, exec: false, user: false },
];

/** A template of one level's leaf. */
export interface Template {
  readonly name: string;
  readonly prot: Prot;
  /** The leaf that maps `address`. */
  readonly entry: Term;
}

/** What `makeLeaf` makes, for each set of rights; of those that look the same, the first. */
export function templatesOf(arch: Arch, level: Level): Template[] {
  const { leaf } = arch.spec.levels[level];
  if (!leaf) return [];
  const seen = new Set<bigint>();
  return PROTS.flatMap((prot) => {
    const base = leafTemplate(leaf, prot);
    if (seen.has(base)) return [];
    seen.add(base);
    const placed = scatterTerm(leaf.fields, 'address');
    const stored = arch.rules[level].inverted({ entry: base }) ? xor(placed, addressMask(leaf.fields)) : placed;
    const rights = (Object.keys(prot) as (keyof Prot)[]).filter((right) => prot[right]);
    return [{ name: rights.join(' ') || 'no rights', prot, entry: or(stored, base) }];
  });
}
