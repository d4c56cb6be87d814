/** Words and options that several commands have. */
import type { Options, PositionalOptions } from 'yargs';

/** One address or more. */
export const ADDRESSES = {
  addr: { type: 'string', array: true, demandOption: true, describe: 'virtual addresses, in hex or decimal' },
} as const satisfies Record<string, PositionalOptions>;

/** The answer for programs. */
export const JSON_FLAG = {
  json: { type: 'boolean', default: false, describe: 'for programs: 64-bit quantities as hex strings' },
} as const satisfies Record<string, Options>;

/** What the MMU is asked to do. */
export const ACCESS = {
  access: { type: 'string', choices: ['read', 'write', 'execute'], default: 'read', describe: 'what is to be done' },
} as const satisfies Record<string, Options>;

/** What lies beside a copy on the walker's stack. */
export const NEIGHBOUR = {
  neighbour: {
    type: 'string',
    choices: ['same', 'zero', 'poison', 'garbage'],
    default: 'same',
    describe: 'what lies beside a copy on the stack',
  },
} as const satisfies Record<string, Options>;
