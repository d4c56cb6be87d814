/** A translation explained: each entry with its named fields, who took which right, which rule refused, and what would change it. */
import { type FormatKind, formatOf, kindOf, type NamedField, namedFields } from './format.ts';
import type { Query, Rights, Step, Taken } from './hardware.ts';
import type { Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { rightsBy, type Said, said, takenBy, untaggedQuery } from './step.ts';
import { formatSize, hex } from './tell.ts';
import { type Translation, translate } from './translate.ts';
import { type WhatIf, whatIf } from './what-if.ts';

/** One entry that the hardware read, explained. */
export interface ExplainedStep extends Step {
  /** Address bits that index its table. */
  readonly bits: number;
  /** What the hardware takes it for; `fault`, where a rule refuses it. */
  readonly kind: FormatKind | 'fault';
  /** `table at 0x26dc000`, `4 KiB at 0x126c000`, or the rule that refuses it. */
  readonly says: string;
  /** Its fields, in the format of what the hardware takes it for. */
  readonly fields: readonly NamedField[];
  /** The rights that are gone at this level. */
  readonly taken: readonly Taken[];
  /** The rights that are left. */
  readonly left: Rights;
}

/** A translation, and why it came out so. */
export interface Explanation {
  /** The architecture's id. */
  readonly arch: string;
  /** The machine’s state that the MMU consulted. */
  readonly state: Machine['state'];
  /** What was asked. */
  readonly query: Query;
  /** Every entry that was read, from the top down. */
  readonly steps: readonly ExplainedStep[];
  /** The address, or the fault. */
  readonly result: Translation;
  /** The single changes after which a refused access gets further, the nearest first; none where it succeeds. */
  readonly changes: readonly WhatIf[];
}

/** Translates as `translate` does, and explains the answer. Never throws for what memory holds. */
export function explain(machine: Machine, memory: Memory, asked: Query): Explanation {
  const result = translate(machine, memory, asked);
  const query = untaggedQuery(machine, asked);
  const begun = machine.hardware.begin(query);
  const { path } = result;
  const sound = path.filter((step) => said(machine, step, query).kind !== 'fault');
  // A rule ends a walk before anybody asks for rights; the entries above it have taken theirs all the same.
  const taken = result.taken.length > 0 ? result.taken : takenBy(machine, sound, query);
  let above = begun.kind === 'table' ? begun.shift + begun.bits : 0;
  const steps = path.map((step, n): ExplainedStep => {
    const says = said(machine, step, query);
    const kind = kindOf(machine, step, query);
    const bits = above - step.shift;
    above = step.shift;
    const gone = taken.filter(({ level }) => path.findIndex((one) => one.level === level) <= n);
    return {
      ...{ ...step, bits, kind: says.kind === 'fault' ? 'fault' : kind, says: wordsOf(says) },
      fields: namedFields(formatOf(machine, step, kind), step.entry),
      taken: taken.filter(({ level }) => level === step.level),
      left: rightsBy((access) => gone.every(({ right }) => right !== access)),
    };
  });
  const changes = result.kind === 'fault' ? whatIf(machine, memory, asked, result) : [];
  return { arch: machine.arch.id, state: machine.state, query: asked, steps, result, changes };
}

/** What an entry says, in words. */
export function wordsOf(says: Said): string {
  if (says.kind === 'fault') return says.rule.why;
  return says.kind === 'table'
    ? `table at ${hex(says.base)}`
    : `${formatSize(1n << BigInt(says.shift))} at ${hex(says.base)}`;
}
