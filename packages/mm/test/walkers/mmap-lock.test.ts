/** Who needs mmap_lock asks for it before anything is touched; the others do not. */
import { type Pfn, pXdIs, readEntry, type Slot, slotOf, vaddr } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import {
  changeProtection,
  collapseHugePmd,
  type MmapLock,
  walkPageRange,
  walkPageRangeNovma,
  walkPageVma,
  zapPageRange,
} from '../../src/index.ts';
import { mapped } from '../support/mapped.ts';
import { archs } from '../support/spaces.ts';
import { modelled, rangeOf } from './support/model.ts';

const [, arch, top] = archs[3]!;
const locking = expect.objectContaining({ code: 'locking', argument: 'mmapLock' });

function under(lock: MmapLock) {
  const m = modelled(arch, top, ['page']);
  Object.assign(m.port, { mmapLock: () => lock });
  return { m, range: rangeOf(m, 0, 4) };
}

test.each(['none', 'read', 'write'] as const)('a page walk, held: %s', (lock) => {
  const { m, range } = under(lock);
  const vma = { ...range, pfnmap: false, backing: undefined, huge: 'pmd' as const };
  for (const walk of [
    () => walkPageRange(m, range, [vma], {}),
    () => walkPageVma(m, vma, {}),
    () => walkPageRangeNovma(m, range, {}),
  ])
    if (lock === 'none') expect(walk).toThrow(locking);
    else expect(walk()).toEqual({ ret: 0 });
  if (lock === 'none') expect(m.port.reads).toEqual({});
});

test.each(['none', 'read', 'write'] as const)('collapse is only for who holds it for writing: %s', (lock) => {
  const { m, range } = under(lock);
  const slot = slotOf(m.mm, range.start, 'pmd') as Slot<'pmd'>;
  const entry = readEntry(m.mm, slot)!;
  const collapse = () => collapseHugePmd(m, { slot, entry }, range.start, { into: 0x200 as Pfn, isAlone: () => false });
  if (lock !== 'write') {
    expect(collapse).toThrow(locking);
    expect(m.port.writes).toEqual([]);
  } else expect(collapse()).toMatchObject({ kind: 'refused' });
  expect(pXdIs(m.mm, 'present', 'pmd', readEntry(m.mm, slot)!)).toBe(true);
});

test('who only changes entries does not look', () => {
  const { m, range } = under('none');
  expect(changeProtection(m, range, { read: true, write: false, exec: false, user: true }).changed).toBe(4);
  expect(zapPageRange(m, range, mapped(range)).failure).toBeUndefined();
  expect(range.start).toBe(vaddr(m.first * m.page));
});
