import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe } from 'vitest';
import { x86 } from '../src/index.ts';
import { keeps, runs } from './support/keeps.ts';

describe.each([
  ['32-bit', x86({ paging: '2-level' })],
  ['PAE', x86({ paging: 'pae' })],
  ['four levels, folded when built', x86({ paging: '4-level', fold: 'build' })],
  ['four levels, folded at boot', x86({ paging: '4-level' })],
  ['five levels', x86({ paging: '5-level' })],
  ['the C bit at 47', x86({ paging: '4-level', encMask: 1n << 47n })],
  ['the C bit at 51', x86({ paging: '5-level', encMask: 1n << 51n })],
])('%s', (_name, arch) => {
  keeps(archLaws(arch, { runs }));
});

// Before and after each change of a helper.
describe.each(['4.19', '6.0', '6.1', '6.5', '6.6', '6.11', '6.17'] as const)('v%s', (linux) => {
  for (const paging of ['pae', '5-level'] as const)
    describe(paging, () => keeps(archLaws(x86({ paging, linux }), { runs: 5 })));
});
