/** Steppers that are functions: a form is found that they keep and that is decided, or nothing is said to be proved. */
import { s390 } from '@kernel-mm/arch-s390';
import { pXdAddrEnd, pXdAddrEndOf, pXdOffset, type Stepper, type Vaddr } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { claimsOf, fatesOf, keptOf, type Proved, proveArch, refutations } from '../src/index.ts';
import { useSolvers } from './support/solvers.ts';

const solvers = useSolvers();
const arch = s390();

const mine: Stepper = {
  name: 'mine',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: pXdAddrEndOf,
};
const forgetsEnd: Stepper['boundary'] = (mm, level, _entry, addr) => pXdAddrEnd(mm, level, addr, 0n as Vaddr);

/** The claims of processes of three levels. */
async function proved(stepper: Stepper): Promise<Proved[]> {
  const found: Proved[] = [];
  const only = ({ law, at }: { law: string; at: string }): boolean =>
    /^(law|address-correct)$/.test(law) && /pud on top|every step/.test(at);
  const how = { solvers, milliseconds: 60_000, small: false, only } as const;
  for await (const one of proveArch({ arch, steppers: [stepper] }, how)) found.push(one);
  return found;
}

test('functions alone are proved as the form that answers as they do, and that is said', async () => {
  const found = await proved(mine);
  expect(keptOf(found)).toBe('law and address');
  for (const { as } of found) expect(as?.form).toEqual({ boundary: 'entry', descent: 'slot' });
  expect(found[0]!.as!.visits).toBeGreaterThan(1000);
}, 300_000);

test('the bug of 2020 as functions alone is refuted', async () => {
  const { descend } = {
    descend: ((mm, { copy, entry }, addr) => pXdOffset(mm, copy, entry, addr)) as Stepper['descend'],
  };
  const found = await proved({
    name: 'mine',
    descend,
    boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
  });
  expect(keptOf(found)).toBe('neither');
}, 300_000);

const NOT: readonly (readonly [what: string, stepper: Stepper, said: RegExp])[] = [
  ['functions of no form', { ...mine, boundary: forgetsEnd }, /mine is of no known form.*\n.*boundary at p.d of s390/],
  [
    'a form that the functions do not keep',
    { ...mine, form: { boundary: 'level', descent: 'slot' } },
    /does not do what its form says \(level, slot\)/,
  ],
];

test.each(NOT)('%s: nothing is proved, and why is said', async (_what, stepper, said) => {
  const found = await proved(stepper);
  expect(found.map(({ law, verdict }) => [law, verdict.kind])).toEqual([
    ['address-correct', 'not-looked-at'],
    ['law', 'not-looked-at'],
  ]);
  expect(keptOf(found)).toBe('not decided');
  expect(refutations(found)).toMatch(said);
  await expect(fatesOf({ arch, steppers: [stepper] }, { solvers }, []).next()).rejects.toThrow(said);
});

test('a claim is never made of functions', () => {
  expect(() => [...claimsOf({ arch, steppers: [mine] })]).toThrow('stepper mine: expected a form');
});
