/** Numbers that look random and can be had again: a seed in, xorshift out. */

/** A source of numbers. */
export interface Dice {
  /** A whole number from 0 to n-1. */
  below(n: number): number;
  /** 64 bits. */
  word(): bigint;
}

/** Dice that fall in the same way for the same seed. */
export function diceOf(seed: number): Dice {
  let state = (seed ^ 0x9e3779b9) | 1;
  const next = (): number => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
  const half = (): bigint => BigInt(next());
  return {
    below: (n) => next() % n,
    word: () => (half() << 32n) | half(),
  };
}
