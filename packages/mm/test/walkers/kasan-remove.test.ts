/** kasan's removal of early shadow against a rule for each page, in both forms; what is freed, and what never. */
import { type Entry, makeLeaf, paddr, type Slot, slotOf, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { Form } from '../../src/index.ts';
import { populateEarlyShadow } from '../../src/walkers/kasan.ts';
import { removeEarlyShadow } from '../../src/walkers/kasan-remove.ts';
import { everyArch } from '../support/spaces.ts';
import { writesOf } from './support/reach.ts';
import { at, borderOf, expectSound, samples, shadowed } from './support/shadowed.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 10 : 6;
const seed = 20200907;
const near = fc.integer({ min: -2, max: 2 });
const forms: Form[] = ['static', 'entryAware'];

describe.each(everyArch)('%s', (_, arch, top) => {
  test('remove: what is whole goes, with its tables; of a shared table no part does, or (v5.11) it is gone into', () => {
    fc.assert(
      fc.property(near, near, (a, b) => {
        const told = forms.map((form) => {
          const space = shadowed(arch, top);
          const { m, shadow, page, size } = space;
          const border = borderOf(space);
          const all = { start: vaddr(border - size - 2n * page), end: vaddr(border + size + 2n * page) };
          populateEarlyShadow(m, all, shadow, { form });
          const range = {
            start: vaddr(border - size + BigInt(a) * page),
            end: vaddr(border + size + BigInt(b) * page),
          };
          const kept = (addr: bigint): boolean => {
            const pmd = addr & -size;
            const shared = pmd >= all.start && pmd + size <= all.end;
            return shared && !(pmd >= range.start && pmd + size <= range.end);
          };
          const result = removeEarlyShadow(m, range, shadow, { form });
          for (const addr of samples(space, all)) {
            const stays = addr >= all.start && addr < all.end && !(addr >= range.start && addr < range.end);
            const there = stays || (addr >= range.start && addr < range.end && kept(addr));
            expect(at(m, addr)).toBe(there ? shadow.page : undefined);
          }
          expect(result.warned).toEqual([]);
          expect(result.kept.every(({ start, end }) => kept(start) && end - start < size)).toBe(true);
          expect(result.kept.length).toBe(Number(a > 0) + Number(b < 0));
          expectSound(m, shadow);
          removeEarlyShadow(m, all, shadow, { form });
          expect(m.port.counts).toEqual({ p4d: 0, pud: 0, pmd: 0, pte: 0 });
          expectSound(m, shadow);
          return writesOf(m);
        });
        expect(told[0]).toEqual(told[1]);
      }),
      { numRuns, seed },
    );
  });
});

const [, arch, top] = everyArch[3]!;

test('v5.11: a shared table of which a part is removed is gone into, for everybody; and it is never freed', () => {
  for (const form of forms) {
    const { m, shadow, page, size } = shadowed(arch, top);
    const start = vaddr(4n * size);
    populateEarlyShadow(m, { start, end: vaddr(start + 2n * size) }, shadow, { form });
    const part = { start: vaddr(start + page), end: vaddr(start + 2n * page) };
    expect(removeEarlyShadow(m, part, shadow, { form })).toMatchObject({ kept: [part] });
    expect(at(m, start + page)).toBe(shadow.page);
    expect(removeEarlyShadow(m, part, shadow, { form, intoShared: true })).toEqual({ warned: [], kept: [] });
    expect([start, start + size].map((addr) => [at(m, addr), at(m, addr + page)])).toEqual([
      [shadow.page, undefined],
      [shadow.page, undefined],
    ]);
    for (const [from, to] of [
      [0n, 1n],
      [2n, 512n],
    ] as const) {
      const rest = { start: vaddr(start + from * page), end: vaddr(start + to * page) };
      removeEarlyShadow(m, rest, shadow, { form, intoShared: true });
    }
    expect(m.port.freed.map(({ level }) => level)).not.toContain('pte');
    expectSound(m, shadow);
  }
});

test('what is not shadow is left, with a warning: another page, a large page', () => {
  const { m, shadow, page, size } = shadowed(arch, top);
  const start = vaddr(4n * size);
  populateEarlyShadow(m, { start, end: vaddr(start + size + 4n * page) }, shadow);
  const write = (addr: bigint, level: 'pte' | 'pmd', frame: bigint): void => {
    const leaf = makeLeaf(arch, level, paddr(frame), { read: true, write: true, exec: false, user: false });
    writeEntry(m.mm, slotOf(m.mm, vaddr(addr), level) as Slot, leaf as Entry);
  };
  write(start + size + page, 'pte', 7n * page);
  write(start, 'pmd', 8n * size);
  const result = removeEarlyShadow(m, { start, end: vaddr(start + 2n * size) }, shadow);
  expect(result).toEqual({ warned: [start, start + size + page], kept: [] });
  expect([at(m, start), at(m, start + size + page), at(m, start + size)]).toEqual([8n * size, 7n * page, undefined]);
  expect(m.port.freed).toEqual([]);
});

test('nothing to remove: an empty range, and one without tables', () => {
  const { m, shadow, size } = shadowed(arch, top);
  const start = vaddr(4n * size);
  expect(removeEarlyShadow(m, { start, end: start }, shadow)).toEqual({ warned: [], kept: [] });
  expect(removeEarlyShadow(m, { start, end: vaddr(start + size) }, shadow)).toEqual({ warned: [], kept: [] });
  expect(m.port.writes).toEqual([]);
});
