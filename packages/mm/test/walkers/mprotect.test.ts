/** change_protection against a plain map from page to state, in both forms. */
import { type Prot, vaddr } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { changeProtection } from '../../src/walkers/mprotect.ts';
import { everyArch } from '../support/spaces.ts';
import {
  arbitraryRegion,
  grown,
  type Modelled,
  modelInRegion,
  modelled,
  rangeOf,
  tablesAsModel,
} from './support/model.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 20 : 15;
const seed = 20200907;
const how = fc.record({ write: fc.boolean(), low: fc.boolean(), high: fc.boolean() });
const forms: Form[] = ['static', 'entryAware'];
const READ: Prot = { read: true, write: false, exec: false, user: true };
const WRITE: Prot = { ...READ, write: true };

/** What must be: in the model, and how many entries count. */
function protectModel(m: Modelled, start: bigint, end: bigint, write: boolean): number {
  let changed = 0;
  const huge = new Set<bigint>();
  const span = m.arch.geometry.pmd.size / m.page;
  for (const [n, state] of m.model) {
    const inside = n * m.page >= start && n * m.page < end;
    if (state.kind === 'huge') {
      const first = n - (n % span);
      const whole = first * m.page >= start && (first + span) * m.page <= end;
      const touched = (first + span) * m.page > start && first * m.page < end;
      if (touched && !whole) m.model.set(n, { ...state, kind: 'page', level: 'pte', ...(inside && { write }) });
      else if (inside) m.model.set(n, { ...state, write });
      if (inside && (!whole || !huge.has(first))) changed += whole ? Number(span) : 1;
      huge.add(first);
    } else if (inside && state.kind !== 'swap') {
      m.model.set(n, { ...state, write });
      changed++;
    }
  }
  return changed;
}

describe.each(everyArch)('%s', (_, arch, top) => {
  test('the model and the tables agree, counts and flushes are exact, no lock is left', () => {
    fc.assert(
      fc.property(arbitraryRegion, how, ({ wishes, from, to }, { write, low, high }) => {
        const told = forms.map((form) => {
          const m = modelled(arch, top, wishes);
          const range = grown(m, rangeOf(m, from, to), low, high);
          const expected = protectModel(m, range.start, range.end, write);
          const { changed, failure } = changeProtection(m, range, write ? WRITE : READ, { form });
          expect({ changed, failure }).toEqual({ changed: expected, failure: undefined });
          expect(tablesAsModel(m)).toEqual(modelInRegion(m));
          expect(m.port.cacheFlushes).toEqual([range]);
          expect(m.port.tlbFlushes.filter(({ start, end }) => start === range.start && end === range.end).length).toBe(
            changed > 0 ? 1 : 0,
          );
          expect([m.port.wrong, [...m.port.held]]).toEqual([[], []]);
          return m.port.writes.map(({ slot, entry }) => `${slot.level} ${slot.addr} ${entry}`);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });
});

test('nothing that counts: the hardware is not told', () => {
  const [, arch, top] = everyArch[0]!;
  const m = modelled(arch, top, ['none']);
  expect(changeProtection(m, { start: vaddr(0n), end: vaddr(8n * m.page) }, READ)).toEqual({ changed: 0 });
  expect([m.port.cacheFlushes.length, m.port.tlbFlushes.length]).toEqual([1, 0]);
});
