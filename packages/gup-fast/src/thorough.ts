/** Giving back, thoroughly: whatever one of many throws, the others have their turn, and the first exception goes on. */

/** Calls `each` for all, newest first or in the order given, and throws what the first that failed has thrown. */
export function thoroughly<T>(all: Iterable<T>, each: (one: T) => void): void {
  const failures: unknown[] = [];
  for (const one of all) {
    try {
      each(one);
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length) throw failures[0];
}
