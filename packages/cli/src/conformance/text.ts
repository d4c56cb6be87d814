/** The findings as text: a block for each failure, a line for each file, the sum of all in the last. */
import type { Painter } from '../painter.ts';
import { oneLine } from '../visible.ts';
import type { FileReport } from './check-file.ts';
import type { Failure } from './findings.ts';

/** All reports; the last line is `N passed, N failed`. A file that cannot be used counts as one failure. */
export function conformanceText(reports: readonly FileReport[], paint: Painter): string {
  const { passed, failed, checked, deviations, unchecked } = totals(reports);
  return [
    ...reports.flatMap((report) => fileLines(report, paint)),
    ...(deviations.size > 0 ? [`against the manual, as their source does it: ${listed(deviations)}`] : []),
    ...(unchecked.size > 0 ? [`not checked: ${listed(unchecked)}`] : []),
    `checked: ${listed(checked) || 'nothing'}`,
    `${passed} passed, ${failed} failed`,
  ].join('\n');
}

/** Whether something ran, and nothing failed. */
export function allPassed(reports: readonly FileReport[]): boolean {
  const { passed, failed } = totals(reports);
  return passed > 0 && failed === 0;
}

const failuresOf = ({ findings, error }: FileReport): number =>
  findings.failures.length + (error === undefined ? 0 : 1);

const totals = (reports: readonly FileReport[]) => ({
  passed: reports.reduce((sum, { findings }) => sum + findings.passed, 0),
  failed: reports.reduce((sum, report) => sum + failuresOf(report), 0),
  checked: summed(reports.map(({ findings }) => findings.checked)),
  deviations: summed(reports.map(({ findings }) => findings.deviations)),
  unchecked: summed(reports.map(({ findings }) => findings.unchecked)),
});

function summed(maps: readonly ReadonlyMap<string, number>[]): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const [name, n] of maps.flatMap((map) => [...map])) sums.set(name, (sums.get(name) ?? 0) + n);
  return sums;
}

const listed = (counts: ReadonlyMap<string, number>): string =>
  [...counts].map(([name, n]) => `${n} ${name}`).join(', ');

function fileLines(report: FileReport, paint: Painter): string[] {
  const { findings, error } = report;
  const file = oneLine(report.file);
  const verdict = `${findings.passed} passed, ${failuresOf(report)} failed`;
  return [
    ...findings.failures.map((failure) => block(file, failure, paint)),
    ...(error === undefined ? [] : [`${paint('wrong', 'FAIL')} ${file}\n  ${oneLine(error)}\n`]),
    `${file}: ${verdict} (${listed(findings.checked) || 'nothing checked'})`,
  ];
}

const block = (file: string, { kind, name, expected, got, walk }: Failure, paint: Painter): string =>
  [
    `${paint('wrong', 'FAIL')} ${file}: ${kind}: ${name}`,
    `  expected  ${expected}`,
    `  got       ${got}`,
    ...(walk === undefined ? [] : walk.split('\n').map((line) => `    ${line}`)),
    '',
  ].join('\n');
