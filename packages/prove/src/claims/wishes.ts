/** What a counterexample about walks should look like where it can: whole walks, in tables that lie apart. */
import { isUpper, LEVELS } from '@kernel-mm/pgtable-core';
import { type Chain, type Depth, readAt } from '../chain.ts';
import { isTableTerm, isTerm } from '../reading-terms.ts';
import { lt, ne, not, shr, type Term } from '../term.ts';
import { depthOf, tableTerm } from '../walk-terms.ts';

/** Tables begin at multiples of this many bytes; none is larger. */
const APART = 16n;
/** Below this address they lie. */
const LOW = 1n << 24n;

/** Both walks go down to a page that is present and may be written, by tables of their own below 16 MiB. */
export function wishesOf(depth: Depth, chains: readonly Chain[]): Term[] {
  const { arch, top, isFolded } = depth;
  const real = LEVELS.filter((level) => level === top || (depthOf(level) > depthOf(top) && !isFolded(level)));
  const whole = chains.flatMap(({ entries, typed }) => [
    ...typed,
    ...LEVELS.flatMap((level, n): Term[] => {
      const entry = entries[n]!;
      if (isUpper(level)) {
        const as = readAt(depth, level);
        return [isTableTerm(arch, as, entry), ...(isUpper(as) ? [lt(tableTerm(arch, as, entry), LOW)] : [])];
      }
      return [
        isTerm(arch, 'pte', 'present', entry),
        isTerm(arch, 'pte', 'write', entry),
        not(isTerm(arch, 'pte', 'special', entry)),
      ];
    }),
  ]);
  const pages = chains.flatMap(({ slots }) => real.map((level) => ({ level, at: slots[depthOf(level)]! })));
  const apart = pages.flatMap((a, n) =>
    pages.slice(n + 1).flatMap((b) => (a.level === b.level ? [] : [ne(shr(a.at, APART), shr(b.at, APART))])),
  );
  return [...whole, ...pages.map(({ at }) => lt(at, LOW)), ...apart];
}
