/** A bad entry that is cleared is in the answer of every walker that clears it; a hole beside it is not. */
import { x86 } from '@kernel-mm/arch-generic';
import { type Entry, pXdIs, readEntry, slotOf, vaddr, writeEntry } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import {
  applyToExistingPageRange,
  changeProtection,
  copyPageRange,
  freePgtables,
  Gather,
  madviseCold,
  madviseFree,
  mmPort,
  unmapPageRange,
  unuseVma,
  vunmap,
  type WalkerOf,
  walkPageRange,
  walkPageVma,
  zapPageRange,
} from '../../src/index.ts';
import { at, space } from '../support/spaces.ts';

const arch = x86({ paging: '4-level' });
const PMD = arch.geometry.pmd.size;
const BAD_AT = at(4n * PMD);
/** Present, but neither a leaf nor with the bits of a table. */
const BAD = 0x20_0001n as Entry<'pmd'>;
const READ = { read: true, write: false, exec: false, user: true };

/** Two pages in one pmd, a bad pmd, a hole. */
function broken() {
  const s = space(arch);
  const vma = s.mmap({ addr: at(3n * PMD), size: 4n * PMD, write: true });
  s.touch(vma.start, 0x2000n, true);
  s.touch(BAD_AT, 1n);
  const slot = slotOf(s.mm, BAD_AT, 'pmd')!;
  writeEntry(s.mm, slot, BAD as Entry);
  return { s, vma, slot, walker: { mm: s.mm, port: mmPort(s.mm, s.tables) } };
}
type Broken = ReturnType<typeof broken>;
const pages = { page: () => undefined, split: () => false, advise: () => undefined, freeSwap: () => undefined };
const device = {
  ...{ type: 1n, readIn: () => undefined, inUse: () => false },
  ...{ get: () => undefined, free: () => undefined },
};
const child = (): WalkerOf => {
  const { mm, tables } = space(arch);
  return { mm, port: mmPort(mm, tables) };
};
const bounds = { floor: vaddr(0n), ceiling: vaddr(0n) };

const walks: Readonly<Record<string, (of: Broken) => { readonly lost?: unknown }>> = {
  applyToExistingPageRange: ({ walker, vma }) => applyToExistingPageRange(walker, vma, () => 0),
  changeProtection: ({ walker, vma }) => changeProtection(walker, vma, READ),
  copyPageRange: ({ walker, vma }) =>
    copyPageRange(walker, child(), vma, { shared: false, mayWrite: true, hasAnonVma: true, anonymous: true }),
  freePgtables: ({ walker, vma }) => freePgtables(walker, [vma], bounds, new Gather(walker)),
  madviseCold: ({ walker, vma }) => madviseCold(walker, vma, vma, 'cold', { pages }),
  madviseFree: ({ walker, vma }) => madviseFree(walker, vma, vma, { pages }),
  munmap: ({ s, vma }) => s.munmap(vma),
  unmapPageRange: ({ walker, vma }) => unmapPageRange(walker, vma, vma, new Gather(walker)),
  unuseVma: ({ walker, vma }) => unuseVma(walker, vma, device),
  vunmap: ({ walker, vma }) => vunmap(walker, vma),
  walkPageRange: ({ walker, vma }) => walkPageRange(walker, vma, [vma], { pteEntry: () => 0 }),
  walkPageVma: ({ walker, vma }) => walkPageVma(walker, vma, { pteEntry: () => 0 }),
  zapPageRange: ({ walker, vma }) => zapPageRange(walker, vma, vma),
};

test.each(Object.entries(walks))('%s', (_, walk) => {
  const of = broken();
  expect(pXdIs(of.s.mm, 'bad', 'pmd', BAD)).toBe(true);
  expect(walk(of).lost).toEqual([{ slot: of.slot, entry: BAD, addr: BAD_AT }]);
  expect(readEntry(of.s.mm, of.slot)).toBe(0n);
  const whole = broken();
  writeEntry(whole.s.mm, whole.slot, 0n as Entry);
  expect(walk(whole)).not.toHaveProperty('lost');
});
