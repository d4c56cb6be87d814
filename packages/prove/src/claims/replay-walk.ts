/** A walk by the reference engine over the few entries that a counterexample names, under both oracles. */
import {
  type Arch,
  isAddressCorrect,
  keepsLaw,
  LEVELS,
  type Level,
  type Mm,
  mmFromRoot,
  type Paddr,
  type RangeStep,
  type ReadOnce,
  readEntry,
  type Slot,
  StackArea,
  type Stepper,
  sameSlot,
  slotPlus,
  sparseMemory,
  type Vaddr,
  walkRange,
} from '@kernel-mm/pgtable-core';
import { type RangeCaseJson, rangeCaseJson } from '@kernel-mm/pgtable-core/vectors';
import type { Depth } from '../chain.ts';
import type { LawName, Replay, Values } from '../claim.ts';
import { hex } from '../tell.ts';

/** The entries that a counterexample names, by where they lie. */
function wordsOf({ entryBytes }: Arch, values: Values): ReadonlyMap<bigint, bigint> {
  const names = Object.keys(values).filter((name) => name.endsWith(' slot'));
  const found = names.map((name) => [values[name]!, values[name.replace(/ slot$/, '')]!] as const);
  const words = [[values.pgd!, values['pgd[0]']!] as const, ...found];
  return new Map(words.map(([at, word]) => [at, BigInt.asUintN(8 * entryBytes, word)]));
}

/** Memory in which these entries lie, and zeros around them. */
function memoryOf(arch: Arch, words: ReadonlyMap<bigint, bigint>): Mm['memory'] {
  const frames = [
    ...new Set([...words.keys()].flatMap((at) => [at >> 12n, (at + BigInt(arch.entryBytes) - 1n) >> 12n])),
  ]
    .filter((frame) => frame < 1n << 52n)
    .sort((a, b) => (a < b ? -1 : 1));
  const pieces = frames.map((frame, n) => ({ at: frame << 12n, length: 4096, offset: n * 4096 }));
  const memory = sparseMemory(new ArrayBuffer(frames.length * 4096), pieces);
  for (const [at, word] of words) memory.write(at as Paddr, arch.entryBytes, arch.spec.byteOrder, word);
  return memory;
}

/** Walks the range of a counterexample, down along the addresses that it names to a table of `into`, and asks the oracle. */
export const replayWalk =
  (
    { arch }: Depth,
    stepper: Stepper,
    into: Level,
    law: LawName,
    of: Pick<RangeCaseJson, 'title' | 'arch' | 'layout'>,
  ) =>
  (values: Values): Replay => {
    const asksLaw = law === 'law';
    const words = wordsOf(arch, values);
    const mm = mmFromRoot(arch, memoryOf(arch, words), values.root!);
    const range = [values['addr at pgd']! as Vaddr, values.end! as Vaddr] as const;
    const stack = new StackArea();
    const readOnce: ReadOnce = (slot) => (slot.space === 'stack' ? stack.readOnce(slot) : readEntry(mm, slot));
    const story: string[] = [];
    let keeps = true;
    const tell = (slot: Slot, addr: Vaddr, said: string): void => {
      story.push(`${slot.level} for ${hex(addr)}: ${slot.space} ${hex(slot.addr)}${said}`);
    };
    const look = (slot: Slot, addr: Vaddr, said: string): void => {
      const right = asksLaw || isAddressCorrect(mm, stack, slot, addr);
      tell(slot, addr, said + (right ? '' : `: not where a walk of ${hex(addr)} alone reads`));
      if (!right) keeps = false;
    };
    const enter = (step: RangeStep): 'descend' | 'skip' | 'stop' => {
      look(step.slot, step.addr, ` = ${hex(step.entry)}, up to ${hex(step.next)} of ${hex(step.end)}`);
      if (asksLaw && !keepsLaw(mm, stepper, step, readOnce)) {
        story.push(`slot + 1 is not pXd_offset of the parent for ${hex(step.next)}`);
        keeps = false;
      }
      if (!keeps) return 'stop';
      const isAbove = LEVELS.indexOf(step.slot.level) < LEVELS.indexOf(into);
      return isAbove && values[`addr at ${step.slot.level}`] === step.addr ? 'descend' : 'skip';
    };
    const { slotBytes, size } = arch.geometry.pte;
    walkRange(
      {
        ...{ mm, stepper, stack, readOnce },
        visitor: {
          enter,
          ptes(first, addr, end, pmd) {
            // The first page and the next: the same distance for all that follow.
            for (let n = 0n; n < 2n && addr + n * size !== end && keeps; n++) {
              const [slot, at] = [slotPlus(first, n, slotBytes), (addr + n * size) as Vaddr];
              look(slot, at, '');
              const offset = stepper.descend(mm, pmd, at, readOnce);
              if (asksLaw && (!offset || !sameSlot(slot, offset))) keeps = false;
            }
            return keeps;
          },
          outside: (slot, addr) => look(slot, addr, ', outside memory'),
        },
      },
      ...range,
    );
    return { keeps, story, case: rangeCaseJson(of, values.root!, words, range) };
  };
