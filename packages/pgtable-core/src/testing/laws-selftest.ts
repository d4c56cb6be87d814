/** The kernel's self-test of entries (mm/debug_vm_pgtable.c) as chains: what is made of a fresh leaf, and what it reads then. */
import fc from 'fast-check';
import type { Change, Predicate, Prot } from '../arch.ts';
import { NO_RIGHTS } from '../codec.ts';
import type { Arch } from '../geometry.ts';
import type { Level } from '../level.ts';
import { FULL } from './arbitraries.ts';
import { arbitraryLeaf, PROTECTIONS } from './arbitrary-entries.ts';
import { absent, type Law, type LawMaker, readLevels, same } from './law.ts';

/** What is made of the leaf, in this order; what is asked; what each answer must be. */
type Chain = readonly [makes: readonly Change[], asks: readonly Predicate[], answer: boolean];

/** One function of the self-test, by the name that it has there without its level. */
interface Test {
  readonly name: string;
  readonly levels: readonly ('pud' | 'pmd' | 'pte')[];
  readonly prots: readonly Prot[];
  readonly chains: readonly Chain[];
}

const ALL = ['pud', 'pmd', 'pte'] as const;
const LARGE = ['pud', 'pmd'] as const;
const [EACH, PAGE, NONE] = [PROTECTIONS, [FULL], [NO_RIGHTS]];

const TESTS: readonly Test[] = [
  {
    ...{ name: 'basic', levels: ALL, prots: EACH },
    chains: [
      // On a fresh entry, which the kernel makes clean, and on one made clean.
      [['clean', 'wrprotect'], ['dirty'], false],
      [['old', 'young'], ['young'], true],
      [['clean', 'dirty'], ['dirty'], true],
      [['wrprotect', 'write'], ['write'], true],
      [['young', 'old'], ['young'], false],
      [['dirty', 'clean'], ['dirty'], false],
      [['write', 'wrprotect'], ['write'], false],
      [['dirty', 'wrprotect'], ['dirty'], true],
    ],
  },
  // The last line of pmd_basic and pud_basic: a leaf is bad as a table pointer.
  { ...{ name: 'bad', levels: LARGE, prots: EACH }, chains: [[['huge'], ['bad'], true]] },
  {
    ...{ name: 'advanced', levels: ALL, prots: PAGE },
    chains: [
      [['wrprotect'], ['write'], false],
      [['wrprotect', 'clean', 'write', 'dirty'], ['write', 'dirty'], true],
      [['young', 'old'], ['young'], false],
    ],
  },
  { ...{ name: 'leaf', levels: LARGE, prots: PAGE }, chains: [[['huge'], ['leaf'], true]] },
  {
    // pmd_trans_huge; while one is split it is invalid for the hardware, and still there for Linux.
    ...{ name: 'thp', levels: ['pmd'], prots: PAGE },
    chains: [
      [['huge'], ['leaf'], true],
      [['huge', 'invalid'], ['leaf', 'present'], true],
    ],
  },
  { ...{ name: 'thp', levels: ['pud'], prots: PAGE }, chains: [[['huge'], ['leaf'], true]] },
  {
    ...{ name: 'hugetlb_basic', levels: LARGE, prots: PAGE },
    chains: [
      [['dirty'], ['dirty'], true],
      [['wrprotect', 'write'], ['write'], true],
      [['dirty', 'wrprotect'], ['dirty'], true],
    ],
  },
  { ...{ name: 'protnone', levels: ['pte'], prots: NONE }, chains: [[[], ['protnone', 'present'], true]] },
  { ...{ name: 'protnone', levels: ['pmd'], prots: NONE }, chains: [[['huge'], ['protnone', 'present'], true]] },
  { ...{ name: 'special', levels: ALL, prots: PAGE }, chains: [[['special'], ['special'], true]] },
  { ...{ name: 'devmap', levels: ALL, prots: PAGE }, chains: [[['devmap'], ['devmap'], true]] },
  {
    ...{ name: 'soft_dirty', levels: ALL, prots: PAGE },
    chains: [
      [['softDirty'], ['softDirty'], true],
      // The kernel asks this of a fresh entry, which was never soft-dirty.
      [['softDirty', 'clearSoftDirty'], ['softDirty'], false],
    ],
  },
];

/** The self-test's laws of values. */
export function selftestLaws(arch: Arch, law: LawMaker): Law[] {
  const read = readLevels(arch);
  return TESTS.flatMap((test) =>
    test.levels.filter((level) => read.includes(level)).map((level) => lawOf(arch, law, level, test)),
  );
}

function lawOf(arch: Arch, law: LawMaker, level: Level, { name, prots, chains }: Test): Law {
  const { is, mk } = arch.rules[level];
  const lacksOf = ([makes, asks]: Chain): string[] => [
    ...makes.filter((what) => !mk[what]).map((what) => `mk.${what}`),
    ...asks.filter((what) => !is[what]).map((what) => `is.${what}`),
  ];
  const title = `${level}_${name}`;
  const lacks = [...new Set(chains.flatMap(lacksOf))];
  const asked = chains.filter((chain) => lacksOf(chain).length === 0);
  if (!arch.spec.levels[level].leaf) return absent(title, ['leaf']);
  if (asked.length === 0) return absent(title, lacks);
  const cases = fc.tuple(
    fc.constantFrom(...prots).chain((prot) => arbitraryLeaf(arch, level, prot)),
    fc.constantFrom(...asked),
  );
  const checked = law(title, asked.map(told).join('; '), cases, ([fresh, chain]) => {
    const [makes, asks, answer] = chain;
    const made = makes.reduce<bigint>((entry, what) => mk[what]?.({ entry }) ?? entry, fresh);
    for (const what of asks)
      same(`${what} in ${told(chain)} of ${level} 0x${fresh.toString(16)}`, is[what]?.({ entry: made }), answer);
  });
  return { ...checked, lacks };
}

/** As the kernel writes it: `!young(mkold(mkyoung(e)))`. */
const told = ([makes, asks, answer]: Chain): string =>
  `${answer ? '' : '!'}${asks.join('&')}(${makes.reduce((e, what) => `mk.${what}(${e})`, 'e')})`;
