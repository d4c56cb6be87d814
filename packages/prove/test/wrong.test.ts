/** Wrong definitions: each is refuted by its law, with a counterexample that breaks it on the reference engine too. */
import {
  type Arch,
  type ArchSpec,
  bits,
  defineArch,
  flag,
  has,
  type Level,
  type LevelSpec,
  or,
} from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { toyLinux, toyLinuxSpec } from '../../pgtable-core/test/support/toy-linux.ts';
import { toy3, toy3Spec, toyProcess, toyProcessSpec } from '../../pgtable-core/test/support/toys.ts';
import { type LawName, type Proved, proveArch, STEPPERS } from '../src/index.ts';
import { useSolvers } from './support/solvers.ts';

const solvers = useSolvers();
const isFull = process.env.KERNEL_MM_RUNS === 'full';
/** Small counterexamples take most of the time; those about walks run only where they are small. */
const how = { milliseconds: 60_000, ...(!isFull && { small: false as const }) };
const steppers = STEPPERS.filter(({ name }) => name === 'entryAware');

const but = (spec: ArchSpec, level: Level, change: Partial<LevelSpec>): ArchSpec => ({
  ...spec,
  levels: { ...spec.levels, [level]: { ...spec.levels[level], ...change } },
});
/** Past defineArch, which would refuse it. */
const withSpec = (arch: Arch, level: Level, change: Partial<LevelSpec>): Arch => ({
  ...arch,
  spec: but(arch.spec, level, change),
});
const alwaysPresent = (arch: Arch): Arch => ({
  ...withSpec(arch, 'pte', { is: { ...arch.spec.levels.pte.is, present: 1n } }),
  rules: { ...arch.rules, pte: { ...arch.rules.pte, is: { ...arch.rules.pte.is, present: () => true } } },
});
const { pmd, pte } = toy3Spec.levels;
const { covers: _, ...pgdBySize } = toyProcessSpec.levels.pgd;
const { covers: __, ...p4dBySize } = toyProcessSpec.levels.p4d;

const WRONG: readonly (readonly [what: string, arch: Arch, law: LawName])[] = [
  ['an entry that covers two slots', defineArch(but(toyProcessSpec, 'pgd', { covers: 27n })), 'law'],
  [
    'slots that end by the level, where levels fold per process',
    defineArch({ ...toyProcessSpec, levels: { ...toyProcessSpec.levels, pgd: pgdBySize, p4d: p4dBySize } }),
    'law',
  ],
  [
    'two fields of one bit',
    withSpec(toy3, 'pte', { leaf: { ...pte.leaf!, fields: { ...pte.leaf!.fields, AGAIN: flag(0) } } }),
    'fields',
  ],
  [
    'a table pointer that is bad at some addresses',
    defineArch(but(toy3Spec, 'pmd', { is: { ...pmd.is, bad: or(pmd.is.bad!, has(1n << 40n)) } })),
    'kinds',
  ],
  [
    'a page that is said to be writable by another bit',
    defineArch(but(toy3Spec, 'pte', { is: { ...pte.is, write: has(1n) } })),
    'kinds',
  ],
  ['a new table whose slots are not none', withSpec(toy3, 'pte', { empty: 0x20n }), 'empty'],
  ['a present mask that covers the empty entry', alwaysPresent(toy3), 'empty'],
  [
    'a swap entry whose type and offset share a bit',
    withSpec(toyLinux, 'pte', { swap: { ...toyLinuxSpec.levels.pte.swap!, type: bits(12, 8) } }),
    'codec',
  ],
  [
    'a piece of the address one bit off',
    withSpec(toy3, 'pmd', { table: { ...pmd.table!, fields: shifted(pmd.table!.fields) } }),
    'codec',
  ],
  [
    'a limit beyond what the tables translate',
    defineArch({ ...toy3Spec, root: { ...toy3Spec.root, tops: { pgd: { base: 0n, limit: 1n << 63n } } } }),
    'address',
  ],
];

/** The pieces of an address, each held one bit higher than it is. */
function shifted(fields: NonNullable<LevelSpec['table']>['fields']): typeof fields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, f]) => [name, f.kind === 'address' ? { ...f, to: (f.to ?? f.lo) + 1 } : f]),
  );
}

const all = async (arch: Arch): Promise<Proved[]> => {
  const found: Proved[] = [];
  // The toys' own `bad` has no word for leaves.
  const only = ({ law }: { law: LawName }): boolean => law !== 'leaf-is-bad';
  for await (const one of proveArch({ arch, steppers }, { solvers, only, ...how })) found.push(one);
  return found;
};

test.each([toy3, toyProcess, toyLinux])(
  'the right ones are proved: $id',
  async (arch) => {
    const found = await all(arch);
    expect(found.length).toBeGreaterThan(30);
    expect(found.filter(({ verdict }) => verdict.kind !== 'proved')).toEqual([]);
  },
  300_000,
);

test.each(WRONG)(
  '%s',
  async (_what, arch, law) => {
    const only = (claim: { law: LawName }): boolean => claim.law === law;
    for await (const { verdict } of proveArch({ arch, steppers }, { solvers, only, ...how })) {
      if (verdict.kind !== 'refuted') continue;
      expect(verdict.counterexample.story.length).toBeGreaterThan(0);
      if (isFull || law !== 'law') expect(verdict.counterexample.replays).toBe(true);
      return;
    }
    throw new Error('nothing is refuted');
  },
  300_000,
);
