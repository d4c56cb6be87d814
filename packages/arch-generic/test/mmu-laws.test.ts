/** Both readings of tables that Linux builds agree, for every architecture: the MMU's in user mode, and the kernel's. */
import { mmuLaws } from '@kernel-mm/pgtable-core/testing';
import { describe } from 'vitest';
import { ARCHITECTURES, riscv, riscvMmu, x86, x86Mmu } from '../src/index.ts';
import { keeps } from './support/keeps.ts';

const runs = process.env.KERNEL_MM_RUNS === 'full' ? 40 : 10;

describe.each(Object.entries(ARCHITECTURES))('%s', (_, make) => {
  const user: object = { user: true };
  keeps(mmuLaws(make(), user, { runs }));
});

// A parameter of the definition, and the machine's state of the same name.
describe('by parameters', () => {
  const thead = riscvMmu(riscv({ mode: 'sv39', thead: true }));
  keeps(mmuLaws(thead, { user: true, thead: true }, { runs }));
  const soft = riscvMmu(riscv({ mode: 'sv48', linux: '7.0', svrsw60t59b: true }));
  keeps(mmuLaws(soft, { user: true, svrsw60t59b: true }, { runs }));
  for (const encMask of [1n << 47n, 1n << 51n])
    keeps(mmuLaws(x86Mmu(x86({ paging: '4-level', encMask })), { user: true, nxe: true, encMask }, { runs }));
});
