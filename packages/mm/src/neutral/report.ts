/** The question of the thread, asked of every walker on every architecture: is an entry-aware pXd_addr_end neutral? */
import { isAddressCorrect, keepsLaw } from '@kernel-mm/pgtable-core';
import { FORMS, type Form } from '../walkers/forms.ts';
import { mmPort } from '../walkers/port.ts';
import type { NeutralCase, NeutralSpace } from './case.ts';
import { Recorder } from './record.ts';
import { type NeutralArch, neutralSpace } from './space.ts';

/** What one form kept, and what it cost. */
export interface FormResult {
  /** Entries read, pgd to pte, each visit counted, of all spaces that the walker works on. */
  readonly reads: number;
  /** How often others were let run, cond_resched. */
  readonly rescheds: number;
  /** Every upper entry was read where a walk of its address alone reads it. */
  readonly addressCorrect: boolean;
  /** Whenever a loop went on, `slot + 1` was what pXd_offset of the parent gives for `next`. */
  readonly law: boolean;
}

/** One walker on one architecture, in both forms. */
export interface NeutralRow {
  readonly walker: string;
  readonly arch: string;
  /** Whether both read the same slots, in the same order, each counted at its first visit in each walk. */
  readonly sameSlots: boolean;
  /** Whether both answered the same, and called the port the same: what it wrote, locked, flushed, freed, in order. */
  readonly sameResult: boolean;
  readonly forms: Readonly<Record<Form, FormResult>>;
}

interface Run extends FormResult {
  readonly slots: string;
  readonly result: string;
}

/** Runs every walker on every architecture in both forms. */
export const neutralReport = (cases: readonly NeutralCase[], archs: readonly NeutralArch[]): NeutralRow[] =>
  cases.flatMap((one) => archs.map((arch) => rowOf(one, arch)));

function rowOf(one: NeutralCase, arch: NeutralArch): NeutralRow {
  const runs = { static: run(one, arch, 'static'), entryAware: run(one, arch, 'entryAware') };
  const told = ({ slots, result, ...kept }: Run): FormResult => kept;
  return {
    ...{ walker: one.walker, arch: arch.name },
    sameSlots: runs.static.slots === runs.entryAware.slots,
    sameResult: runs.static.result === runs.entryAware.result,
    forms: { static: told(runs.static), entryAware: told(runs.entryAware) },
  };
}

function run(one: NeutralCase, arch: NeutralArch, form: Form): Run {
  const { mm, tables, range } = neutralSpace(arch, one.space);
  const record = new Recorder();
  const own = record.own({ mm, port: mmPort(mm, tables) });
  let [addressCorrect, law] = [true, true];
  const space: NeutralSpace = {
    ...{ ...own, range },
    phase: () => record.phase(),
    beside: (walker) => record.beside(walker),
  };
  const result = one.run(space, {
    form,
    onStep(step) {
      record.addr = step.addr;
      addressCorrect &&= isAddressCorrect(mm, own.port.stack, step.slot, step.addr);
      law &&= keepsLaw(mm, FORMS[form], step);
    },
  });
  return {
    ...{ reads: record.reads, rescheds: record.rescheds },
    ...{ addressCorrect: addressCorrect && record.besideCorrect, law },
    ...{ slots: text(record.walks), result: text([result, record.calls]) },
  };
}

/** Anything as text that is equal where it is equal. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, v) => {
    if (typeof v === 'bigint') return `0x${v.toString(16)}`;
    return v instanceof Map || v instanceof Set ? [...v] : v;
  });
