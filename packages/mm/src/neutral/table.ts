/** The report as tables: what all architectures but s390 share is one column, s390 has one for each number of levels. */
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

/** A Markdown table: a line for each walker, a column for each group of architectures. A group's rows must agree. */
export function neutralTable(
  rows: readonly NeutralRow[],
  groups: Readonly<Record<string, (arch: string) => boolean>>,
): string {
  const walkers = [...new Set(rows.map(({ walker }) => walker))];
  const names = Object.keys(groups);
  const cell = (walker: string, name: string): string => {
    const of = rows.filter((row) => row.walker === walker && groups[name]?.(row.arch));
    const told = [...new Set(of.map(cellOf))];
    return told.join('; ');
  };
  return [
    `| walker | ${names.join(' | ')} |`,
    `| --- |${' --- |'.repeat(names.length)}`,
    ...walkers.map((walker) => `| \`${walker}\` | ${names.map((name) => cell(walker, name)).join(' | ')} |`),
  ].join('\n');
}

/** What one cell says: the reads that the entry-aware form has more, and what the static form breaks. */
function cellOf(row: NeutralRow): string {
  const more = row.forms.entryAware.reads - row.forms.static.reads;
  const law = [row.forms.static.law ? 'law' : 'no law', row.forms.entryAware.law ? 'law' : 'no law'];
  return `${isNeutral(row) ? 'same' : 'NOT THE SAME'}, ${more < 0 ? more : `+${more}`}, ${law[0] === law[1] ? law[0] : law.join(' -> ')}`;
}
