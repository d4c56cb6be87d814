import { describe, expect, test } from 'vitest';
import { type Arch, defineArch, has, type Level, type LevelSpec, or, type Rules } from '../../src/index.ts';
import { archLaws, type Law } from '../../src/testing/index.ts';
import { toyLinux } from '../support/toy-linux.ts';
import { toy3, toyProcess, toyProcessSpec } from '../support/toys.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 300 : 60;
const laws = (arch: Arch): Law[] => archLaws(arch, { runs });
/** Those of mm/debug_vm_pgtable.c. */
const selftest = (arch: Arch): Law[] => laws(arch).filter(({ name }) => name.includes('_'));
const names = (of: readonly Law[]): string[] => of.map(({ name }) => name).sort();

const SLOTS = ['clear', 'populate'];
const PAGES = ['basic', 'advanced', 'special', 'devmap', 'soft_dirty', 'swap', 'swap_exclusive', 'swap_soft_dirty'];
const LARGE = [...PAGES, ...SLOTS, 'bad', 'leaf', 'thp', 'hugetlb_basic', 'huge'];
const at = (level: Level, tests: readonly string[]): string[] => tests.map((name) => `${level}_${name}`);

// pgd is left out: its entries are read at p4d, which is folded.
const ALL = [
  ...at('p4d', SLOTS),
  ...at('pud', LARGE),
  ...at('pmd', [...LARGE, 'protnone']),
  ...at('pte', [...PAGES, 'protnone', 'clear']),
].sort();

describe('a toy with every helper keeps', () => {
  test('all of it', () => {
    expect(names(selftest(toyLinux))).toEqual(ALL);
    for (const { applies, lacks } of selftest(toyLinux)) expect([applies, lacks]).toEqual([true, []]);
  });
  test.each(selftest(toyLinux))('$name: $says', (law) => law.check());
});

describe('a toy without helpers', () => {
  const [asked, others] = [true, false].map((applies) => selftest(toy3).filter((law) => law.applies === applies)) as [
    Law[],
    Law[],
  ];

  test('is asked for what needs none', () => {
    const slots = [...at('pud', SLOTS), ...at('pmd', [...SLOTS, 'huge'])];
    expect(names(asked)).toEqual([...slots, 'pte_clear', 'pte_protnone'].sort());
    for (const law of asked) law.check();
  });

  test('is told what it lacks, and never passes by lacking it', () => {
    const lacks = Object.fromEntries(others.map((law) => [law.name, law.lacks]));
    expect(lacks).toMatchObject({
      pud_basic: ['leaf'],
      pte_basic: ['mk.clean', 'mk.wrprotect', 'is.dirty', 'mk.old', 'mk.young', 'mk.dirty', 'mk.write'],
      pmd_thp: ['mk.huge', 'mk.invalid'],
      pte_swap: ['swap'],
      pud_huge: ['leaf'],
    });
    for (const law of others)
      expect(() => law.check(), law.name).toThrow(`${law.name} does not apply: the definition lacks`);
  });

  test('what remains is asked of a level that has some helpers', () => {
    const some = withRules(toyLinux, 'pte', {
      mk: { young: ({ entry = 0n }) => entry | 0x20n, old: ({ entry = 0n }) => entry & ~0x20n },
    });
    const law = selftest(some).find(({ name }) => name === 'pte_basic');
    expect(law).toMatchObject({
      applies: true,
      says: 'young(mk.young(mk.old(e))); !young(mk.old(mk.young(e)))',
      lacks: ['mk.clean', 'mk.wrprotect', 'mk.dirty', 'mk.write'],
    });
    law?.check();
  });
});

const withRules = (arch: Arch, level: Level, change: Partial<Rules>): Arch => ({
  ...arch,
  rules: { ...arch.rules, [level]: { ...arch.rules[level], ...change } },
});
const withSpec = (arch: Arch, level: Level, change: Partial<LevelSpec>): Arch => ({
  ...arch,
  spec: { ...arch.spec, levels: { ...arch.spec.levels, [level]: { ...arch.spec.levels[level], ...change } } },
});

/** What each mistake breaks, of the self-test. */
function mistakes(level: 'pud' | 'pmd' | 'pte'): [string, Arch, string[]][] {
  const { mk, is } = toyLinux.rules[level];
  const { swap } = toyLinux.spec.levels[level];
  const idle = (what: keyof typeof mk): Arch =>
    withRules(toyLinux, level, { mk: { ...mk, [what]: ({ entry = 0n }) => entry } });
  const large = level !== 'pte';
  const hasProtnone = level !== 'pud';
  return [
    ['mkyoung does nothing', idle('young'), ['basic']],
    ['mkold does nothing', idle('old'), ['basic', 'advanced']],
    ['mkdirty does nothing', idle('dirty'), ['basic', 'advanced']],
    ['mkclean does nothing', idle('clean'), ['basic']],
    ['mkwrite does nothing', idle('write'), ['basic', 'advanced', ...(large ? ['hugetlb_basic'] : [])]],
    ['wrprotect does nothing', idle('wrprotect'), ['basic', 'advanced']],
    [
      'wrprotect makes clean',
      withRules(toyLinux, level, { mk: { ...mk, wrprotect: ({ entry = 0n }) => (entry & ~0x84n) | 0x800n } }),
      ['basic', ...(large ? ['hugetlb_basic'] : [])],
    ],
    ['mkspecial does nothing', idle('special'), ['special']],
    ['mkdevmap does nothing', idle('devmap'), ['devmap']],
    ['mksoft_dirty does nothing', idle('softDirty'), ['soft_dirty']],
    ['clear_soft_dirty does nothing', idle('clearSoftDirty'), ['soft_dirty']],
    ...(hasProtnone
      ? [
          [
            'protnone is never true',
            withRules(toyLinux, level, { is: { ...is, protnone: () => false } }),
            ['protnone'],
          ] as [string, Arch, string[]],
        ]
      : []),
    ...(large
      ? ([
          [
            'a leaf is not bad',
            withRules(toyLinux, level, { is: { ...is, bad: ({ entry = 0n }) => !(entry & 0x43n) } }),
            ['bad'],
          ],
          [
            'mkhuge makes a table',
            withRules(toyLinux, level, { mk: { ...mk, huge: ({ entry = 0n }) => entry & ~2n } }),
            ['bad', 'leaf', 'thp'],
          ],
          [
            'a page under split is not present',
            withRules(toyLinux, level, { is: { ...is, present: ({ entry = 0n }) => (entry & 0x41n) !== 0n } }),
            level === 'pmd' ? ['thp'] : [],
          ],
        ] as [string, Arch, string[]][])
      : []),
    [
      'a swap entry is present',
      withSpec(toyLinux, level, { swap: { ...swap!, base: 1n } }),
      ['swap', 'swap_exclusive', 'swap_soft_dirty'],
    ],
    [
      'exclusive is a bit of the type',
      withSpec(toyLinux, level, { swap: { ...swap!, exclusive: 0x100n } }),
      ['swap_exclusive', 'swap_soft_dirty'],
    ],
    [
      'both marks are one bit',
      withSpec(toyLinux, level, { swap: { ...swap!, softDirty: 0x4n } }),
      ['swap_exclusive', 'swap_soft_dirty'],
    ],
  ];
}

describe.each(['pud', 'pmd', 'pte'] as const)('at %s', (level) => {
  test.each(mistakes(level))('%s', (_what, arch, broken) => {
    expect(brokenBy(arch)).toEqual(at(level, broken).sort());
  });
});

const brokenBy = (arch: Arch): string[] =>
  names(
    selftest(arch).filter((law) => {
      if (!law.applies) return false;
      try {
        law.check();
        return false;
      } catch {
        return true;
      }
    }),
  );

describe('slots', () => {
  test('an entry that says by one of the noisy bits that it is of another level is never cleared', () => {
    const { pmd } = toyProcessSpec.levels;
    const fold = { ...pmd.fold!, if: or(pmd.fold!.if!, has(1n << 50n)) };
    const arch = defineArch({ ...toyProcessSpec, levels: { ...toyProcessSpec.levels, pmd: { ...pmd, fold } } });
    expect(brokenBy(toyProcess)).toEqual([]);
    expect(brokenBy(arch)).toEqual(['pud_clear']);
  });

  test.each<[Level, string[]]>([
    ['pte', ['p4d_clear', 'p4d_populate', 'pud_clear', 'pud_populate', 'pmd_clear', 'pmd_populate', 'pte_clear']],
    [
      'pmd',
      ['p4d_clear', 'p4d_populate', 'pud_clear', 'pud_populate', 'pmd_clear', 'pmd_populate', 'pmd_huge', 'pte_clear'],
    ],
    ['pud', ALL.filter((name) => /_(clear|populate|huge)$/.test(name))],
  ])('a cleared %s that is not none', (level, broken) => {
    expect(brokenBy(withSpec(toyLinux, level, { empty: 0x20n }))).toEqual([...broken].sort());
  });
});
