/** `kernel-mm arch`: the architectures that there are, and what a definition says. */
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
import { LIMITS, limitsOf } from '../read-file.ts';
import { MMU_IDS, mmuOf } from '../registry.ts';
import { ARCH, mmuAsked } from '../source.ts';
import { hex, json } from '../words.ts';

/** All definitions, or one. */
export const archCommand: Command = command({
  words: 'arch <what> [id]',
  says: 'list the architectures, or show one',
  positionals: {
    what: { type: 'string', choices: ['list', 'show'], demandOption: true, describe: 'all of them, or one' },
    id: { type: 'string', describe: 'which one to show', choices: MMU_IDS },
  },
  options: { definition: ARCH.definition, linux: ARCH.linux, ...LIMITS, ...JSON_FLAG },
  examples: [
    ['arch list', 'every id'],
    ['arch show s390', 'levels, folds and fields'],
    ['arch show riscv-sv39 --json', 'the definition, as --definition reads it'],
  ],
  ends: 'Exit status 0.',
  run(asked) {
    const { what, id, definition, linux, json: asJson } = asked;
    if (what === 'list' && (id ?? definition) !== undefined)
      throw new UsageError('argument', 'id', 'nothing behind arch list');
    if (what === 'list') return answered(asJson ? json(MMU_IDS.map(summary)) : table(MMU_IDS.map(summary)));
    if ((id === undefined) === (definition === undefined))
      throw new UsageError('argument', 'id', 'one of arch list, or --definition FILE');
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
