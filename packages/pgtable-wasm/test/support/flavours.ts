/** The ways in which an architecture is compiled under test: every form, load, count, neighbour and place of memory. */
import { VARIANTS } from '@kernel-mm/gup-fast';
import type { Arch, Neighbour, Stepper } from '@kernel-mm/pgtable-core';
import { type Compiled, compile } from '../../src/index.ts';
import type { Lie } from './placed.ts';

/** One of them. */
export interface Flavour {
  readonly stepper: Stepper;
  readonly neighbour: Neighbour;
  readonly loads: 'plain' | 'atomic';
  readonly counts: 'plain' | 'cas';
  readonly lie: Lie;
  readonly shared: boolean;
  readonly engine: Compiled;
  /** The physical addresses that were read since it was emptied. */
  readonly reads: bigint[];
}

const NEIGHBOURS: readonly Neighbour[] = ['same', 'garbage', 'zero', 'poison'];
const LIES: readonly Lie[] = ['flat', 'frames', 'part', 'flat'];

const FORMS = Object.values(VARIANTS).map(({ stepper }) => stepper);

/** Twice every stepper; between the two everything else differs. */
export function flavoursOf(arch: Arch, steppers: readonly Stepper[] = FORMS): Flavour[] {
  return steppers.flatMap((stepper, n) =>
    (['plain', 'atomic'] as const).map((loads, k): Flavour => {
      const reads: bigint[] = [];
      const neighbour = NEIGHBOURS[(n + 2 * k) % 4] ?? 'same';
      const counts = (n + k) % 2 ? 'cas' : 'plain';
      const onRead = (at: bigint): void => void reads.push(at);
      const { form } = stepper;
      if (!form) throw new Error(`${stepper.name} has no form`);
      const engine = compile(arch, { loads, counts, form, neighbour, onRead });
      return {
        ...{ stepper, neighbour, loads, counts, engine, reads },
        ...{ lie: LIES[(n + k) % 4] ?? 'flat', shared: (n + k) % 3 === 0 },
      };
    }),
  );
}
