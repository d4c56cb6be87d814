// A TypeScript consumer of what needs Node's types.
import * as bench from '@kernel-mm/bench';
import * as cli from '@kernel-mm/cli';
import * as testing from '@kernel-mm/pgtable-core/testing';

export const modules: object[] = [bench, cli, testing];
