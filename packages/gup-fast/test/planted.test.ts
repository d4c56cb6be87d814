/** Six planted mistakes, three in a definition and three in a stepper: the tools find each, and say where. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { pXdAddrEnd, pXdOffset, type Stepper, vaddr, vaddrWrap } from '@kernel-mm/pgtable-core';
import { runLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { formatBroken, judge, VARIANTS } from '../src/index.ts';
import { stepperLaws } from '../src/testing/index.ts';
import { or1k, WRONG_OR1K } from './support/or1k.ts';
import { spaceWith } from './support/space.ts';

const runs = 60;

describe('in a definition', () => {
  test('the right one keeps every law that applies', () => {
    expect(runLaws(or1k, { runs }).results.filter(({ kind }) => kind === 'broken')).toEqual([]);
  });

  test.each(WRONG_OR1K)('%s', (_what, arch, said) => {
    const { results } = runLaws(arch, { runs });
    expect(results.map(({ why }) => why ?? '').join('\n')).toMatch(said);
  });
});

const arch = s390();
const right = VARIANTS.inlineTyped.stepper;
/** The walker indexes by the address of the page before. */
const stale = (): Stepper => ({
  name: 'stale',
  boundary: right.boundary,
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, vaddrWrap(addr - mm.arch.geometry.pte.size)),
});
const PLANTED: readonly (readonly [what: string, make: () => Stepper, wrong: RegExp])[] = [
  [
    'the copy handed down: the bug of 2020',
    () => ({
      name: 'copy',
      descend: (mm, { copy, entry }, addr) => pXdOffset(mm, copy, entry, addr),
      boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
    }),
    /^p[um]d for 0x[0-9a-f]+: not where a walk of this address alone reads$/m,
  ],
  [
    'a boundary that forgets end',
    () => ({
      name: 'endless',
      descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
      boundary: (mm, level, _entry, addr) => pXdAddrEnd(mm, level, addr, vaddr(0n)),
    }),
    /^p(gd|4d|ud|md|te) for 0x[0-9a-f]+: beyond the end of the range$/m,
  ],
  [
    'an index from a stale address',
    stale,
    /^p(4d|ud|md|te) for 0x[0-9a-f]+: not where a walk of this address alone reads$/m,
  ],
];

describe('in a stepper', () => {
  const [start, end] = [vaddr(0x7fff_e000n), vaddr(0x8000_2000n)];
  const { mm } = spaceWith(arch, topOf(3), [0n, 0x7fff_e000n]);

  test('the right one is right', () => {
    expect(judge(mm, right, start, end)).toMatchObject({ addressCorrect: true, law: true });
    expect(judge(mm, right, start, end).broken).toBeUndefined();
    for (const law of stepperLaws(right, arch, { runs })) law.check();
  });

  test.each(PLANTED)('%s: judge says where, with the walker’s slots beside the right ones', (_what, make, wrong) => {
    const { addressCorrect, broken } = judge(mm, make(), start, end);
    expect(addressCorrect).toBe(false);
    const told = formatBroken(broken!);
    expect(told).toMatch(wrong);
    expect(told.split('\n')[0]).toMatch(/^level +for +read at +entry +right slot$/);
    expect(told.split('\n').length).toBe(broken!.path.length + 3);
  });

  test.each(PLANTED)('%s: stepperLaws finds a space where it goes wrong', (_what, make, wrong) => {
    const [address] = stepperLaws(make(), arch, { runs });
    expect(() => address!.check()).toThrow(wrong);
  });

  test('a form that the functions do not keep is a broken law', () => {
    const [form] = stepperLaws({ ...stale(), form: right.form! }, arch);
    expect(() => form!.check()).toThrow(/^form is broken: .*descend at/);
  });
});
