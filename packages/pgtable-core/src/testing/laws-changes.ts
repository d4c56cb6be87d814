/** Laws of changes: each of Linux's helpers changes what it is for, and other rights change nothing but the rights. */
import fc from 'fast-check';
import type { Change, Predicate, Prot } from '../arch.ts';
import { leafAddress, leafSize, makeLeaf, modify } from '../codec.ts';
import type { Entry } from '../entry.ts';
import type { Arch } from '../geometry.ts';
import { RIGHTS, STATE, unchangedBy } from '../helpers.ts';
import type { Level } from '../level.ts';
import { arbitraryLeaf, PROTECTIONS } from './arbitrary-entries.ts';
import { type Law, type LawMaker, readLevels, same, zeroMask } from './law.ts';

/** A page with some history. */
interface Page {
  readonly level: Level;
  readonly prot: Prot;
  readonly fresh: Entry;
  readonly entry: Entry;
}

const HISTORY: readonly Change[] = [
  'young',
  'old',
  'dirty',
  'clean',
  'special',
  'devmap',
  'softDirty',
  'clearSoftDirty',
];

/** Leaves of all levels and rights, to which this and that has happened. */
const arbitraryPages = (arch: Arch): fc.Arbitrary<Page> => {
  const leaves = readLevels(arch).filter((level) => arch.spec.levels[level].leaf);
  return fc.tuple(fc.constantFrom(...leaves), fc.constantFrom(...PROTECTIONS)).chain(([level, prot]) =>
    fc
      .tuple(arbitraryLeaf(arch, level, prot), fc.array(fc.constantFrom(...HISTORY), { maxLength: 4 }))
      .map(([fresh, history]) => {
        const { mk } = arch.rules[level];
        const entry = history.reduce((e, what) => (mk[what]?.({ entry: e }) ?? e) as Entry, fresh);
        return { level, prot, fresh, entry };
      }),
  );
};

/** The laws of an architecture's changes. */
export function changeLaws(arch: Arch, law: LawMaker): Law[] {
  const hex = (entry: bigint): string => `0x${entry.toString(16)}`;
  const alike = (what: string, level: Level, asks: readonly Predicate[], got: Entry, expected: Entry): void => {
    for (const ask of asks) {
      const is = arch.rules[level].is[ask];
      if (is) same(`${ask} of ${level} ${hex(got)}, ${what}`, is({ entry: got }), is({ entry: expected }));
    }
  };
  /** The frame, its size, and the bits that must be 0. */
  const samePlace = (what: string, level: Level, got: Entry, expected: Entry): void => {
    same(`frame of ${hex(got)}, ${what}`, leafAddress(arch, level, got), leafAddress(arch, level, expected));
    same(`size of ${hex(got)}, ${what}`, leafSize(arch, level, got), leafSize(arch, level, expected));
    same(`bits of ${hex(got)} that must be 0`, got & zeroMask(arch.spec.levels[level].leaf?.fields ?? {}), 0n);
  };

  return [
    law(
      'changes',
      'a helper changes what it is for, and neither frame nor rights nor anything else',
      arbitraryPages(arch),
      ({ level, entry }) => {
        const { mk } = arch.rules[level];
        for (const what of Object.keys(mk) as Change[]) {
          const made = mk[what]?.({ entry }) as Entry;
          samePlace(`made ${what}`, level, made, entry);
          alike(`made ${what}`, level, unchangedBy(what), made, entry);
        }
      },
    ),
    law(
      'modify',
      'a page with other rights reads as one made with them, keeps all else, and can have its old rights back',
      fc.tuple(arbitraryPages(arch), fc.constantFrom(...PROTECTIONS)),
      ([{ level, prot, fresh, entry }, other]) => {
        const made = (e: Entry, to: Prot): Entry => {
          const changed = modify(arch, level, e, to);
          if (changed === undefined) throw new Error(`${level} has leaves, and none can have other rights`);
          return changed;
        };
        const changed = made(entry, other);
        samePlace('with other rights', level, changed, entry);
        // Where the level has no helper for dirty, who may write decides it, as where the page is made.
        const kept = STATE.filter((ask) => ask !== 'dirty' || arch.rules[level].mk.dirty);
        alike('with other rights', level, kept, changed, entry);
        const wished = makeLeaf(arch, level, leafAddress(arch, level, entry), other);
        if (wished !== undefined) alike('as if made with them', level, RIGHTS, changed, wished);
        same('with its own rights', made(fresh, prot), fresh);
        same('there and back', made(changed, prot), made(entry, prot));
      },
    ),
  ];
}
