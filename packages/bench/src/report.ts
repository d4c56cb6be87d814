/** Measurements as Markdown: ratios first, since only they carry over from one machine to another. */
import type { Bundle } from './bundles.ts';
import { GROUPS, type Group, type Result } from './case.ts';
import type { MachineFacts } from './machine.ts';
import type { Size } from './sizes.ts';

/** All that a run found. */
export interface Report {
  readonly machine: MachineFacts;
  readonly results: readonly Result[];
  /** The same work again, all in one process, where call sites see several walkers. */
  readonly together: readonly Result[];
  readonly sizes: readonly Size[];
  readonly bundles: readonly Bundle[];
}

const TITLES: Readonly<Record<Group, string>> = {
  translate: 'Translation',
  pin: 'gup_fast: pinRange',
  forms: 'The forms across a boundary of the top table',
  sparse: 'Sparse images',
  writer: 'Tables that another thread writes',
};

const table = (head: readonly string[], rows: readonly (readonly string[])[]): string =>
  [head, head.map((_, n) => (n === 0 ? '---' : '---:')), ...rows].map((row) => `| ${row.join(' | ')} |`).join('\n');

const ratio = (value: number): string => `x${value.toFixed(2)}`;
const ns = (value: number): string => (value < 100 ? value.toFixed(2) : value.toFixed(0));

const resultRows = (results: readonly Result[]): string[][] =>
  results.flatMap(({ name, timings }) =>
    timings.map((t, n) => [
      ...[n === 0 ? name : '', t.name, n === 0 ? '1' : ratio(t.ratio), ns(t.ns), ns(t.quiet)],
      n === 0 ? '' : `${t.spread[0].toFixed(2)} … ${t.spread[1].toFixed(2)}`,
    ]),
  );

const HEAD = ['measurement', 'who', 'ratio', 'ns, median', 'ns, quiet', 'rounds'];

/** The whole report. */
export function markdown({ machine, results, together, sizes, bundles }: Report): string {
  const { cpu, cores, memoryGiB, node, v8, compiler, notes } = machine;
  const groups = GROUPS.flatMap((group) => {
    const own = results.filter((result) => result.group === group);
    return own.length ? [`## ${TITLES[group]}`, table(HEAD, resultRows(own))] : [];
  });
  return [
    '# Measurements',
    `${cpu}, ${cores} cores, ${memoryGiB} GiB; Node ${node}, V8 ${v8}; ${compiler}. Ratios are medians of the rounds' ratios to the first of each group of rows, taken in turns in one process.`,
    ...notes.map((note) => `Note: ${note}.`),
    ...groups,
    ...(together.length ? ['## All in one process', table(HEAD, resultRows(together))] : []),
    ...(sizes.length
      ? [
          '## Bytes of code',
          table(
            [
              'architecture',
              'stackCopy',
              'entryAware',
              'offsetLockless',
              'offsetLocklessStrict',
              'entry-aware adds',
              'largest operation',
              'compile, ms',
            ],
            sizes.map(({ arch, bytes, operations, entryAware, compileMs }) => [
              ...[arch, bytes.stackCopy, bytes.entryAware, bytes.offsetLockless, bytes.offsetLocklessStrict].map(
                String,
              ),
              ...[`${entryAware >= 0 ? '+' : ''}${entryAware}`, String(Math.max(...Object.values(operations)))],
              compileMs.toFixed(1),
            ]),
          ),
        ]
      : []),
    ...(bundles.length
      ? [
          '## Bundles',
          table(
            ['package, with what it needs', 'minified', 'gzipped'],
            bundles.map(({ name, bytes, gzipped }) => [name, String(bytes), String(gzipped)]),
          ),
        ]
      : []),
    '',
  ].join('\n\n');
}
