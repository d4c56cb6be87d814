/** Levels fixed by the root register: one address and many say the same of tables that an enemy has been at. */
import { s390 } from '@kernel-mm/arch-s390';
import { type Mm, NO_PADDR, type Vaddr } from '@kernel-mm/pgtable-core';
import { arbitrarySpace } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { dynamic, toy } from '../../../docs/examples/toy.ts';
import { compile } from '../src/index.ts';
import { diceOf } from './support/dice.ts';
import { attack } from './support/hostile.ts';
import { placed } from './support/placed.ts';

const spaces = process.env.KERNEL_MM_RUNS === 'full' ? 2000 : 50;

test.each([
  ['s390', s390()],
  ['s390, new layout', s390({ layout: 'present' })],
  ['toy, folded per process', dynamic],
  ['toy', toy],
] as const)('%s', (_, arch) => {
  const engines = new Map<string, ReturnType<typeof compile>>();
  let [found, missed] = [0, 0];
  for (const [n, space] of fc.sample(arbitrarySpace(arch), { seed: 7, numRuns: spaces }).entries()) {
    const dice = diceOf(n);
    const { memory } = placed(new Uint8Array(space.mm.memory.bytes as ArrayBuffer), 'flat', false);
    const mm: Mm = { ...space.mm, memory };
    attack(mm, space, dice);
    const engine = engines.get(space.top) ?? compile(arch, { top: space.top });
    engines.set(space.top, engine);
    const walker = engine.walker(mm);
    const addrs = space.mappings.flatMap(({ addr, size }) => [addr, addr + 4096n, addr + size - 1n, addr + size]);
    const many = BigUint64Array.from(addrs);
    walker.translateMany(many, many);
    for (const [k, addr] of addrs.entries()) {
      const end = walker.lookup(BigInt.asUintN(64, addr) as Vaddr);
      const expected = end.kind === 'leaf' ? end.paddr : NO_PADDR;
      expect(many[k]).toBe(expected);
      expect(walker.translate(BigInt.asUintN(64, addr) as Vaddr) ?? NO_PADDR).toBe(expected);
      if (end.kind === 'leaf') found++;
      else missed++;
    }
  }
  expect(Math.min(found, missed)).toBeGreaterThan(spaces / 10);
});
