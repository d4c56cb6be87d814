/** What a run does to its address spaces, kept so that the forms can be compared by it. */
import { isAddressCorrect, isUpper, type ReadOnce, type Vaddr } from '@kernel-mm/pgtable-core';
import type { MmPort, WalkerOf } from '../walkers/port.ts';

/** Keeps every call of the ports that it is between: what was read by its slot, all else by its arguments, in order. */
export class Recorder {
  /** Entries read, each visit counted. */
  reads = 0;
  /** Every upper entry that was read beside the walked space was read where a walk of the step’s address alone reads it. */
  besideCorrect = true;
  /** Where the walk stands; nowhere before its first step. */
  addr: Vaddr | undefined;
  /** How often others were let run: a matter of rhythm, as reads are, and not compared. */
  rescheds = 0;
  /** All other calls: the space, the function, its arguments. */
  readonly calls: unknown[] = [];
  /** For each walk the addresses of the slots that it read, in the order of their first visits. */
  readonly walks: Set<bigint>[] = [new Set()];
  #spaces = 0;

  /** A new walk begins. What others have read, it reads for the first time. */
  phase(): void {
    this.walks.push(new Set());
    this.addr = undefined;
  }

  /** The same space, recorded. */
  own(walker: WalkerOf): WalkerOf {
    return { mm: walker.mm, port: this.#recorded(walker.port, () => undefined) };
  }

  /** One that is stepped along with the walked one, recorded; and each upper slot is looked at when it is read. */
  beside(walker: WalkerOf): WalkerOf {
    const { mm, port } = walker;
    const look = (slot: Parameters<ReadOnce>[0]): void => {
      if (this.addr !== undefined && isUpper(slot.level))
        this.besideCorrect &&= isAddressCorrect(mm, port.stack, slot, this.addr);
    };
    return { mm, port: this.#recorded(port, look) };
  }

  #recorded(port: MmPort, look: (slot: Parameters<ReadOnce>[0]) => void): MmPort {
    const space = this.#spaces++;
    const readOnce: ReadOnce = (slot) => {
      this.reads++;
      this.walks.at(-1)?.add(slot.addr);
      look(slot);
      return port.readOnce(slot);
    };
    const noted = Object.entries(port).map(([name, value]: [string, unknown]) => {
      if (typeof value !== 'function') return [name, value];
      const call = (...args: unknown[]): unknown => {
        if (name === 'condResched') this.rescheds++;
        else this.calls.push([space, name, ...args]);
        return value.apply(port, args);
      };
      return [name, call];
    });
    return { ...port, ...Object.fromEntries(noted), readOnce };
  }
}
