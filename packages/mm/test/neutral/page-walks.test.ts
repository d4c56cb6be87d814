/** The cases of the page walk and of those beside it say the same in both forms, on every architecture, and say something. */
import { describe, expect, test } from 'vitest';
import type { Form, WalkerOf } from '../../src/index.ts';
import { madviseCase } from '../../src/neutral/madvise.ts';
import { mlockCase } from '../../src/neutral/mlock.ts';
import { pagewalkCase } from '../../src/neutral/pagewalk.ts';
import { swapoffCase } from '../../src/neutral/swapoff.ts';
import { archs } from '../support/spaces.ts';
import { modelled, rangeOf, type Wish } from '../walkers/support/model.ts';

const alone = { phase: () => undefined, beside: (walker: WalkerOf) => walker };
const WISHES: Wish[] = ['page', 'swap', 'none', 'page', 'readonly', 'special', 'huge'];

describe.each([pagewalkCase, madviseCase, mlockCase, swapoffCase])('$walker', ({ run }) => {
  test.each(archs)('%s', (_, arch, top) => {
    const answer = (form: Form, wishes: Wish[]) => {
      const m = modelled(arch, top, wishes);
      const told = run({ mm: m.mm, port: m.port, range: rangeOf(m, 0, m.pages), ...alone }, { form });
      expect(told).not.toHaveProperty('failure');
      expect([m.port.wrong, m.port.held.size]).toEqual([[], 0]);
      return { told, writes: m.port.writes };
    };
    const told = answer('static', WISHES);
    expect(answer('entryAware', WISHES)).toEqual(told);
    expect(answer('static', ['none'])).not.toEqual(told);
  });
});
