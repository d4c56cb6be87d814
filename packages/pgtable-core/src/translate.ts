/** Translation as the hardware does it: one address to its byte in memory, or to the architected fault. */
import { type Paddr, paddrWrap, vaddr, word } from './brand.ts';
import { checkMemory, checkObject, checkOneOf } from './doors.ts';
import type { Begin, Fault, Query, Rights, Step, Taken, Update } from './hardware.ts';
import type { Level } from './level.ts';
import { checkMachine, type Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { ACCESSES, arrival, readSlot, rightsBy, type Said, type SlotRead, said, untaggedQuery } from './step.ts';

/** The byte that an address designates, and what this privilege may do with it. */
export interface Translated {
  readonly kind: 'address';
  /** Physical address of the byte. */
  readonly paddr: Paddr;
  /** Bytes of the page. */
  readonly size: bigint;
  /** What remains when every entry of the path has taken away what it takes. */
  readonly rights: Rights;
  /** Who took the rest. */
  readonly taken: readonly Taken[];
  /** Accessed and dirty bits that the access makes the hardware write. Nothing is written here. */
  readonly updates: readonly Update[];
  /** Every entry that was read, from the top down. */
  readonly path: readonly Step[];
}

/** The fault that the hardware raises, and where. */
export interface Faulted extends Fault {
  readonly kind: 'fault';
  /** The rule that raised it, in words. */
  readonly why: string;
  /** The level of the entry that ended the walk; missing where no walk began. */
  readonly level?: Level;
  /** The physical address of that entry. */
  readonly at?: bigint;
  /** Its value; missing where it lies outside memory. */
  readonly entry?: bigint;
  /** The rights that are gone, where one of them was asked for. */
  readonly taken: readonly Taken[];
  /** Every entry that was read, from the top down; the last one ended the walk. */
  readonly path: readonly Step[];
}

function checkQuery(asked: Query): void {
  checkObject('query', asked);
  vaddr(asked.addr);
  word('root', asked.root);
  checkOneOf('access', asked.access, ACCESSES);
}

/** What the hardware answers. */
export type Translation = Translated | Faulted;

/**
 * Translates as the hardware would, reading memory at most five times. Never throws for what memory holds.
 * @throws {@link UsageError} `address-range` for an address or a root register that is no word
 * @param memory what the walk reads; an entry outside it is a fault by the architecture's own rule
 */
export function translate(machine: Machine, memory: Memory, asked: Query): Translation {
  checkMachine(machine);
  checkMemory(memory);
  checkQuery(asked);
  const { hardware } = machine;
  const query = untaggedQuery(machine, asked);
  const path: Step[] = [];
  const faulted = (kind: string, why: string, at: Partial<SlotRead> = {}, taken: readonly Taken[] = []): Faulted => {
    const { level, at: address, entry } = at;
    return {
      ...{ kind: 'fault', why, taken, path },
      ...hardware.fault(kind, { query: asked, path, taken, ...(level && { level }) }),
      ...(level && { level }),
      ...(address !== undefined && { at: address }),
      ...(entry !== undefined && { entry }),
    };
  };

  let reached: Begin | Said = hardware.begin(query);
  if (reached.kind === 'refused') return faulted(reached.fault, reached.why);
  while (reached.kind === 'table') {
    const step = readSlot(machine, memory, reached, query.addr);
    if (step.entry === undefined) return faulted(hardware.unreadable, 'the entry lies outside memory', step);
    path.push(step);
    const says = said(machine, step, query);
    if (says.kind === 'fault') return faulted(says.rule.kind, says.rule.why, step);
    reached = says;
  }
  const outcome = arrival(machine, query, path, reached);
  const { paddr, taken } = outcome;
  const settled = hardware.settle(outcome);
  if (settled.kind === 'refused') return faulted(settled.fault, settled.why, path.at(-1), taken);
  const rights = rightsBy((access) => taken.every(({ right }) => right !== access));
  const size = 1n << BigInt(reached.shift);
  return { kind: 'address', paddr: paddrWrap(paddr), size, rights, taken, updates: settled.updates, path };
}
