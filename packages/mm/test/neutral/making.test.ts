/** The cases of remap, apply, vmap, ioremap and kasan for the neutrality report: the same answers and writes in both forms. */
import { describe, expect, test } from 'vitest';
import type { WalkerOf } from '../../src/index.ts';
import { applyCase, applyExistingCase } from '../../src/neutral/apply.ts';
import { ioremapCase } from '../../src/neutral/ioremap.ts';
import { kasanCase } from '../../src/neutral/kasan.ts';
import { remapCase } from '../../src/neutral/remap.ts';
import { vmapCase, vunmapCase } from '../../src/neutral/vmap.ts';
import { archs } from '../support/spaces.ts';
import { modelled, rangeOf, WISHES } from '../walkers/support/model.ts';
import { writesOf } from '../walkers/support/reach.ts';

const alone = { phase: () => undefined, beside: (walker: WalkerOf) => walker };
const cases = [remapCase, applyCase, applyExistingCase, vmapCase, vunmapCase, ioremapCase, kasanCase];

describe.each(cases.map((one) => [one.walker, one] as const))('%s', (_, { space, run }) => {
  test.each(archs)('%s', (_, arch, top) => {
    const told = (['static', 'entryAware'] as const).map((form) => {
      const m = modelled(arch, top, space === 'fresh' ? ['none'] : WISHES);
      const answer = run({ mm: m.mm, port: m.port, range: rangeOf(m, 2, 22), ...alone }, { form });
      return { answer, writes: writesOf(m) };
    });
    expect(told[0]).toEqual(told[1]);
    if (space === 'fresh') expect(told[0]?.writes.length).toBeGreaterThan(0);
  });
});
