/** Bits: an address begins at the bit where it can begin, and each question of a page's state has bits of its own. */
import {
  type Arch,
  alikeQuestions,
  type Entry,
  isPage,
  isUpper,
  type Level,
  leafAddress,
  openQuestions,
  type Predicate,
  tableAddress,
  tableUnit,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { isTerm, says } from '../reading-terms.ts';
import { hex } from '../tell.ts';
import { all, and, eq, not, type Term } from '../term.ts';
import { gatherTerm } from '../walk-terms.ts';
import { leafAddressTerm, readLevels } from './formats.ts';

/** The claims of where an entry keeps what. */
export const bitClaims = (arch: Arch): Claim[] =>
  readLevels(arch).flatMap((level) => {
    const { table, leaf } = arch.spec.levels[level];
    return [
      ...(table && isUpper(level) ? [alignedClaim(arch, level, 'table')] : []),
      ...(leaf ? [alignedClaim(arch, level, 'leaf'), ...questionClaims(arch, level)] : []),
    ];
  });

function alignedClaim(arch: Arch, level: Level, kind: 'table' | 'leaf'): Claim {
  const isTable = kind === 'table' && isUpper(level);
  const unit = isTable ? tableUnit(arch, level) : 1n << BigInt(arch.spec.pageShift);
  const { table } = arch.spec.levels[level];
  const address = isTable ? gatherTerm(table?.fields ?? {}, 'entry') : leafAddressTerm(arch, level, 'entry');
  return {
    law: 'aligned',
    at: `${level} ${kind}`,
    given: [fits(arch, 'entry')],
    follows: eq(and(address, unit - 1n), 0n),
    least: ['entry'],
    show: { entry: 'entry' },
    replay({ entry = 0n }) {
      const to = isTable ? tableAddress(arch, level, entry as Entry) : leafAddress(arch, level, entry as Entry);
      return {
        keeps: (to & (unit - 1n)) === 0n,
        story: [`${level} ${kind} ${hex(entry)} designates ${hex(to)}, which is no multiple of ${hex(unit)}`],
      };
    },
  };
}

/** A claim for each question that can be answered both ways: against every other one there is a page that tells them apart. */
function questionClaims(arch: Arch, level: Level): Claim[] {
  const open = openQuestions(arch, level);
  return open.length < 2
    ? []
    : open.map((asked) =>
        questionClaim(
          arch,
          level,
          asked,
          open.filter((one) => one !== asked),
        ),
      );
}

function questionClaim(arch: Arch, level: Level, asked: Predicate, others: readonly Predicate[]): Claim {
  const is = (what: Predicate, entry: Term): Term => isTerm(arch, level, what, entry);
  const page = (entry: Term): Term[] => [
    ...[fits(arch, entry), is('present', entry), not(is('none', entry))],
    ...(level === 'pte' ? [] : [is('leaf', entry)]),
  ];
  const name = (other: Predicate): string => `${asked}, not ${other}`;
  return {
    ...{ law: 'questions', at: `${level} ${asked}`, some: true, given: [], least: [] },
    follows: all(
      ...others.flatMap((other) => [...page(name(other)), is(asked, name(other)), not(is(other, name(other)))]),
    ),
    show: Object.fromEntries(others.map((other) => [name(other), name(other)])),
    replay(values) {
      const keeps = others.every((other) => {
        const entry = values[name(other)] ?? 0n;
        return isPage(arch, level, entry) && says(arch, level, asked, entry) && !says(arch, level, other, entry);
      });
      const alike = alikeQuestions(arch, level).filter((one) => one.asked === asked);
      const story = alike.map(({ like }) => `no ${level} is ${asked} and not ${like}: do both ask the same bits?`);
      // Without values: there are none, says the solver. The engine has looked among the pages that it can make.
      return { keeps: Object.keys(values).length ? keeps : !alike.length, story };
    },
  };
}

/** That a word has no bits beyond an entry's. */
const fits = ({ entryBytes }: Arch, entry: Term): Term => eq(and(entry, wrap64(-1n << BigInt(8 * entryBytes))), 0n);
