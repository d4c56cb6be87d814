/** The error of a call that must be refused, typed, so that a test can look at its code and its place. */

// biome-ignore lint/suspicious/noExplicitAny: any error class will do, whatever its constructor takes
export function refused<E>(kind: new (...args: any[]) => E, call: () => unknown): E {
  let answer: unknown;
  try {
    answer = call();
  } catch (error) {
    if (error instanceof kind) return error;
    throw error;
  }
  throw new Error(`expected ${kind.name}, got an answer: ${String(answer)}`);
}
