/** The verdicts on this project's own definitions: what the facts say holds is proved, and what does not, and why. */

import { readFileSync } from 'node:fs';
import { type FoldKind, type Safety, VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import { expect, test } from 'vitest';
import {
  claimsOf,
  keptOf,
  lawTable,
  nameOf,
  type Proved,
  placeOf,
  projectSubjects,
  prove,
  STEPPERS,
  scriptOf,
  walkTable,
} from '../src/index.ts';
import { useSolvers } from './support/solvers.ts';

const isFull = process.env.KERNEL_MM_PROVE === 'all';
const solvers = useSolvers();
/** Counterexamples are made small, and run, where all is asked for: most of the time goes there. */
const how = { milliseconds: 60_000, ...(!isFull && { small: false as const }) };

/** One of each kind where not all are asked for. */
const QUICK = new Set(['s390', 'x86-64', 'riscv-sv39', 'arm64-16k-va52-nolpa2', 'um-3level-32']);

/** What is not so, and why. Claims of these are refuted; all others are proved. */
const EXCEPTIONS: readonly { readonly claim: RegExp; readonly because: string }[] = [
  { claim: /^riscv-\S+ leaf-is-bad pud$/, because: 'riscv pud_bad is !pud_present: it has no word for leaves' },
  { claim: /^sparc64 leaf-is-bad p[um]d$/, because: 'sparc64 pmd_bad looks at the bits within a page alone' },
  { claim: /^riscv-\S+ hardware p(g|4)d$/, because: 'Linux makes no leaves there, the hardware takes them' },
  { claim: /^arm\S+ hardware p(g|4|u)d$/, because: 'Linux makes no blocks there, the hardware takes them' },
  { claim: /^sparc64 hardware pte$/, because: "the valid bit is the TLB's; pte_present asks for another, of software" },
  {
    claim: /^s390(, layout present)? hardware p(gd|4d|ud)$/,
    because: 'a table at physical 0 is one for the hardware, and Linux looks for an origin',
  },
  { claim: /^s390, layout present hardware p(m|u)d$/, because: 'from v6.14 Linux asks for a software bit' },
  { claim: /^s390(, layout present)? hardware pte$/, because: 'pte_present is a bit of software' },
];

const guide = readFileSync(new URL('../../../docs/guides/proved.md', import.meta.url), 'utf8');
/** Every row of a table is one of the guide's. */
const isTold = (table: string): void => {
  for (const row of table.split('\n')) expect(guide).toContain(row);
};

const claimName = ({ arch, law, at }: Proved): string => `${arch} ${law} ${at}`;

test('every claim about definitions is proved, but for those that are listed', async () => {
  const subjects = projectSubjects().filter((subject) => isFull || QUICK.has(nameOf(subject)));
  const results: Proved[] = [];
  const only = ({ law }: { law: string }): boolean => law !== 'law' && law !== 'address-correct';
  for await (const one of prove(subjects, { solvers, only, ...how })) results.push(one);
  expect(results.length).toBeGreaterThan(subjects.length * 20);
  for (const one of results) {
    const expected = EXCEPTIONS.some(({ claim }) => claim.test(claimName(one))) ? /proved|refuted/ : /proved/;
    expect(one.verdict.kind, claimName(one)).toMatch(expected);
    if (isFull && one.verdict.kind === 'refuted') expect(one.verdict.counterexample.replays, claimName(one)).toBe(true);
  }
  isTold(lawTable(results));
  if (isFull)
    for (const { claim } of EXCEPTIONS)
      expect(
        results.some((one) => claim.test(claimName(one)) && one.verdict.kind === 'refuted'),
        String(claim),
      ).toBe(true);
}, 600_000);

/** How levels are folded, by architecture and depth: the rows of the facts' table. */
const kindOf = ({ arch, at }: Proved): FoldKind =>
  arch.startsWith('s390') && placeOf({ at } as Proved).depth ? 'dynamic' : 'static';

/**
 * What VARIANTS says; and a middle-style fold at boot above which every level has a lockless form of its own, or none is
 * folded (arm64 since v6.11), of which it has no word.
 */
function safetyOf(one: Proved): Safety {
  const { stepper, safety } = VARIANTS[placeOf(one).form as VariantName];
  if (one.arch.endsWith('-nolpa2')) return { law: true, addressCorrect: stepper.form?.descent !== 'copy' };
  return safety[kindOf(one)];
}

test('which form is safe where: the table of the facts, derived', async () => {
  const ids = isFull ? /./ : /^(s390|x86-64|arm64-16k-va52-nolpa2)$/;
  const subjects = projectSubjects().filter((subject) => ids.test(nameOf(subject)));
  const results: Proved[] = [];
  const only = ({ law }: { law: string }): boolean => law === 'law' || law === 'address-correct';
  for await (const one of prove(subjects, { solvers, only, ...how })) results.push(one);
  const rows = new Map<string, Proved[]>();
  for (const one of results) {
    const { form, depth } = placeOf(one);
    const row = `${one.arch} ${depth} ${form}`;
    rows.set(row, [...(rows.get(row) ?? []), one]);
  }
  for (const [row, claims] of rows) {
    const { law, addressCorrect } = safetyOf(claims[0]!);
    const kept = law ? (addressCorrect ? 'law and address' : 'law') : addressCorrect ? 'address' : 'neither';
    expect([row, keptOf(claims)]).toEqual([row, kept]);
  }
  isTold(walkTable(results));
  for (const one of results)
    if (isFull && one.verdict.kind === 'refuted') expect(one.verdict.counterexample.replays, claimName(one)).toBe(true);
}, 900_000);

test('what claims take for granted can be: none is proved because nothing is left', async () => {
  const steppers = STEPPERS.filter(({ name }) => name === 'entryAware');
  const subjects = projectSubjects().filter((subject) => /^(s390|x86-64|riscv-sv39)$/.test(nameOf(subject)));
  for (const subject of subjects)
    for (const { law, at, given } of claimsOf({ ...subject, steppers })) {
      const answer = await solvers[0]!.ask(scriptOf({ hold: given, show: {} }), 60_000);
      expect([law, at, answer.trim().split('\n')[0]]).toEqual([law, at, 'sat']);
    }
}, 300_000);
