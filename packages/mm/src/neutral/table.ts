/** The report as tables: what all architectures but s390 share is one column, s390 has one for each number of levels. */
import type { Form } from '../walkers/forms.ts';
import type { NeutralRow } from './report.ts';

/** One row in a line: `mprotect on s390, 3 levels: same, 41 -> 43 reads; static: correct, no law; entryAware: correct, law`. */
export function neutralLine({ walker, arch, sameSlots, sameResult, forms }: NeutralRow): string {
  const same =
    sameSlots && sameResult
      ? 'same'
      : `${sameSlots ? 'same slots' : 'OTHER SLOTS'}, ${sameResult ? 'same result' : 'OTHER RESULT'}`;
  const kept = (form: 'static' | 'entryAware'): string =>
    `${form}: ${forms[form].addressCorrect ? 'correct' : 'NOT CORRECT'}, ${forms[form].law ? 'law' : 'no law'}`;
  return `${walker} on ${arch}: ${same}, ${cost(forms)} reads; ${kept('static')}; ${kept('entryAware')}`;
}

const cost = ({ static: a, entryAware: b }: NeutralRow['forms']): string =>
  a.reads === b.reads ? `${a.reads}` : `${a.reads} -> ${b.reads}`;

/** Whether the answer to the question is yes for this row: the same, and right, whichever form is taken. */
export const isNeutral = ({ sameSlots, sameResult, forms }: NeutralRow): boolean =>
  sameSlots && sameResult && forms.static.addressCorrect && forms.entryAware.addressCorrect;

/** A Markdown table: a line for each walker, a column for each group of architectures. What differs in a group is a range. */
export function neutralTable(
  rows: readonly NeutralRow[],
  groups: Readonly<Record<string, (arch: string) => boolean>>,
): string {
  const walkers = [...new Set(rows.map(({ walker }) => walker))];
  const names = Object.keys(groups);
  const cell = (walker: string, name: string): string =>
    cellOf(rows.filter((row) => row.walker === walker && groups[name]?.(row.arch)));
  return [
    `| walker | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    ...walkers.map((walker) => `| \`${walker}\` | ${names.map((name) => cell(walker, name)).join(' | ')} |`),
  ].join('\n');
}

/** What one cell says: the reads that the entry-aware form has more, from fewest to most, and who keeps the law. */
function cellOf(rows: readonly NeutralRow[]): string {
  const more = rows.map(({ forms }) => forms.entryAware.reads - forms.static.reads);
  const [fewest, most] = [Math.min(...more), Math.max(...more)];
  const lawOf = (form: Form): string => (rows.every(({ forms }) => forms[form].law) ? 'law' : 'no law');
  const [before, after] = [lawOf('static'), lawOf('entryAware')];
  return [
    rows.every(isNeutral) ? 'same' : 'NOT THE SAME',
    fewest === most ? signed(fewest) : `${signed(fewest)} to ${signed(most)}`,
    before === after ? after : `${before} -> ${after}`,
  ].join(', ');
}

const signed = (n: number): string => (n < 0 ? `${n}` : `+${n}`);
