/** Vector files of both formats, as findings. */
import { explainEntry, type Mmu } from '@kernel-mm/pgtable-core';
import {
  type Answers,
  checkEntryVectors,
  checkWalkVectors,
  type ExpectedFault,
  type ExpectedPage,
} from '@kernel-mm/pgtable-core/vectors';
import { archOf, mmuOf } from '../registry.ts';
import type { Findings } from './findings.ts';
import { hex, tellAnswer, tellWalk } from './tell.ts';

/** By the id alone: the hardware does not know which Linux wrote its tables. */
const byId = (id: string): Mmu | undefined => mmuOf(id);

/**
 * Runs the cases of a `kernel-mm/walk-vectors@1` file.
 * @throws FixtureError for what the format does not have outside of its cases
 */
export function checkWalks(found: Findings, json: unknown): void {
  for (const outcome of checkWalkVectors(json, byId)) {
    if (outcome.kind === 'malformed') {
      found.refuse('walk', outcome);
      continue;
    }
    const { name, passed, machine, memory, query, expected, got, differences, deviation } = outcome;
    found.compare('walk', passed, () => ({
      name: `case "${name}": ${query.access} ${hex(query.addr)}`,
      expected: tellExpected(expected),
      got: `${tellAnswer(got)} (${differences.join('; ')})`,
      walk: tellWalk(machine, memory, query),
    }));
    if (deviation) found.deviate(deviation);
  }
}

/**
 * Runs the cases of a `kernel-mm/entry-vectors@1` file.
 * @throws FixtureError for what the format does not have outside of its cases
 */
export function checkEntries(found: Findings, json: unknown): void {
  for (const outcome of checkEntryVectors(json, archOf)) {
    if (outcome.kind === 'malformed') {
      found.refuse('entry', outcome);
      continue;
    }
    const { name, passed, mm, level, raw, expected, got } = outcome;
    found.compare('entry', passed, () => ({
      name: `case "${name}": ${level} ${hex(raw)}`,
      ...{ expected: tellAnswers(expected), got: tellAnswers(got) },
      walk: explainEntry(mm, level, raw),
    }));
  }
}

const tellAnswers = (answers: Answers): string =>
  Object.entries(answers)
    .map(([predicate, yes]) => (yes ? predicate : `not ${predicate}`))
    .join(', ');

function tellExpected(expected: ExpectedPage | ExpectedFault): string {
  if ('fault' in expected) {
    const fault = expected.fault === '*' ? 'any fault' : expected.fault;
    return expected.code === undefined ? fault : `${fault} ${hex(expected.code)}`;
  }
  const { pa, write, execute, updates } = expected;
  const rights = Object.entries({ write, execute }).filter(([, said]) => said !== undefined);
  return [
    `physical ${hex(pa)}`,
    ...rights.map(([right, yes]) => (yes ? right : `no ${right}`)),
    ...(updates ?? []).map(({ at, entry }) => `writes ${hex(at)} = ${hex(entry)}`),
  ].join(', ');
}
