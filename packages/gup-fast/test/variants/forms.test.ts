/** Each variant says what it does as data: its functions are held to that form, on random visits. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import {
  type Arch,
  type Entry,
  LEVELS,
  type Level,
  type ReadOnce,
  type Stepper,
  stepperOf,
  type UpperLevel,
  vaddr,
} from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { VARIANTS } from '../../src/index.ts';
import { oneTable } from '../support/one-table.ts';

const spaces: (readonly [string, Arch, Level])[] = [
  ...Object.entries(ARCHITECTURES).map(([id, mmu]) => [id, mmu().arch, 'pgd'] as const),
  ...([2, 3, 4, 5] as const).map((levels) => [`s390, ${levels} levels`, s390(), topOf(levels)] as const),
];
const word = fc.bigInt({ min: 0n, max: 2n ** 64n - 1n });
const visits = fc.record({
  level: fc.constantFrom<UpperLevel>(...(LEVELS.slice(0, 4) as UpperLevel[])),
  ...{ space: fc.constantFrom('memory' as const, 'stack' as const), at: word, copyAt: word, raw: word },
  ...{ again: fc.option(word, { nil: undefined }), addr: word, end: word },
});
const numRuns = process.env.KERNEL_MM_RUNS === 'few' ? 10 : 40;

describe.each(Object.values(VARIANTS).map(({ stepper }) => [stepper.name, stepper] as const))('%s', (_, stepper) => {
  const { form } = stepper as Stepper & Required<Pick<Stepper, 'form'>>;
  const said = stepperOf(form, 'said');

  test('goes down, reads again and ends slots as its form says', () => {
    for (const [id, arch, top] of spaces) {
      const { mm } = oneTable(arch, top);
      fc.assert(
        fc.property(visits, ({ level, space, at, copyAt, raw, again, addr, end }) => {
          const entry = BigInt.asUintN(8 * arch.entryBytes, raw) as Entry<UpperLevel>;
          const slot = { level, space, addr: at };
          const visit = { slot, copy: { level, space: 'stack', addr: copyAt }, entry } as const;
          const down = ({ descend }: Stepper) => {
            const reads: unknown[] = [];
            const readOnce: ReadOnce = (one) => {
              reads.push(one);
              return again as never;
            };
            return { slot: descend(mm, visit, vaddr(addr), readOnce), reads };
          };
          expect(down(stepper), id).toEqual(down(said));
          const ends = [vaddr(addr), vaddr(end)] as const;
          expect(stepper.boundary(mm, level, entry, ...ends), id).toBe(said.boundary(mm, level, entry, ...ends));
        }),
        { numRuns, seed: 2_026 },
      );
    }
  });
});
