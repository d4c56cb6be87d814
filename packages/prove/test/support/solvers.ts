/** Solvers for a file of tests, ended when it is done. */
import { availableParallelism } from 'node:os';
import { afterAll, beforeAll } from 'vitest';
import { type Solver, z3 } from '../../src/index.ts';

/** Filled before the first test. */
export function useSolvers(): Solver[] {
  const solvers: Solver[] = [];
  beforeAll(async () => {
    solvers.push(...(await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, z3))));
  }, 60_000);
  afterAll(() => {
    for (const solver of solvers) solver.close();
  });
  return solvers;
}
