/** Choices read from a list of numbers, so that a shorter list of smaller numbers is a plainer case. */

/** What reads the tape. Behind its end every choice is the first. */
export interface Tape {
  /** A whole number from 0 to n-1. */
  below(n: number): number;
  /** One of them. */
  one<T>(of: readonly T[]): T;
  /** Yes, once in `n` times. */
  rarely(n: number): boolean;
  /** 64 bits. */
  word(): bigint;
}

/** Choices from numbers below 2^16. */
export function tapeOf(numbers: readonly number[]): Tape {
  let at = 0;
  const next = (): number => numbers[at++] ?? 0;
  const below = (n: number): number => next() % n;
  return {
    below,
    one: (of) => of[below(of.length)] as (typeof of)[number],
    rarely: (n) => below(n) === n - 1,
    word: () => [0, 1, 2, 3].reduce((word) => (word << 16n) | BigInt(next()), 0n),
  };
}
