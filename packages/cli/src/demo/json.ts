/** The demo for programs: the same findings, 64-bit quantities as hex strings. */
import type { DemoFindings } from './demo.ts';

/** The findings as JSON text; what only serves the text form is left out. */
export const demoJson = ({ guest, neighbour, processes }: DemoFindings): string =>
  JSON.stringify(
    {
      guest,
      neighbour,
      processes: processes.map(({ name, levels, topSize, ranges }) => ({ name, levels, topSize, ranges })),
    },
    (_key, value) => (typeof value === 'bigint' ? `0x${value.toString(16)}` : value),
    2,
  );
