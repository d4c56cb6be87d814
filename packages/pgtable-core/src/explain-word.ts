/** One entry by itself, as the hardware reads it: no address and no root, and none of the rules that look at them. */
import { vaddr } from './brand.ts';
import { wordsOf } from './explain.ts';
import { varsOf } from './expr.ts';
import type { FormatKind } from './format.ts';
import type { Taken } from './hardware.ts';
import type { Level } from './level.ts';
import type { Machine } from './machine.ts';
import { said } from './step.ts';

/** What the hardware of a machine makes of an entry, as far as the entry alone decides it. */
export interface WordExplained {
  /** What it takes the entry for; `fault`, where a rule refuses it. */
  readonly kind: FormatKind | 'fault';
  /** `table at 0x26dc000`, `4 KiB at 0x126c000`, or the rule that refuses it. */
  readonly says: string;
  /** The rights that the entry takes away. */
  readonly taken: readonly Taken[];
  /** Rules and takings that were not asked: they look at the address or at the root register. */
  readonly unasked: readonly string[];
}

/** The hardware's reading of an entry; `undefined` for a level whose entries it does not read. */
export function explainWord(machine: Machine, level: Level, entry: bigint): WordExplained | undefined {
  const [data, reading] = [machine.hardware.levels[level], machine.levels[level]];
  if (!data || !reading) return undefined;
  // What Linux keeps beside the hardware's entry (arm) is not what the hardware reads.
  const shadow = data.fields && machine.arch.rules[level].shadow;
  const alone = { entry: shadow ? shadow({ entry }) : entry, addr: vaddr(0n), root: 0n };
  const looks = (n: number, of: readonly { readonly when: Parameters<typeof varsOf>[0] }[] = []): boolean => {
    const vars = varsOf(of[n]!.when);
    return vars.has('addr') || vars.has('root');
  };

  const leftOut = reading.rules.filter((_, n) => looks(n, data.rules));
  const step = { level, entry: alone.entry, at: 0n, index: 0, shift: machine.arch.geometry[level].shift };
  const found = said(machine, step, alone, new Set(leftOut));
  const unasked = leftOut.map(({ why }) => why);
  if (found.kind === 'fault') return { kind: 'fault', says: wordsOf(found), taken: [], unasked };
  const of = found.kind === 'page' ? 'page' : 'table';
  const takes = reading[of]?.takes ?? [];
  const own = takes.filter((_, n) => !looks(n, data[of]?.takes));
  return {
    kind: found.kind === 'page' ? 'leaf' : 'table',
    says: wordsOf(found),
    taken: own.flatMap(({ when, rights, why }) => (when(alone) ? rights.map((right) => ({ right, level, why })) : [])),
    unasked: [...unasked, ...takes.filter((_, n) => looks(n, data[of]?.takes)).map(({ why }) => why)],
  };
}
