/** Several workers, and work that waits for the next one who is free. */

/** Does `work` for each item with one of the workers; the answers come in the order of the items. */
export async function* pooled<T, W, R>(
  items: readonly T[],
  workers: readonly W[],
  work: (item: T, worker: W) => Promise<R>,
): AsyncGenerator<R> {
  const free = [...workers];
  const waiting: ((worker: W) => void)[] = [];
  const results = items.map(async (item) => {
    const worker = free.pop() ?? (await new Promise<W>((take) => waiting.push(take)));
    try {
      return await work(item, worker);
    } finally {
      const next = waiting.shift();
      if (next) next(worker);
      else free.push(worker);
    }
  });
  // One that fails is thrown in its turn; until then nobody listens.
  for (const result of results) result.catch(() => undefined);
  for (const result of results) yield await result;
}
