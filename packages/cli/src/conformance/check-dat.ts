/** The bare-metal tests of s390's DAT: each access and each LOAD REAL ADDRESS, against the MMU's reading. */
import { s390, s390Mmu } from '@kernel-mm/arch-s390';
import { type Machine, type Memory, machine, type Query, type Translation, translate } from '@kernel-mm/pgtable-core';
import type { DatTest, DatTests } from '@kernel-mm/pgtable-core/guest';
import type { Findings } from './findings.ts';
import { hex, tellAnswer, tellWalk } from './tell.ts';

const ACCESS = { r: 'read', w: 'write', x: 'execute' } as const;

/** Compares every test. TEIDs are not read: they repeat the address, and have bits of which a model of DAT knows nothing. */
export function checkDat(found: Findings, { tests, memory, storage }: DatTests): void {
  const machines = machinesOf(storage);
  tests.forEach((test, n) => {
    const { asce: root, addr, group } = test;
    const { access, real } = machines(test);
    const query: Query = { root, addr, access: ACCESS[test.access] };
    const of = { found, memory, name: `test ${n} (${group}): ASCE ${hex(root)}, ${query.access} ${hex(addr)}` };
    checkAccess({ ...of, machine: access, query }, test);
    checkReal({ ...of, machine: real, query: { ...query, access: 'read' } }, test);
  });
}

interface Machines {
  readonly access: Machine;
  /** For LOAD REAL ADDRESS, which does not ask whether storage is there. */
  readonly real: Machine;
}

/** One pair of machines for each set of facilities. */
function machinesOf(storage: bigint): (test: DatTest) => Machines {
  const mmu = s390Mmu(s390());
  const made = new Map<string, Machines>();
  return ({ edat1, edat2, iep }) => {
    const key = `${edat1} ${edat2} ${iep}`;
    const state = { edat1, edat2, iep };
    const found = made.get(key) ?? { access: machine(mmu, { ...state, storage }), real: machine(mmu, state) };
    made.set(key, found);
    return found;
  };
}

interface Asked {
  readonly found: Findings;
  readonly name: string;
  readonly machine: Machine;
  readonly memory: Memory;
  readonly query: Query;
}

/** The address, or the program-interruption code. Where an instruction was fetched is not recorded. */
function checkAccess(asked: Asked, test: DatTest): void {
  const { code, paddr } = test;
  const got = translate(asked.machine, asked.memory, asked.query);
  const allowed = paddr === undefined ? 'allowed' : `physical ${hex(paddr)}`;
  const expected = code === undefined ? allowed : `code ${hex(code)}`;
  const passed = got.kind === 'fault' ? got.code === code : code === undefined && got.paddr === (paddr ?? got.paddr);
  compare(asked, 'access', passed, expected, tellAnswer(got));
  if (test.access === 'r' && code === undefined) checkContent(asked, test, got);
}

/** What a load brought: in a data frame every other doubleword is its own address. */
function checkContent(asked: Asked, { content, paddr }: DatTest, got: Translation): void {
  const loaded = got.kind === 'address' ? asked.memory.read(got.paddr, 8, 'big') : undefined;
  if (loaded === undefined) asked.found.leave('a doubleword was loaded that the file does not hold');
  else
    compare(asked, 'content', loaded === (content ?? paddr), `doubleword ${hex(content ?? paddr ?? 0n)}`, hex(loaded));
}

/** LOAD REAL ADDRESS translates as a load does, and asks neither for protection nor for storage. */
function checkReal(asked: Asked, { real }: DatTest): void {
  const got = translate(asked.machine, asked.memory, asked.query);
  const passed = got.kind === 'address' ? got.paddr === real : real === undefined;
  compare(asked, 'lrag', passed, real === undefined ? 'condition code 3' : `real ${hex(real)}`, tellAnswer(got));
}

function compare(asked: Asked, kind: string, passed: boolean, expected: string, got: string): void {
  const { found, name, machine, memory, query } = asked;
  found.compare(kind, passed, () => ({ name, expected, got, walk: tellWalk(machine, memory, query) }));
}
