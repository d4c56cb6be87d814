/** `kernel-mm-prove --mutants`: the wrong definitions that no law notices, and how many of the others what notices. */
import { fatesOf, type MutantFate } from './fate.ts';
import { nameOf, type Subject } from './prove.ts';
import type { RunOptions } from './run-claims.ts';
import { json } from './tell.ts';

/** Judges and prints; whether every law was decided of those that stand. */
export async function runMutants(
  subjects: readonly Subject[],
  { solvers, milliseconds, ...options }: RunOptions,
): Promise<boolean> {
  let isDecided = true;
  for (const subject of subjects) {
    const counts = new Map<string, number>();
    for await (const one of fatesOf(subject, { solvers, milliseconds })) {
      const { kind } = one.fate;
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      if (one.fate.kind === 'stands' && one.fate.open > 0) isDecided = false;
      if (options.json) console.log(json({ arch: nameOf(subject), ...told(one) }));
      else if (kind === 'stands' && !options.table) console.log(`${nameOf(subject)}, ${sentence(one)}`);
    }
    const count = (kind: string): number => counts.get(kind) ?? 0;
    if (!options.json)
      console.log(
        `${nameOf(subject)}: ${count('refused')} refused, ${count('refuted')} refuted, ${count('stands')} stand`,
      );
  }
  return isDecided;
}

const told = ({ mutant: { at, from, to }, fate }: MutantFate): object => {
  const { arch: _, ...rest } = { arch: undefined, ...fate };
  return { at, from, to, ...rest };
};

const sentence = ({ mutant: { at, from, to } }: MutantFate): string => {
  const word = (value: number | bigint): string => (typeof value === 'bigint' ? `0x${value.toString(16)}` : `${value}`);
  return `${at}: ${word(to)} instead of ${word(from)}`;
};
