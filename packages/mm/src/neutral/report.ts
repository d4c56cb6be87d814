/** The question of the thread, asked of every walker on every architecture: is an entry-aware pXd_addr_end neutral? */
import { isAddressCorrect, keepsLaw, type ReadOnce } from '@kernel-mm/pgtable-core';
import { FORMS, type Form } from '../walkers/forms.ts';
import { mmPort } from '../walkers/port.ts';
import type { NeutralCase } from './case.ts';
import { type NeutralArch, neutralSpace } from './space.ts';

/** What one form kept, and what it cost. */
export interface FormResult {
  /** Entries read, pgd to pte, each visit counted. */
  readonly reads: number;
  /** Every upper entry was read where a walk of its address alone reads it. */
  readonly addressCorrect: boolean;
  /** Whenever a loop went on, `slot + 1` was what pXd_offset of the parent gives for `next`. */
  readonly law: boolean;
}

/** One walker on one architecture, in both forms. */
export interface NeutralRow {
  readonly walker: string;
  readonly arch: string;
  /** Whether both read the same slots, in the same order, each counted at its first visit. */
  readonly sameSlots: boolean;
  /** Whether both answered the same, and wrote the same entries to the same slots. */
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
  const told = ({ reads, addressCorrect, law }: Run): FormResult => ({ reads, addressCorrect, law });
  return {
    ...{ walker: one.walker, arch: arch.name },
    sameSlots: runs.static.slots === runs.entryAware.slots,
    sameResult: runs.static.result === runs.entryAware.result,
    forms: { static: told(runs.static), entryAware: told(runs.entryAware) },
  };
}

function run(one: NeutralCase, arch: NeutralArch, form: Form): Run {
  const { mm, tables, range } = neutralSpace(arch, one.space);
  const quiet = mmPort(mm, tables);
  const slots = new Set<bigint>();
  const writes: unknown[] = [];
  let [reads, addressCorrect, law] = [0, true, true];
  const readOnce: ReadOnce = (slot) => {
    reads++;
    slots.add(slot.addr);
    return quiet.readOnce(slot);
  };
  const port = {
    ...quiet,
    readOnce,
    writeOnce: (slot: Parameters<typeof quiet.writeOnce>[0], entry: Parameters<typeof quiet.writeOnce>[1]) => {
      writes.push([slot.level, slot.addr, entry]);
      return quiet.writeOnce(slot, entry);
    },
  };
  const result = one.run(
    { mm, port, range },
    {
      form,
      onStep(step) {
        addressCorrect &&= isAddressCorrect(mm, port.stack, step.slot, step.addr);
        law &&= keepsLaw(mm, FORMS[form], step);
      },
    },
  );
  return { reads, addressCorrect, law, slots: text([...slots]), result: text([result, writes]) };
}

/** Anything as text that is equal where it is equal. */
const text = (value: unknown): string =>
  JSON.stringify(value, (_, v) => {
    if (typeof v === 'bigint') return `0x${v.toString(16)}`;
    return v instanceof Map || v instanceof Set ? [...v] : v;
  });
