import { archLaws } from '@kernel-mm/pgtable-core/testing';
import { describe } from 'vitest';
import { riscv } from '../src/index.ts';
import { keeps, runs } from './support/keeps.ts';

describe.each(['sv32', 'sv39', 'sv48', 'sv57'] as const)('%s', (mode) => {
  const arch = riscv({ mode });
  keeps(archLaws(arch, { runs }));
});

// Before and after each change of a helper.
describe.each(['5.9', '5.14', '5.17', '6.3', '6.4', '6.11', '6.15', '6.16', '6.17', '7.0'] as const)('v%s', (linux) => {
  for (const mode of ['sv32', 'sv39'] as const)
    describe(mode, () => keeps(archLaws(riscv({ mode, linux }), { runs: 5 })));
});

describe.each([
  ["T-Head's attributes", riscv({ mode: 'sv39', thead: true })],
  ['Svrsw60t59b', riscv({ mode: 'sv48', linux: '7.0', svrsw60t59b: true })],
])('%s', (_name, arch) => {
  keeps(archLaws(arch, { runs }));
});
