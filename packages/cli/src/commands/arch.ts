/** `kernel-mm arch`: the architectures that there are, what a definition says, and whether it keeps the laws. */
import {
  type Arch,
  archToJson,
  below,
  formatSize,
  isAlwaysFolded,
  isUpper,
  LEVELS,
  type Level,
  UsageError,
} from '@kernel-mm/pgtable-core';
import { answered, type Command, command } from '../command.ts';
import { JSON_FLAG } from '../common.ts';
import { lawOptionsOf, RUNS } from '../law-tools.ts';
import { LIMITS, limitsOf } from '../read-file.ts';
import { MMU_IDS, mmuOf } from '../registry.ts';
import { ARCH, mmuAsked } from '../source.ts';
import { hex, json } from '../words.ts';
import { checkArchs } from './arch-check.ts';

/** All definitions, one, or one of a user's own under the laws. */
export const archCommand: Command = command({
  words: 'arch <what> [id]',
  says: 'list the architectures, show one, or check one of your own',
  positionals: {
    what: { type: 'string', choices: ['list', 'show', 'check'], demandOption: true, describe: 'all, one, or the laws' },
    id: { type: 'string', describe: 'which one to show; or the FILE to check: .json, .js, .mjs or .ts' },
  },
  options: {
    definition: ARCH.definition,
    linux: ARCH.linux,
    mutants: { type: 'boolean', default: false, describe: 'count the wrong numbers that no law notices (minutes)' },
    ...RUNS,
    ...LIMITS,
    ...JSON_FLAG,
  },
  examples: [
    ['arch list', 'every id'],
    ['arch show s390', 'levels, folds and fields'],
    ['arch show riscv-sv39 --json', 'the definition, as --definition reads it'],
    ['arch check docs/examples/sv39.ts --runs 5', 'which laws hold, and what would make more apply'],
  ],
  ends:
    'arch check runs the laws of every architecture that FILE defines, and needs the package fast-check. Exit status 0; ' +
    'of arch check 1 if a law is broken, 2 if FILE cannot be read.',
  run(asked) {
    const { what, id, definition, linux, json: asJson } = asked;
    if (what === 'check') {
      if (id === undefined || (definition ?? linux) !== undefined)
        throw new UsageError('argument', 'id', 'a FILE behind arch check, and neither --definition nor --linux');
      const options = { ...lawOptionsOf(asked), mutants: asked.mutants };
      return () => checkArchs(id, limitsOf(asked), options, asJson);
    }
    if (asked.mutants || asked.runs !== undefined)
      throw new UsageError('argument', '--mutants, --runs', 'arch check before them');
    if (what === 'list' && (id ?? definition) !== undefined)
      throw new UsageError('argument', 'id', 'nothing behind arch list');
    if (what === 'list') return answered(asJson ? json(MMU_IDS.map(summary)) : table(MMU_IDS.map(summary)));
    if ((id === undefined) === (definition === undefined))
      throw new UsageError('argument', 'id', 'one of arch list, or --definition FILE');
    if (id !== undefined && !MMU_IDS.includes(id))
      throw new UsageError('argument', 'id', `one of ${MMU_IDS.join(', ')}, not ${id}`);
    const { arch } = mmuAsked({ arch: id, definition, linux } as Parameters<typeof mmuAsked>[0], limitsOf(asked));
    return answered(asJson ? archToJson(arch.spec, 2) : shown(arch));
  },
});

/** What tells architectures from each other. */
function summary(id: string) {
  const { arch } = mmuOf(id)!;
  const { spec, geometry } = arch;
  const folds = LEVELS.flatMap((level) => {
    const { fold } = spec.levels[level];
    return fold ? [`${level} ${fold.when}`] : [];
  });
  // Above a level that is always folded a leaf is that level's.
  const own = LEVELS.filter(
    (level) => spec.levels[level].leaf && !(isUpper(level) && isAlwaysFolded(arch, below(level))),
  );
  const real = LEVELS.filter((level) => !isAlwaysFolded(arch, level)).length;
  const least = real - LEVELS.filter((level) => spec.levels[level].fold?.when === 'process').length;
  const leaves = own.map((level) => formatSize(geometry[level].size));
  return {
    id,
    levels: { least, most: real },
    pages: leaves.reverse(),
    folds,
    entryBytes: spec.entryBytes ?? 8,
    byteOrder: spec.byteOrder,
  };
}

const table = (rows: readonly ReturnType<typeof summary>[]): string => {
  const width = Math.max(...rows.map(({ id }) => id.length));
  return rows
    .map(
      ({ id, levels: { least, most }, pages, folds }) =>
        `${id.padEnd(width)}  ${least === most ? '' : `${least} to `}${most} levels; ${pages.join(', ')}${folds.length ? `; ${folds.join(', ')} folded` : ''}`,
    )
    .join('\n');
};

function shown(arch: Arch): string {
  const { spec } = arch;
  const tops = Object.entries(spec.root.tops).map(([level, { limit }]) => `${level} (up to ${hex(limit)})`);
  return [
    `${arch.id}: pages of ${formatSize(1n << BigInt(spec.pageShift))}, entries of ${arch.entryBytes} bytes, ${spec.byteOrder}-endian`,
    `top table: ${tops.join(', ')}; addresses extend by ${spec.va.extend}`,
    ...LEVELS.flatMap((level) => ofLevel(arch, level)),
  ].join('\n');
}

function ofLevel({ spec, geometry }: Arch, level: Level): string[] {
  const { fold, table: down, leaf } = spec.levels[level];
  const { shift, bits, size } = geometry[level];
  const folded = fold
    ? `, folded: ${fold.when}, ${fold.style} style${fold.if === undefined ? '' : ', by its entries'}`
    : '';
  const fields = (of: typeof down): string =>
    Object.entries(of?.fields ?? {})
      .map(([name, { hi, lo }]) => `${name}[${hi === lo ? hi : `${hi}:${lo}`}]`)
      .join(' ');
  return [
    `${level}: shift ${shift}, ${bits} bits, one entry covers ${formatSize(size)}${folded}`,
    ...(down ? [`  table: ${fields(down)}`] : []),
    ...(leaf ? [`  page:  ${fields(leaf)}`] : []),
  ];
}
