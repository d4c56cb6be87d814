/** On what it was measured: ratios carry over to other machines, times do not. */
import { cpus, totalmem } from 'node:os';
import type { Yardsticks } from './native.ts';

/** The machine and its tools, by name and version. */
export interface MachineFacts {
  readonly cpu: string;
  readonly cores: number;
  readonly memoryGiB: number;
  readonly node: string;
  readonly v8: string;
  readonly compiler: string;
  readonly notes: readonly string[];
}

/** This one. */
export const machineFacts = ({ compiler, notes }: Pick<Yardsticks, 'compiler' | 'notes'>): MachineFacts => ({
  cpu: cpus()[0]?.model ?? 'unknown',
  cores: cpus().length,
  memoryGiB: Math.round(totalmem() / 2 ** 30),
  ...{ node: process.version, v8: process.versions.v8, compiler, notes },
});
