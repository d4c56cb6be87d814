/** Laws of kinds: an entry is one thing, whichever question is asked first, and what it holds is read back as it is. */
import fc from 'fast-check';
import type { Predicate } from '../arch.ts';
import { type Paddr, paddr } from '../brand.ts';
import { leafAddress, leafSize, makeLeaf, makeSwap, makeTable, swapOf, tableAddress, withAddress } from '../codec.ts';
import type { Entry } from '../entry.ts';
import { addressMask } from '../field.ts';
import type { Arch } from '../geometry.ts';
import { isUpper, type Level } from '../level.ts';
import { roleOf } from '../walk.ts';
import { FULL, PROTECTIONS } from './arbitraries.ts';
import { bare, type Law, type LawMaker, readLevels, same } from './law.ts';

type Kind = 'none' | 'swap' | 'leaf' | 'table';

/** The laws of what an entry is. */
export function kindLaws(arch: Arch, law: LawMaker): Law[] {
  const mm = bare(arch);
  const read = readLevels(arch);
  const words = fc.tuple(fc.constantFrom(...read), fc.bigInt(0n, 2n ** BigInt(8 * arch.entryBytes) - 1n));
  /** Everything that an entry can be taken for, no question depending on the answer to another. */
  const kindsOf = (level: Level, entry: Entry): string => {
    const is = (what: Predicate): boolean => arch.rules[level].is[what]?.({ entry }) ?? false;
    const leaf = level === 'pte' || is('leaf');
    const claims: Record<Kind, boolean> = {
      none: is('none'),
      swap: arch.spec.levels[level].is.swap ? is('swap') : !is('none') && !is('present'),
      leaf: is('present') && leaf,
      table: is('present') && !leaf && !is('bad'),
    };
    return Object.entries(claims).filter(([, holds]) => holds).map(([kind]) => kind).join(' and ');
  };
  /** One entry of each kind that a level has, holding as much of the word as fits. */
  const made = (level: Level, word: bigint): [Kind, Entry | undefined][] => {
    const spec = arch.spec.levels[level];
    const address = word as Paddr;
    ...
  };
