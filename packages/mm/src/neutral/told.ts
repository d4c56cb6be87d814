/** What a walker tells the port about pages and tables, kept so that forms can be compared by it. */
import type { MmPort, WalkerOf } from '../walkers/port.ts';

/** A walker’s address space whose port keeps what it is told, in order, as text. */
export interface Told extends WalkerOf {
  readonly told: string[];
}

/** The same address space; tables written, and pages and tables freed are kept in `told`. */
export function telling({ mm, port }: WalkerOf): Told {
  const told: string[] = [];
  const own: MmPort = {
    ...port,
    writeOnce(slot, entry) {
      told.push(`${slot.level} 0x${slot.addr.toString(16)} = 0x${entry.toString(16)}`);
      return port.writeOnce(slot, entry);
    },
    freeTable(level, table) {
      told.push(`free ${level} table 0x${table.toString(16)}`);
      port.freeTable(level, table);
    },
    freePage(pfn) {
      told.push(`free page 0x${pfn.toString(16)}`);
      port.freePage(pfn);
    },
  };
  return { mm, port: own, told };
}
