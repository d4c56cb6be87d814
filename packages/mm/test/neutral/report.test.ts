/** The neutrality report: what it says of each walker, and that it would say so if a form were not neutral. */
import { describe, expect, test } from 'vitest';
import type { NeutralCase } from '../../src/neutral/case.ts';
import { NEUTRAL_CASES } from '../../src/neutral/cases.ts';
import { neutralReport } from '../../src/neutral/report.ts';
import type { NeutralArch } from '../../src/neutral/space.ts';
import { isNeutral, neutralLine, neutralTable } from '../../src/neutral/table.ts';
import { runWalk } from '../../src/walkers/walk.ts';
import { archs } from '../support/spaces.ts';

const list: NeutralArch[] = archs.map(([name, arch, top]) => ({ name, arch, top }));
const rows = neutralReport(NEUTRAL_CASES, list);
const isDynamic = (arch: string): boolean => /^s390, (3|new)/.test(arch);

describe.each(NEUTRAL_CASES.map(({ walker }) => walker))('%s', (walker) => {
  test.each(rows.filter((row) => row.walker === walker).map((row) => [row.arch, row] as const))('%s', (arch, row) => {
    expect(isNeutral(row), neutralLine(row)).toBe(true);
    expect(row.forms.entryAware.law).toBe(true);
    expect(row.forms.static.reads).toBeGreaterThan(0);
    const more = row.forms.entryAware.reads - row.forms.static.reads;
    // s390 returns to the top at each border of the top table; everybody else reads as before. munlock reads on every
    // architecture: the end of a table is arithmetic by the level, and by the entry it must be looked at.
    if (isDynamic(arch) || walker === 'munlock') expect(more).toBeGreaterThan(0);
    else expect(more).toBe(0);
  });
});

test('the old form breaks the law where levels are folded per process, and nowhere else; what does not loop has none', () => {
  for (const walker of NEUTRAL_CASES.map((one) => one.walker)) {
    const broken = rows.filter((row) => row.walker === walker && !row.forms.static.law).map(({ arch }) => arch);
    expect([walker, broken]).toEqual([
      walker,
      walker === 'munlock' ? [] : list.map(({ name }) => name).filter(isDynamic),
    ]);
  }
});

test('a walker that is not neutral is found out', () => {
  let n = 0;
  const odd: NeutralCase = {
    walker: 'odd',
    space: 'mapped',
    run(space, options) {
      runWalk(space, space.range, options, {
        enter: ({ slot }) => (slot.level === 'pmd' && n++ % 2 ? 'skip' : 'descend'),
      });
      return options.form;
    },
  };
  const [row] = neutralReport([odd], list.slice(0, 1));
  expect(row && [row.sameResult, isNeutral(row)]).toEqual([false, false]);
  expect(row && neutralLine(row)).toContain('OTHER RESULT');
  expect(row && neutralTable([row], { all: () => true })).toContain('NOT THE SAME');
});
