/** `kernel-mm neutral`: is an entry-aware pXd_addr_end neutral for all walkers? Asked of each on every architecture. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { isNeutral, NEUTRAL_CASES, type NeutralArch, neutralLine, neutralReport, neutralTable } from '@kernel-mm/mm';
import { answered, type Command, command } from '../command.ts';

const LEVELS = [2, 3, 4, 5] as const;

/** s390 with each number of levels, and everything else that there is. */
const ARCHS = (): NeutralArch[] => [
  ...LEVELS.map((levels) => ({ name: `s390, ${levels} levels`, arch: s390(), top: topOf(levels) })),
  ...Object.entries(ARCHITECTURES).map(([name, make]) => ({ name, arch: make().arch, top: 'pgd' as const })),
];

/** The neutrality report. */
export const neutralCommand: Command = command({
  words: 'neutral',
  says: 'run every walker in both forms of stepping, on every architecture',
  positionals: {},
  options: { table: { type: 'boolean', default: false, describe: 'the Markdown table of the guide' } },
  examples: [['neutral', 'a line for each walker and architecture']],
  ends:
    'Each line says whether both forms read the same slots and give the same result, the entry reads (static -> ' +
    'entry-aware), and both oracles. Exit status 0 only if all are neutral.',
  run({ table }) {
    const rows = neutralReport(NEUTRAL_CASES, ARCHS());
    const neutral = rows.filter(isNeutral).length;
    const out = table ? tableOf(rows) : `${rows.map(neutralLine).join('\n')}\n${neutral} of ${rows.length} are neutral`;
    return answered(out, neutral === rows.length);
  },
});

const tableOf = (rows: Parameters<typeof neutralTable>[0]): string =>
  neutralTable(rows, {
    ...Object.fromEntries(LEVELS.map((n) => [`s390, ${n} levels`, (arch: string) => arch === `s390, ${n} levels`])),
    'all others': (arch) => !arch.startsWith('s390'),
  });
