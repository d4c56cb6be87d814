/** Kinds: what is made is one thing, for every question that Linux asks of it. */
import {
  type Arch,
  isAlwaysFolded,
  isUpper,
  LEVELS,
  type Level,
  type LowerLevel,
  makeLeaf,
  makeTable,
  type Paddr,
  type Predicate,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Claim, Values } from '../claim.ts';
import { isTerm, says } from '../reading-terms.ts';
import { hex } from '../tell.ts';
import { all, and, eq, ne, not, or, type Term } from '../term.ts';
import { foldedTerm, scatterTerm } from '../walk-terms.ts';
import { alignedTerms, readLevels } from './formats.ts';
import { templatesOf } from './templates.ts';

/** Answers to Linux's questions; those that a definition leaves out are answered no. */
export type Answers = Partial<Record<Predicate, boolean>>;

const answered = (arch: Arch, level: Level, answers: Answers, entry: Term): Term =>
  all(
    ...(Object.keys(answers) as Predicate[]).map((what) => {
      const is = isTerm(arch, level, what, entry);
      return answers[what] ? is : not(is);
    }),
  );

/** The claims of what entries are. */
export const kindClaims = (arch: Arch): Claim[] =>
  readLevels(arch).flatMap((level) => [
    emptyClaim(arch, level),
    ...tableKind(arch, level),
    ...leafKinds(arch, level),
    ...leafIsBad(arch, level),
  ]);

/** A claim that an entry is answered for so. */
export function answers(
  arch: Arch,
  level: Level,
  what: { readonly law: Claim['law']; readonly name: string; readonly wanted: Answers; readonly entry: Term },
  how: { readonly given: Term[]; readonly least: string[]; made(values: Values): bigint | undefined },
): Claim {
  return {
    law: what.law,
    at: `${level} ${what.name}`,
    given: how.given,
    follows: answered(arch, level, what.wanted, what.entry),
    least: how.least,
    show: Object.fromEntries(how.least.map((name) => [name, name])),
    replay(values) {
      const entry = how.made(values);
      const wrong = (Object.keys(what.wanted) as Predicate[]).filter(
        (one) => entry !== undefined && says(arch, level, one, entry) !== what.wanted[one],
      );
      return {
        keeps: entry !== undefined && wrong.length === 0,
        story: [
          entry === undefined ? `no ${level} ${what.name} can be made` : `${level} ${what.name} ${hex(entry)}`,
          ...wrong.map((one) => `${level}_${one} answers ${what.wanted[one] ? 'no' : 'yes'}`),
        ],
      };
    },
  };
}

function emptyClaim(arch: Arch, level: Level): Claim {
  const { empty = 0n } = arch.spec.levels[level];
  const what = { law: 'empty', name: 'empty', wanted: { none: true, present: false }, entry: empty } as const;
  return answers(arch, level, what, { given: [], least: [], made: () => empty });
}

/** Nothing of Linux's lies at physical address 0, and s390 looks for an origin to tell what is present. */
function tableKind(arch: Arch, level: Level): Claim[] {
  const { table } = arch.spec.levels[level];
  if (!table || !isUpper(level)) return [];
  const next = LEVELS[LEVELS.indexOf(level) + 1] as Level;
  const entry = or(scatterTerm(table.fields, 'address'), table.base);
  const isReal =
    next === 'pte' || isAlwaysFolded(arch, next)
      ? []
      : [not(foldedTerm(arch, next as LowerLevel, { entry, root: 0n }))];
  const wanted = { present: true, none: false, bad: false, leaf: false, swap: false };
  return [
    answers(
      arch,
      level,
      { law: 'kinds', name: 'table', wanted, entry },
      {
        given: [...alignedTerms(arch, level, 'table', 'address'), ne('address', 0n), ...isReal],
        least: ['address'],
        made: ({ address = 0n }) => makeTable(arch, level, address as Paddr),
      },
    ),
  ];
}

function leafKinds(arch: Arch, level: Level): Claim[] {
  const { leaf, is } = arch.spec.levels[level];
  if (!leaf) return [];
  // A page without any right is a leaf at pte; above, Linux makes such with some architectures only.
  return templatesOf(arch, level)
    .filter(({ prot }) => prot.read || level === 'pte')
    .map(({ name, prot, entry }) => {
      const rights = (['write', 'exec', 'user'] as const).filter((right) => prot.read && is[right] !== undefined);
      const granted = rights.map((right) => [right, prot[right] || leaf.rights[right][0] === leaf.rights[right][1]]);
      const wanted: Answers = {
        ...{ present: true, none: false, swap: false },
        ...(level !== 'pte' && { leaf: true }),
        ...(is.protnone !== undefined && { protnone: !prot.read }),
        ...Object.fromEntries(granted),
      };
      return answers(
        arch,
        level,
        { law: 'kinds', name: `leaf, ${name}`, wanted, entry },
        {
          given: [...alignedTerms(arch, level, 'leaf', 'address'), ne('address', 0n)],
          least: ['address'],
          made: ({ address = 0n }) => makeLeaf(arch, level, address as Paddr, prot),
        },
      );
    });
}

/** Linux takes what is not bad for a table: a leaf must not be one. */
function leafIsBad(arch: Arch, level: Level): Claim[] {
  const { is, table } = arch.spec.levels[level];
  if (is.leaf === undefined || is.leaf === 0n || !table) return [];
  const ask = (what: Predicate): Term => isTerm(arch, level, what, 'entry');
  const width = 8n * BigInt(arch.entryBytes);
  return [
    {
      law: 'leaf-is-bad',
      at: level,
      given: [ask('leaf'), ask('present'), not(ask('none')), eq(and('entry', wrap64(-1n << width)), 0n)],
      follows: ask('bad'),
      least: ['entry'],
      exactly: 8 * arch.entryBytes,
      show: { entry: 'entry' },
      replay: ({ entry = 0n }) => ({
        keeps:
          !says(arch, level, 'leaf', entry) ||
          !says(arch, level, 'present', entry) ||
          says(arch, level, 'none', entry) ||
          says(arch, level, 'bad', entry),
        story: [`${level} ${hex(entry)} is a leaf, and not bad as a table`],
      }),
    },
  ];
}
