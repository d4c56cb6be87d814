/** The neutrality report: what it says of each walker, and that it would say so if a form were not neutral. */
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Entry, pXdIs, readEntry, type Slot, slotOf, slotPlus, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import type { NeutralCase, NeutralSpace } from '../../src/neutral/case.ts';
import { NEUTRAL_CASES } from '../../src/neutral/cases.ts';
import { ioremapCase } from '../../src/neutral/ioremap.ts';
import { kasanCase } from '../../src/neutral/kasan.ts';
import { type NeutralRow, neutralReport } from '../../src/neutral/report.ts';
import { type NeutralArch, neutralSpace } from '../../src/neutral/space.ts';
import { isNeutral, neutralLine, neutralTable } from '../../src/neutral/table.ts';
import { mmPort, type WalkerOf } from '../../src/walkers/port.ts';
import { runWalk, type Visitor, type WalkerOptions } from '../../src/walkers/walk.ts';
import { archs } from '../support/spaces.ts';

const alone = { phase: () => undefined, beside: (walker: WalkerOf) => walker };
const list: NeutralArch[] = archs.map(([name, arch, top]) => ({ name, arch, top }));
const rows = neutralReport(NEUTRAL_CASES, list);
/** Whether levels are folded per process: with five, none is. */
const isDynamic = (arch: string): boolean => /^s390, (?!5)/.test(arch);

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

test('fork reads parent and child: what the entry-aware form costs, it costs twice', () => {
  const moreOf = (walker: string): number[] =>
    rows.filter((row) => row.walker === walker).map(({ forms }) => forms.entryAware.reads - forms.static.reads);
  expect(moreOf('copy_page_range')).toEqual(moreOf('mprotect').map((more) => 2 * more));
});

test('others are let run once more where a folded pud is come to once more, by zap with two levels', () => {
  const two = neutralReport(NEUTRAL_CASES, [{ name: 's390, 2 levels', arch: s390(), top: topOf(2) }]);
  const others = rows.filter(({ arch }) => arch !== 's390, 2 levels');
  const differ = [...others, ...two].filter(({ forms }) => forms.static.rescheds !== forms.entryAware.rescheds);
  expect(
    differ.map(({ walker, arch, forms }) => [walker, arch, forms.entryAware.rescheds - forms.static.rescheds]),
  ).toEqual(['free_pgtables', 'zap'].map((walker) => [walker, 's390, 2 levels', 1]));
  expect(two.filter((row) => !isNeutral(row))).toEqual([]);
});

test('there is room for large pages in the empty range: a large leaf, and the shared table of ptes', () => {
  for (const arch of list.filter(({ name }) => /^(x86-64|s390, [35] levels)$/.test(name))) {
    /** Runs a case: what it answered, and the pmd that the range begins with. */
    const pmdAfter = ({ run }: NeutralCase) => {
      const { mm, tables, range } = neutralSpace(arch, 'fresh');
      const answer = run({ ...{ mm, port: mmPort(mm, tables), range }, ...alone }, {});
      const slot = slotOf(mm, range.start, 'pmd') as Slot<'pmd'>;
      return { answer, entry: readEntry(mm, slot), mm };
    };
    const io = pmdAfter(ioremapCase);
    expect([arch.name, pXdIs(io.mm, 'leaf', 'pmd', io.entry!)]).toEqual([arch.name, true]);
    // Without its first page the first pmd is not removed: it holds the shared table, and stays.
    expect(pmdAfter(kasanCase).answer).toMatchObject({
      populated: { missed: [] },
      removed: { kept: [{}], warned: [] },
    });
  }
});

const [arch3] = list as [NeutralArch, ...NeutralArch[]];
type Run = NeutralCase['run'];
const lineOf = (run: Run): { row: NeutralRow; line: string } => {
  const row = neutralReport([{ walker: 'odd', space: 'mapped', run }], [arch3])[0]!;
  return { row, line: neutralLine(row) };
};
const all: Visitor = { enter: ({ slot }) => (slot.level === 'pmd' ? 'skip' : 'descend') };
const lastPage: Run = ({ mm, port, range }) => {
  const slot = slotOf(mm, vaddr(range.end - mm.arch.geometry.pte.size), 'pte')!;
  return port.readOnce(slot);
};
const aware = ({ form }: WalkerOptions): boolean => form === 'entryAware';

describe('a walker that is not neutral is found out', () => {
  test('other slots, in the first walk or a later one', () => {
    const first = lineOf((space, options) => void (aware(options) && lastPage(space, options)));
    const later = lineOf((space, options) => {
      lastPage(space, options);
      space.phase();
      if (aware(options)) lastPage(space, options);
    });
    for (const { row, line } of [first, later]) {
      expect([row.sameSlots, row.sameResult, isNeutral(row)]).toEqual([false, true, false]);
      expect(line).toContain('OTHER SLOTS, same result');
      expect(neutralTable([row], { all: () => true })).toContain('NOT THE SAME');
    }
  });

  test('another answer, other writes, other flushes, locks in another order', () => {
    const slotIn = ({ mm, range }: NeutralSpace): Slot<'pte'> => {
      const slot = slotOf(mm, range.start, 'pmd')!;
      return { ...slot, level: 'pte' };
    };
    const odd: Run[] = [
      (_, options) => options.form,
      (space, options) => void space.port.writeOnce(slotIn(space), (aware(options) ? 0n : 1n) as Entry<'pte'>),
      ({ port, range }, options) => void (aware(options) && port.flushTlb(range)),
      (space, options) => {
        const order = (['lock', 'unlock'] as const).map((name) => () => space.port[name](slotIn(space)));
        for (const call of aware(options) ? order : order.reverse()) call();
      },
      // The same of another space.
      (space, options) => void (aware(options) ? space : space.beside(space)).port.freePage(1),
    ];
    for (const { row, line } of odd.map(lineOf)) {
      expect([row.sameSlots, row.sameResult, isNeutral(row)]).toEqual([true, false, false]);
      expect(line).toContain('same slots, OTHER RESULT');
    }
  });

  test('entries read where no walk of the address reads them, in the walked space or beside it', () => {
    const wrong = lineOf((space, options) => {
      const { pmd } = space.mm.arch.geometry;
      runWalk(
        space,
        space.range,
        { ...options, onStep: (step) => options.onStep?.({ ...step, addr: vaddr(step.addr + pmd.size) }) },
        all,
      );
    });
    const beside = lineOf((space, options) => {
      const child = space.beside(space);
      const { slotBytes } = space.mm.arch.geometry.pmd;
      runWalk(space, space.range, options, {
        enter(step) {
          child.port.readOnce(slotPlus(step.slot, 1n, slotBytes));
          return 'stop';
        },
      });
    });
    for (const { row, line } of [wrong, beside]) {
      expect([row.forms.static.addressCorrect, row.forms.entryAware.addressCorrect, isNeutral(row)]).toEqual([
        false,
        false,
        false,
      ]);
      expect([row.sameSlots, row.sameResult]).toEqual([true, true]);
      expect(line).toContain('static: NOT CORRECT');
    }
  });
});
