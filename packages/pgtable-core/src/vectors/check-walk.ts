/** Walk vectors against an MMU: every case translated, and what differs from the file said. */
import { withAddress } from '../codec.ts';
import { FixtureError } from '../guest/fixture-error.ts';
import type { Access, Mmu, Query, Update } from '../hardware.ts';
import { type Machine, machine } from '../machine.ts';
import type { Memory } from '../memory.ts';
import { type Translation, translate } from '../translate.ts';
import { eachCase, type MalformedCase } from './cases.ts';
import { memoryOfEntries } from './sparse.ts';
import { stateOf, unsaid } from './state.ts';
import { type ExpectedFault, type ExpectedPage, parseWalkVectors, type WalkVector, walkVector } from './walk-shape.ts';

/** Finds an MMU by the id of its architecture. */
export type MmuOf = (arch: string) => Mmu | undefined;

/** What became of one case that could be run. */
export interface WalkOutcome {
  readonly kind: 'ran';
  readonly name: string;
  readonly passed: boolean;
  /** The MMU in the state of the case, its memory, and what it was asked. */
  readonly machine: Machine;
  readonly memory: Memory;
  readonly query: Query;
  readonly expected: ExpectedPage | ExpectedFault;
  readonly got: Translation;
  /** What is not as expected, in words; nothing where the case passed. */
  readonly differences: readonly string[];
  /** The case passed only as the implementation that the file names as its source does it: what that does instead of the manual. */
  readonly deviation?: string;
}

/**
 * Runs the cases of a `kernel-mm/walk-vectors@1` file. Every case is held against the manual first. One that fails there
 * is held against the known deviations of the implementation that the file's `source` names, and says so where it passes.
 * @param json the parsed file
 * @param mmuOf the MMUs, ours or one's own: a vector file may be of any architecture that is found here
 * @returns an outcome for each case: one that is malformed has failed, and the others still run
 * @throws FixtureError for what the format does not have outside of its cases, or an architecture that is not found
 */
export function checkWalkVectors(json: unknown, mmuOf: MmuOf): (WalkOutcome | MalformedCase)[] {
  const { arch, source, context, cases } = parseWalkVectors(json);
  const mmu = mmuOf(arch);
  if (!mmu) throw new FixtureError('unknown', 'arch', `an architecture that is known, not ${arch}`);
  const deviations = (mmu.deviations ?? []).filter(({ of }) => source.includes(of));
  const shared = { ...unsaid(mmu), ...stateOf(mmu, context, 'context') };
  return eachCase(cases, walkVector, (one, where) => {
    const state = { ...shared, ...stateOf(mmu, one.context, `${where}: context`) };
    const outcome = check(machine(mmu, state), one, where);
    if (outcome.passed) return outcome;
    for (const { says, hardware } of deviations) {
      const deviant = check(machine({ ...mmu, hardware }, state), one, where);
      if (deviant.passed) return { ...deviant, deviation: says };
    }
    return outcome;
  });
}

function check(on: Machine, { name, root, entries, va, access, expect }: WalkVector, where: string): WalkOutcome {
  const memory = memoryOfEntries(on, entries, `${where}: entries`);
  const query: Query = { root: registerOf(on, root, `${where}: root`), addr: va, access };
  const got = translate(on, memory, query);
  const allows = (other: Access): boolean => translate(on, memory, { ...query, access: other }).kind === 'address';
  const differences = 'fault' in expect ? faultDiffers(expect, got) : pageDiffers(expect, got, allows);
  const passed = differences.length === 0;
  return { kind: 'ran', name, passed, machine: on, memory, query, expected: expect, got, differences };
}

const hex = (value: bigint | undefined): string => (value === undefined ? 'none' : `0x${value.toString(16)}`);

function faultDiffers({ fault, code }: ExpectedFault, got: Translation): string[] {
  if (got.kind === 'address') return [`physical ${hex(got.paddr)} instead of a fault`];
  const differences: string[] = [];
  if (fault !== '*' && got.name !== fault) differences.push(`fault ${got.name} instead of ${fault}`);
  if (code !== undefined && got.code !== code) differences.push(`code ${hex(got.code)} instead of ${hex(code)}`);
  return differences;
}

function pageDiffers(expect: ExpectedPage, got: Translation, allows: (access: Access) => boolean): string[] {
  if (got.kind === 'fault') return [`fault ${got.name} instead of physical ${hex(expect.pa)}`];
  const differences: string[] = [];
  if (got.paddr !== expect.pa) differences.push(`physical ${hex(got.paddr)} instead of ${hex(expect.pa)}`);
  for (const access of ['write', 'execute'] as const)
    if (expect[access] !== undefined && allows(access) !== expect[access])
      differences.push(`${access} is ${expect[access] ? 'not ' : ''}allowed`);
  if (expect.updates && told(got.updates) !== told(expect.updates))
    differences.push(`updates ${told(got.updates)} instead of ${told(expect.updates)}`);
  return differences;
}

/** Updates as a set, in words. */
const told = (updates: readonly Update[]): string =>
  updates
    .map(({ at, entry }) => `${hex(at)} = ${hex(entry)}`)
    .sort()
    .join(', ') || 'none';

/** The root register. RISC-V's files name the root table's address: satp is that, and the mode. */
function registerOf({ arch }: Machine, root: bigint, where: string): bigint {
  if (!arch.id.startsWith('riscv-')) return root;
  const { fields, tops } = arch.spec.root;
  const satp = withAddress(fields, tops.pgd?.base ?? 0n, root);
  if (satp === undefined) throw new FixtureError('malformed', where, 'the physical address of a table');
  return satp;
}
