/** The command line, checked: what each subcommand is asked for. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { type Neighbour, UsageError, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';

const NEIGHBOURS: readonly Neighbour[] = ['same', 'zero', 'poison', 'garbage'];

/** What the demo was asked for. */
export interface DemoArguments {
  readonly guest?: string;
  /** A range case to be walked instead of a guest. */
  readonly replay?: string;
  readonly fixtures: string;
  readonly arch: string;
  readonly levels?: readonly number[];
  readonly range?: readonly [Vaddr, Vaddr];
  readonly neighbour: Neighbour;
  readonly json: boolean;
  readonly help: boolean;
}

const text = { type: 'string' } as const;
const flag = { type: 'boolean', default: false } as const;

/**
 * Reads the words after `demo`.
 * @throws UsageError `argument` for what is not understood
 */
export function parseDemo(words: readonly string[]): DemoArguments {
  const { guest, replay, fixtures, arch, levels, range, neighbour, json, help } = parsed('demo', words, {
    ...{ guest: text, replay: text, levels: text, range: text, json: flag, help: flag },
    fixtures: { ...text, default: 'fixtures/guests' },
    arch: { ...text, default: 's390' },
    neighbour: { ...text, default: 'same' },
  }).values;
  if (!NEIGHBOURS.includes(neighbour as Neighbour))
    throw new UsageError('argument', '--neighbour', `one of ${NEIGHBOURS.join(', ')}`);
  return {
    ...(guest !== undefined && { guest }),
    ...(replay !== undefined && { replay }),
    ...(levels !== undefined && { levels: levels.split(',').map(levelCount) }),
    ...(range !== undefined && { range: rangeOf(range) }),
    ...{ fixtures, arch, json, help, neighbour: neighbour as Neighbour },
  };
}

/** What conformance was asked for. */
export interface ConformanceArguments {
  readonly files: readonly string[];
  readonly help: boolean;
}

/**
 * Reads the words after `conformance`.
 * @throws UsageError `argument` for what is not understood, or no file
 */
export function parseConformance(words: readonly string[]): ConformanceArguments {
  const { values, positionals: files } = parsed('conformance', words, { help: flag });
  if (files.length === 0 && !values.help) throw new UsageError('argument', 'FILE', 'at least one file');
  return { files, help: values.help };
}

/**
 * Reads the words after `neutral`.
 * @throws UsageError `argument` for what is not understood
 */
export const parseNeutral = (words: readonly string[]): { readonly table: boolean; readonly help: boolean } =>
  parsed('neutral', words, { table: flag, help: flag }).values;

function parsed<T extends NonNullable<ParseArgsConfig['options']>>(
  command: string,
  words: readonly string[],
  options: T,
) {
  try {
    return parseArgs({ args: [...words], options, allowPositionals: command === 'conformance' });
  } catch (error) {
    throw new UsageError('argument', command, `known options (${error instanceof Error ? error.message : error})`);
  }
}

function levelCount(word: string): number {
  if (!/^[2-5]$/.test(word)) throw new UsageError('argument', '--levels', 'numbers from 2 to 5, with commas');
  return Number(word);
}

function rangeOf(word: string): [Vaddr, Vaddr] {
  const match = /^(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}|0)$/i.exec(word);
  if (!match) throw new UsageError('argument', '--range', 'START-END, both in hex');
  return [vaddr(BigInt(match[1] ?? 0)), vaddr(BigInt(match[2] ?? 0))];
}
