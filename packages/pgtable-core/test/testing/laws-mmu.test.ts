import { describe, expect, test } from 'vitest';
import { add, type Hardware, type LevelReading, type LinuxState, linuxMmu, type Mmu } from '../../src/index.ts';
import { type Law, mmuLaws } from '../../src/testing/index.ts';
import { toyLinux } from '../support/toy-linux.ts';
import { toy3, toy32, toyBoot, toyProcess } from '../support/toys.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 150 : 30;
const NAMES = ['mmu-answers', 'mmu-rights', 'mmu-defaults', 'mmu-spaces'];
const laws = (mmu: Mmu<LinuxState>): Law[] => mmuLaws(mmu, { user: true }, { runs });

test('the laws by name', () => {
  expect(laws(linuxMmu(toyLinux)).map(({ name }) => name)).toEqual(NAMES);
});

describe.each([toy3, toyBoot, toy32, toyLinux])('$id keeps', (arch) => {
  test.each(laws(linuxMmu(arch)))('$name', (law) => law.check());
});

test('a page that nobody may use is one that somebody can, where no bit says so', () => {
  const [answers, rights, defaults, spaces] = laws(linuxMmu(toyProcess)) as [Law, Law, Law, Law];
  for (const law of [answers, defaults, spaces]) law.check();
  expect(() => rights.check()).toThrow();
});

/** The MMU of the toy with another reading at pte, pmd or all, or another last word. */
const but = (change: (hardware: Hardware) => Partial<Hardware>): Mmu<LinuxState> => {
  const mmu = linuxMmu(toyLinux);
  const hardware = (state: LinuxState): Hardware => ({ ...mmu.hardware(state), ...change(mmu.hardware(state)) });
  return { ...mmu, hardware };
};
const at = (level: 'pmd' | 'pte', change: (reading: LevelReading) => Partial<LevelReading>): Mmu<LinuxState> =>
  but(({ levels }) => ({ levels: { ...levels, [level]: { ...levels[level]!, ...change(levels[level]!) } } }));

/** As x86 without NXE was: the state that the law of rights is handed is well, the default is not. */
function refusingByDefault(): Mmu<LinuxState> {
  const mmu = linuxMmu(toyLinux);
  const settle: Hardware['settle'] = () => ({ kind: 'refused', fault: 'closed', why: 'not the user' });
  return { ...mmu, hardware: (state) => ({ ...mmu.hardware(state), ...(!state.user && { settle }) }) };
}

const TWINS: readonly [string, Mmu<LinuxState>, ...laws: string[]][] = [
  [
    'no answer for a page in high memory',
    but(({ settle }) => ({
      settle(outcome) {
        if (outcome.paddr >> 46n) throw new Error('no answer');
        return settle(outcome);
      },
    })),
    'mmu-answers',
  ],
  [
    'the page behind',
    at('pte', ({ page }) => ({ page: { ...page!, base: add(page!.base, 0x1000n) } })),
    'mmu-rights',
    'mmu-spaces',
  ],
  [
    'a page for everybody, to do what he likes',
    at('pmd', ({ page }) => ({ page: { base: page!.base } })),
    'mmu-rights',
    'mmu-defaults',
  ],
  [
    'no page that may be written',
    but(({ settle }) => ({
      settle: (out) => (out.query.access === 'write' ? { kind: 'refused', fault: 'write', why: 'no' } : settle(out)),
    })),
    'mmu-rights',
    'mmu-defaults',
    'mmu-spaces',
  ],
  ['a default in which nothing can be done', refusingByDefault(), 'mmu-defaults'],
  ['what is none, taken for a page', at('pte', () => ({ rules: [] })), 'mmu-spaces'],
  [
    'no large pages',
    at('pmd', ({ rules }) => ({ rules: [...rules, { when: 2n, kind: 'large', why: 'LEAF = 1' }] })),
    'mmu-rights',
    'mmu-defaults',
    'mmu-spaces',
  ],
];

describe('a twin breaks its laws, and no other', () => {
  test.each(TWINS)('%s', (_what, mmu, ...expected) => {
    const broken = laws(mmu).filter((law) => {
      try {
        law.check();
        return false;
      } catch {
        return true;
      }
    });
    expect(broken.map(({ name }) => name)).toEqual(expected);
  });

  test('and every law has a twin', () => {
    expect(new Set(TWINS.flatMap(([, , ...names]) => names))).toEqual(new Set(NAMES));
  });
});
