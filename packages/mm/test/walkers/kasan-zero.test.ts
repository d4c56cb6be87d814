/** Shadow of memory, added and removed: which addresses, and what happens where it fails. */
import { vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { populateEarlyShadow } from '../../src/walkers/kasan.ts';
import { addZeroShadow, removeZeroShadow, shadowOf } from '../../src/walkers/kasan-zero.ts';
import { archs } from '../support/spaces.ts';
import { at, shadowed } from './support/shadowed.ts';

const [, arch, top] = archs[3]!;

describe('of memory: every eight bytes have one of shadow', () => {
  const memory = { start: vaddr(0x10_0000n), size: 0x1_0000n, offset: 0x1000_0000n };

  test('added and removed again', () => {
    const { m, shadow } = shadowed(arch, top);
    expect(shadowOf(memory)).toEqual({ start: 0x1002_0000n, end: 0x1002_2000n });
    expect(addZeroShadow(m, memory, shadow)).toEqual({ missed: [] });
    expect([at(m, 0x1002_0000n), at(m, 0x1002_1000n), at(m, 0x1002_2000n)]).toEqual([
      shadow.page,
      shadow.page,
      undefined,
    ]);
    expect(removeZeroShadow(m, memory, shadow)).toEqual({ warned: [], kept: [] });
    expect([at(m, 0x1002_0000n), m.port.counts.pte]).toEqual([undefined, 0]);
  });

  test('no whole pages of shadow: EINVAL, or a warning and nothing done', () => {
    const { m, shadow } = shadowed(arch, top);
    for (const wrong of [{ start: vaddr(0x1000n) }, { size: 0x1000n }]) {
      expect(addZeroShadow(m, { ...memory, ...wrong }, shadow)).toEqual({ error: 'EINVAL' });
      expect(removeZeroShadow(m, { ...memory, ...wrong }, shadow)).toBeUndefined();
    }
    expect(m.port.writes).toEqual([]);
  });

  test('a failure removes the shadow of the shadow', () => {
    const [, la57, pgd] = archs[4]!;
    const { m, shadow, page } = shadowed(la57, pgd);
    const top = la57.geometry.pgd.size;
    // The shadow of the shadow of this memory lies in another entry of the top table than its shadow.
    const there = { start: vaddr(8n * top), size: 512n * page, offset: top };
    const slip = shadowOf({ ...there, start: shadowOf(there).start, size: there.size >> 3n });
    populateEarlyShadow(m, { start: slip.start, end: vaddr(slip.end + page) }, shadow);
    m.port.tablesLeft = 0;
    expect(addZeroShadow(m, there, shadow)).toMatchObject({ error: 'ENOMEM' });
    expect([at(m, slip.start), at(m, slip.end - page), at(m, slip.end)]).toEqual([undefined, undefined, shadow.page]);
  });
});
