/** Laws of kinds: an entry is one thing, whichever question is asked first; and what it is made to hold, it holds. */
import fc from 'fast-check';
import type { Predicate } from '../arch.ts';
import { paddr } from '../brand.ts';
import { leafAddress, makeLeaf, makeSwap, makeTable, NO_RIGHTS, swapOf, tableAddress } from '../codec.ts';
import type { Entry } from '../entry.ts';
import { gather } from '../field.ts';
import type { Arch } from '../geometry.ts';
import { below, isUpper, type Level } from '../level.ts';
import { type Role, roleOf } from '../walk.ts';
import { lastPage, PROTECTIONS } from './arbitrary-entries.ts';
import { bare, type Law, type LawMaker, readLevels, same } from './law.ts';

type Kind = 'none' | 'swap' | 'leaf' | 'table';
const ROLES: Readonly<Record<Kind, Role>> = { none: 'none', swap: 'not-present', leaf: 'leaf', table: 'table' };

/** An entry of some kind, what it was made to hold, and what is read from it. */
interface Made {
  readonly kind: Kind;
  readonly entry: Entry | undefined;
  readonly holds: string;
  read(entry: Entry): string;
}

const text = (...values: (bigint | undefined)[]): string => values.map((value) => value?.toString(16)).join(' on ');

/** One entry of each kind that a level has, holding as much of the word as it can. Nothing of Linux's is at address 0. */
function madeOf(arch: Arch, level: Level, word: bigint): Made[] {
  const { table, leaf, swap, empty = 0n } = arch.spec.levels[level];
  const made: Made[] = [{ kind: 'none', entry: empty as Entry, holds: '', read: () => '' }];
  if (table && isUpper(level)) {
    const address = paddr(gather(table.fields, word) || BigInt(arch.geometry[below(level)].tableBytes));
    const read = (entry: Entry): string => text(tableAddress(arch, level, entry));
    made.push({ kind: 'table', entry: makeTable(arch, level, address), holds: text(address), read });
  }
  if (leaf) {
    const { size } = arch.geometry[level];
    const address = paddr(gather(leaf.fields, word) & ~(size - 1n) || size);
    // A page without rights is a leaf at pte; above, with some architectures only.
    const prots = PROTECTIONS.filter(({ read }) => read).concat(level === 'pte' ? NO_RIGHTS : []);
    const read = (entry: Entry): string => text(leafAddress(arch, level, entry));
    for (const prot of prots)
      made.push({ kind: 'leaf', entry: makeLeaf(arch, level, address, prot), holds: text(address), read });
  }
  if (swap) {
    const { type = 0n, offset = 0n } = swapOf(arch, level, word as Entry) ?? {};
    const page = { type, offset: offset === 0n || offset === lastPage(swap) ? 1n : offset };
    const read = (entry: Entry): string => text(swapOf(arch, level, entry)?.offset, swapOf(arch, level, entry)?.type);
    made.push({ kind: 'swap', entry: makeSwap(arch, level, page), holds: text(page.offset, type), read });
  }
  return made;
}

/** The laws of what an entry is. */
export function kindLaws(arch: Arch, law: LawMaker): Law[] {
  const mm = bare(arch);
  const word = fc.bigInt(0n, 2n ** BigInt(8 * arch.entryBytes) - 1n);
  const cases = fc.tuple(fc.constantFrom(...readLevels(arch)), word);
  /** All that an entry can be taken for, where no question waits for the answer to another. */
  const claims = (level: Level, entry: Entry): Kind[] => {
    const { is } = arch.rules[level];
    const says = (what: Predicate): boolean => is[what]?.({ entry }) ?? false;
    const leaf = level === 'pte' || says('leaf');
    const kinds: [Kind, boolean][] = [
      ['none', says('none')],
      ['swap', is.swap ? says('swap') : !says('none') && !says('present')],
      ['leaf', says('present') && leaf],
      ['table', says('present') && !leaf && !says('bad')],
    ];
    return kinds.filter(([, holds]) => holds).map(([kind]) => kind);
  };

  return [
    law(
      'kinds',
      'what is made is one of none, swap, leaf and table, and no other; any word has one role',
      cases,
      ([level, word]) => {
        for (const { kind, entry } of madeOf(arch, level, word)) {
          if (entry === undefined) throw new Error(`${level}: no ${kind} for 0x${word.toString(16)}`);
          same(`claims of a ${level} ${kind} 0x${entry.toString(16)}`, claims(level, entry).join(' and '), kind);
          same(`role of a ${level} ${kind}`, roleOf(mm, level, entry), ROLES[kind]);
        }
        const role = roleOf(mm, level, word as Entry);
        if (role !== 'folded' && claims(level, word as Entry).includes('swap'))
          same(`role of ${level} 0x${word.toString(16)}, a swap entry`, role, 'not-present');
      },
    ),
    law('holds', 'an entry gives back the address or the swapped page that it was made of', cases, ([level, word]) => {
      for (const { kind, entry, holds, read } of madeOf(arch, level, word))
        same(`${kind} at ${level}`, entry === undefined ? entry : read(entry), holds);
    }),
  ];
}
