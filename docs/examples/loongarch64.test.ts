/** LoongArch64, written as an outsider would: against the public packages only, with laws and vectors beside it. */
import { readFileSync } from 'node:fs';
import { machine, translate, vaddr, walk } from '@kernel-mm/pgtable-core';
import { archLaws, hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';
import { describe, expect, test } from 'vitest';
import { loongarch64 } from './loongarch64.ts';
import { loongarch64Mmu } from './loongarch64-mmu.ts';
import { spaceWith } from './space.ts';

const arch = loongarch64({ pmd: 0x9000_0000_0180_0000n, pte: 0x9000_0000_0180_4000n });
const mmu = loongarch64Mmu(arch);
const read = (name: string): string => readFileSync(new URL(name, import.meta.url), 'utf8');

describe('laws', () => {
  for (const law of archLaws(arch, { runs: 30 }))
    test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());
  for (const law of hostileLaws(mmu, [{}, { user: true }], { runs: 4 }))
    test(`${law.name}: ${law.says}`, () => law.check());
});

describe('vectors', () => {
  const outcomes = checkWalkVectors(JSON.parse(read('loongarch64.vectors.json')), () => mmu);
  test('there are some', () => expect(outcomes.length).toBeGreaterThanOrEqual(18));
  test.each(outcomes)('$name', (outcome) => expect(outcome).toMatchObject({ kind: 'ran', differences: [] }));
});

test('both readings lead to the same byte', () => {
  const mm = spaceWith(arch, 'pgd', [0x7fff_f000_0000n]);
  const addr = vaddr(0x7fff_f000_4123n);
  const kernel = walk(mm, addr).result;
  const hardware = translate(machine(mmu, { user: true }), mm.memory, { root: mm.root!, addr, access: 'write' });
  expect(kernel).toMatchObject({ kind: 'leaf', level: 'pte', size: 0x4000n });
  expect(hardware).toMatchObject({ kind: 'address', paddr: kernel.kind === 'leaf' && kernel.paddr, updates: [] });
});

test('an empty slot is not zero: it is the address of the invalid table', () => {
  const mm = spaceWith(arch, 'pgd', []);
  expect(walk(mm, vaddr(0n)).steps).toMatchObject([
    { level: 'pgd', role: 'folded', entry: 0x9000_0000_0180_0000n },
    { level: 'p4d', role: 'folded' },
    { level: 'pud', role: 'none' },
  ]);
});

test('the definition takes no more than 60 lines', () =>
  expect(read('loongarch64.ts').trimEnd().split('\n').length).toBeLessThanOrEqual(60));
