/** Faults that the kernel of an s390x guest printed: the code of the CPU, and the entries on the way to it. */
import type { FaultReport, Guest, GuestProcess } from '@kernel-mm/pgtable-core/guest';
import { checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';
import { mmuOf } from '../registry.ts';
import type { Findings } from './findings.ts';
import { hex, tellAnswer, tellWalk } from './tell.ts';

/** The tables by the names that the kernel prints: where the index lies in the address, and the origin in an entry. */
const TABLES = [
  { name: 'R1', type: 3n, shift: 53n, origin: ~0xfffn },
  { name: 'R2', type: 2n, shift: 42n, origin: ~0xfffn },
  { name: 'R3', type: 1n, shift: 31n, origin: ~0xfffn },
  { name: 'S', type: 0n, shift: 20n, origin: ~0x7ffn },
  { name: 'P', type: -1n, shift: 12n, origin: ~0xfffn },
] as const;

const ACCESS = { r: 'read', w: 'write', x: 'execute' } as const;

/** Runs each report as what it is: a walk vector. The process was a child, and its tables are gone. */
export function checkFaultReports(found: Findings, guest: Guest, { name, reports }: GuestProcess): void {
  const { edat1 = false, edat2 = false, iep = false } = guest.options;
  const faults = reports.filter(({ code }) => code !== undefined);
  for (const _ of reports.slice(faults.length)) found.leave('a child’s access that did not fault');
  if (faults.length === 0) return;
  const cases = faults.map((report, n) => vectorOf(report, `a child of ${name}, fault ${n}`));
  const file = { format: 'kernel-mm/walk-vectors@1', arch: 's390', context: { edat1, edat2, iep }, cases };
  for (const outcome of checkWalkVectors(file, mmuOf)) {
    if (outcome.kind === 'malformed') {
      found.refuse('fault report', outcome);
      continue;
    }
    const { passed, machine, memory, query, expected, got, name: of } = outcome;
    found.compare('fault report', passed, () => ({
      name: `${of} at ${hex(query.addr)}`,
      expected: 'code' in expected && expected.code !== undefined ? `code ${hex(expected.code)}` : 'a fault',
      ...{ got: tellAnswer(got), walk: tellWalk(machine, memory, query) },
    }));
  }
}

/** For an address beyond the top table the kernel prints the entries at truncated indexes; no walk gets to them. */
function vectorOf({ addr, access, asce = 0n, entries, code = 0n }: FaultReport, name: string): object {
  let table = asce & ~0xfffn;
  const placed: [string, string][] = [];
  for (const { name: of, type, shift, origin } of TABLES) {
    const entry = entries[of];
    if (type > ((asce >> 2n) & 3n) || entry === undefined) continue;
    placed.push([hex(table + 8n * ((addr >> shift) & (of === 'P' ? 0xffn : 0x7ffn))), hex(entry)]);
    table = entry & origin;
  }
  const expect = { fault: '*', code: hex(code) };
  return { name, root: hex(asce), entries: placed, va: hex(addr), access: ACCESS[access], expect };
}
