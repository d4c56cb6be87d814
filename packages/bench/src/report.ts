/** The measurements as a table for people. */
import type { Case } from './cases.ts';
import type { Measurement } from './measure.ts';

/** One case's table: ratios first, since only they carry over from one machine to another. */
export function table({ name, pages }: Case, rows: readonly Measurement[]): string {
  const lines = rows.map(({ variant, reads, nsPerPage, ratio, spread }) =>
    [
      variant.padEnd(20),
      `x${ratio.toFixed(2)}`.padStart(8),
      `${nsPerPage.toFixed(0)} ns`.padStart(10),
      `${spread[0].toFixed(2)} … ${spread[1].toFixed(2)}`.padStart(12),
      String(reads).padStart(8),
    ].join('  '),
  );
  const head = [
    'variant'.padEnd(20),
    'ratio'.padStart(8),
    'a page'.padStart(10),
    'rounds'.padStart(12),
    'reads'.padStart(8),
  ];
  return [`${name}: ${pages} pages across a boundary of the top table`, head.join('  '), ...lines].join('\n');
}
