/** The command line of `kernel-mm demo`, checked. */
import { parseArgs } from 'node:util';
import { type Neighbour, UsageError, type Vaddr, vaddr } from '@kernel-mm/pgtable-core';

export const HELP = `kernel-mm demo: Linux's 2020 gup_fast bug, on memory of a real guest

  kernel-mm demo [--guest FILE.json.gz | --fixtures DIR [--arch NAME]] [options]

  --guest FILE        a guest's .json.gz, its .mem.gz beside it
  --fixtures DIR      a folder of guests (default: fixtures/guests)
  --arch NAME         the first guest there whose name begins so (default: s390)
  --levels N,N        only processes with so many levels
  --range START-END   walk this range instead (hex, page aligned; END 0 is 2^64)
  --neighbour KIND    what lies beside the copy on the stack: same, zero, poison, garbage
  --json              the findings for programs
  --help              this text
`;

const NEIGHBOURS: readonly Neighbour[] = ['same', 'zero', 'poison', 'garbage'];

/** What the demo was asked for. */
export interface DemoArguments {
  readonly guest?: string;
  readonly fixtures: string;
  readonly arch: string;
  readonly levels?: readonly number[];
  readonly range?: readonly [Vaddr, Vaddr];
  readonly neighbour: Neighbour;
  readonly json: boolean;
  readonly help: boolean;
}

/**
 * Reads the words after `demo`.
 * @throws UsageError `argument` for what is not understood
 */
export function parseDemo(words: readonly string[]): DemoArguments {
  const { guest, fixtures, arch, levels, range, neighbour, json, help } = values(words);
  if (!NEIGHBOURS.includes(neighbour as Neighbour))
    throw new UsageError('argument', '--neighbour', `one of ${NEIGHBOURS.join(', ')}`);
  return {
    ...(guest !== undefined && { guest }),
    ...(levels !== undefined && { levels: levels.split(',').map(levelCount) }),
    ...(range !== undefined && { range: rangeOf(range) }),
    ...{ fixtures, arch, json, help, neighbour: neighbour as Neighbour },
  };
}

const values = (words: readonly string[]) => {
  try {
    const text = { type: 'string' } as const;
    return parseArgs({
      args: [...words],
      options: {
        ...{ guest: text, levels: text, range: text },
        fixtures: { type: 'string', default: 'fixtures/guests' },
        arch: { type: 'string', default: 's390' },
        neighbour: { type: 'string', default: 'same' },
        json: { type: 'boolean', default: false },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError('argument', 'demo', `known options (${error instanceof Error ? error.message : error})`);
  }
};

function levelCount(word: string): number {
  if (!/^[2-5]$/.test(word)) throw new UsageError('argument', '--levels', 'numbers from 2 to 5, with commas');
  return Number(word);
}

function rangeOf(word: string): [Vaddr, Vaddr] {
  const match = /^(0x[0-9a-f]{1,16})-(0x[0-9a-f]{1,16}|0)$/i.exec(word);
  if (!match) throw new UsageError('argument', '--range', 'START-END, both in hex');
  return [vaddr(BigInt(match[1] ?? 0)), vaddr(BigInt(match[2] ?? 0))];
}
