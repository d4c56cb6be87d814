/** Tables that an enemy has been at, for some of the architectures: shared by the files beside, which run side by side. */
import { hostileLaws } from '@kernel-mm/pgtable-core/testing';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../../src/index.ts';

/** Each run asks for 250 addresses, by both readings: 10^5 for each architecture where all is asked for. */
const runs = process.env.KERNEL_MM_RUNS === 'full' ? 400 : 4;
const seed = 20200907;

/** Tests of every architecture whose id matches, in user mode and as supervisor. */
export function hostile(ids: RegExp): void {
  const chosen = Object.keys(ARCHITECTURES).filter((id) => ids.test(id));
  test('there are such architectures', () => expect(chosen.length).toBeGreaterThan(0));
  describe.each(chosen)('%s', (id) => {
    const states = [{ user: true }, { user: false }] as object[];
    for (const law of hostileLaws(ARCHITECTURES[id]!(), states, { runs, seed }))
      test(`${law.name}, ${250 * runs} addresses, seed ${seed}: ${law.says}`, () => law.check(), 300_000);
  });
}
