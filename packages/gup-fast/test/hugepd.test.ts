/** Huge-page directories of powerpc: pages of 16 MiB and 16 GiB, followed up to v6.10. */
import { powerpcHash } from '@kernel-mm/arch-generic';
import { leafAddress, type Pfn, walk } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { ERAS, type Gup, getUserPagesFastOnly, pinUserPagesFastOnly } from '../src/index.ts';
import { anonPage, type FakeOptions, fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const M16 = 1n << 24n;
const G16 = 1n << 34n;
const PRESENT = 1n << 63n;
// PRESENT, PTE, ACCESSED, READ, WRITE; DIRTY with WRITE.
const PTE = PRESENT | (1n << 62n) | 0x100n | 0x6n | 0x80n;
const era = ERAS['v5.9'];

/** A directory of 16 MiB pages in a pud: its table lies at 0x1f_0000, and maps what `ptes` says. */
function space(ptes: readonly bigint[], level: 'pud' | 'pgd' = 'pud', size = 10n << 2n) {
  const table = oneTable(powerpcHash());
  const TABLE = 0x1f_0000n;
  table.raw(0n, level, PRESENT | TABLE | size);
  for (const [n, pte] of ptes.entries()) table.mm.memory.write((TABLE + 8n * BigInt(n)) as never, 8, 'big', pte);
  return table.mm;
}
const folio = { page: (pfn: Pfn) => anonPage(pfn, { order: 12, head: (pfn - (pfn % 4096)) as Pfn, hugetlb: true }) };
const get = (mm: Gup['mm'], addr: bigint, pages: number, options: FakeOptions = folio, flags = {}) => {
  const port = fakePort(mm, options);
  return { port, ...getUserPagesFastOnly({ mm, port, era, ...flags }, at(addr), pages) };
};

describe('16 MiB in a pud', () => {
  const mm = space([PTE | (5n * M16), PTE | (9n * M16)]);

  test('the pages of one huge pte are one grab, and the next begins where it ends', () => {
    const { port, ...result } = get(mm, M16 - 0x2000n, 4);
    const [a, b] = [Number((5n * M16) >> 12n), Number((9n * M16) >> 12n)];
    expect(result).toEqual({ ret: 4, frames: [a + 4094, a + 4095, b, b + 1], fast: 4, strays: [] });
    expect([...port.held]).toEqual([
      [a, { refs: 2, pins: 0 }],
      [b, { refs: 2, pins: 0 }],
    ]);
  });

  test('a right that is missing, an absent pte and one that changes stop it', () => {
    const some = space([PTE | (5n * M16), (PTE & ~0x2n) | (9n * M16), 0n]);
    const write = pinUserPagesFastOnly({ mm: some, port: fakePort(some, folio), era }, at(M16 - 0x1000n), 2, ['WRITE']);
    expect(write).toMatchObject({ ret: 1, stop: { kind: 'refused', rule: 'access', level: 'pte', addr: M16 } });
    expect(get(some, 2n * M16 - 0x1000n, 2)).toMatchObject({ ret: 1, stop: { kind: 'not-present', addr: 2n * M16 } });
    const reread: NonNullable<FakeOptions['reread']> = (slot, n, entry) =>
      slot.level === 'pte' && n === 2 ? entry! ^ 0x100n : entry;
    const changed = get(mm, 0n, 3, { ...folio, reread });
    expect(changed).toMatchObject({ ret: 0, stop: { rule: 'changed' } });
    expect([...changed.port.held]).toEqual([]);
  });

  test('a directory that refuses ends the walk, whatever comes behind it', () => {
    const one = oneTable(powerpcHash());
    one.raw(0n, 'pud', PRESENT | 0x1f_0000n | (10n << 2n));
    one.leaf(1n << 28n, 'pte', 0x5000n);
    const end = (1n << 28n) / 0x1000n + 1n;
    const port = fakePort(one.mm, folio);
    const gup = { mm: one.mm, port, era };
    expect(getUserPagesFastOnly(gup, at(0n), Number(end))).toMatchObject({ ret: 0, stop: { kind: 'not-present' } });
    expect(getUserPagesFastOnly(gup, at(1n << 28n), 1).ret).toBe(1);
  });

  test('neither protnone nor special is asked for', () => {
    const special = space([PTE | 0x400n | (5n * M16)]);
    expect(get(special, 0n, 1, folio, { numaBalancing: true }).ret).toBe(1);
  });

  test('a table outside memory is an answer', () => {
    const lost = oneTable(powerpcHash());
    lost.raw(0n, 'pud', PRESENT | (1n << 40n) | (10n << 2n));
    expect(get(lost.mm, 0n, 1).stop).toMatchObject({ kind: 'outside-memory', level: 'pte', slot: { addr: 1n << 40n } });
  });

  test('later kernels know no such thing, and take the entry for a table that is bad', () => {
    const port = fakePort(mm, folio);
    expect(getUserPagesFastOnly({ mm, port, era: ERAS['v6.14'] }, at(0n), 1).ret).toBe(0);
    expect(walk(mm, at(0n)).result).toMatchObject({ kind: 'bad', level: 'pud' });
  });
});

test('16 GiB in a pgd: the range is cut to the directory’s slot, and to each page', () => {
  const mm = space([PTE | G16, PTE | (3n * G16)], 'pgd', 14n << 2n);
  const { frames, stop } = get(mm, G16 - 0x1000n, 2, { page: (pfn) => anonPage(pfn) });
  expect(stop).toBeUndefined();
  expect(frames).toEqual([Number((2n * G16) >> 12n) - 1, Number((3n * G16) >> 12n)]);
  expect(leafAddress(mm.arch, 'pte', (PTE | G16) as never)).toBe(G16);
});
