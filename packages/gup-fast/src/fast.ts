/** The fast part of a call: interrupts off, the walk with all rules, and for pins the look at fork before and after. */
import type { Level, Vaddr } from '@kernel-mm/pgtable-core';
import { absence } from './absence.ts';
import { fastWalk, type Taker, type Walked } from './fast-walk.ts';
import type { Run } from './gup.ts';
import { takeLeaf } from './huge-leaf.ts';
import { takeHugepd } from './hugepd.ts';
import { gupFastPermitted } from './permitted.ts';
import { pteRules } from './pte-rules.ts';

/**
 * gup_fast of [start, end), not empty: takes what it can from the start of the range. `whole` is where the caller's range
 * ends, of which this may be a part.
 */
export function fastPart(run: Run, start: Vaddr, end: Vaddr, whole: Vaddr = end): Walked {
  const { mm, port, era, hold, taken } = run;
  if (!gupFastPermitted(mm, whole, port.readOnce)) return { strays: [], stop: { kind: 'not-permitted' } };
  const asksFork = era.seqcount && hold === 'pin';
  const seq = asksFork ? port.seqBegin() : 0;
  if (seq % 2 === 1) return { strays: [], stop: { kind: 'fork', when: 'before' } };
  const walked = irqsOff(run, () => fastWalk({ ...run, taker: takerOf(run) }, start, end));
  if (!asksFork || !port.seqRetry(seq)) return walked;
  // Fork may have taken a page for unpinned that was about to be.
  taken.undoTo(0);
  return { strays: walked.strays, stop: { kind: 'fork', when: 'meanwhile' } };
}

/** While interrupts are off, tables may change, but none is freed. */
function irqsOff<T>({ port }: Run, inside: () => T): T {
  port.irqSave();
  try {
    return inside();
  } finally {
    port.irqRestore();
  }
}

function takerOf(run: Run): Taker {
  const { mm, era } = run;
  const byNone: readonly Level[] = era.p4dTest === 'none' ? ['pgd', 'p4d'] : ['pgd'];
  return {
    absent: ({ slot, entry, addr }) => absence(mm, { level: slot.level, slot, entry, addr }, byNone),
    leaf: (step) => takeLeaf(run, step),
    directory: (step) => takeHugepd(run, step),
    ...pteRules(run),
  };
}
