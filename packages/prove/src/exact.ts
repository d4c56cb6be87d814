/** Exactly which entries break a claim: as sets of words in which some bits are given and all others free. */
import type { Claim } from './claim.ts';
import type { Answer } from './decide.ts';
import { all, and, eq, not, type Term } from './term.ts';

/** The words `w` with `(w & mask) == value`. */
export interface Cube {
  readonly mask: bigint;
  readonly value: bigint;
}

type Put = (hold: readonly Term[], show: Readonly<Record<string, Term>>) => Promise<Answer>;

/** More would tell nobody anything. */
const MOST = 12;

/**
 * All entries that break the claim, for some address and root; `undefined` where they are more sets than one would read, or
 * a question was not decided.
 */
export async function exactSet(claim: Claim, width: number, put: Put): Promise<readonly Cube[] | undefined> {
  const broken = [...claim.given, not(claim.follows)];
  const cubes: Cube[] = [];
  const inside = ({ mask, value }: Cube): Term => eq(and('entry', mask), value);
  for (;;) {
    const answer = await put([...broken, ...cubes.map((cube) => not(inside(cube)))], claim.show);
    if (answer.kind === 'unsat') return cubes;
    if (answer.kind === 'unknown' || cubes.length === MOST) return undefined;
    const { entry = 0n, ...others } = answer.values;
    const fixed = Object.entries(others).map(([name, value]) => eq(name, value));
    let mask = (1n << BigInt(width)) - 1n;
    for (let bit = 0n; bit < BigInt(width); bit++) {
      const less = mask & ~(1n << bit);
      const whole = await put([...fixed, inside({ mask: less, value: entry & less }), not(all(...broken))], {});
      if (whole.kind === 'unsat') mask = less;
    }
    cubes.push({ mask, value: entry & mask });
  }
}
