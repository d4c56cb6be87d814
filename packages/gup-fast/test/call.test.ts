/** The checks of a call's range: how far it may go by the kernel's own number, and what a count of pages makes of it. */
import { arm64, armLpae, powerpc, riscv, sparc64, x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import { type Arch, type Level, type Pfn, paddr, pfnOf, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import {
  countRange,
  ERAS,
  getUserPages,
  getUserPagesFast,
  getUserPagesFastOnly,
  gupFastPermitted,
  judge,
  pinRange,
  pinUserPagesFast,
  VARIANTS,
  walkLockless,
} from '../src/index.ts';
import { fakePort } from './support/fake-port.ts';
import { at, oneTable } from './support/one-table.ts';

const NAMES = ['v5.9', 'v6.14', 'v7.1', 'mm-2026-09'] as const;
const [EFAULT, EOVERFLOW] = [-14, -75];
const bit = (n: number): bigint => 1n << BigInt(n);

/** An address space whose second page is there. */
function second(arch: Arch, top: Level = 'pgd') {
  const { size } = arch.geometry.pte;
  const table = oneTable(arch, top);
  table.leaf(size, 'pte', 0x80n * size);
  return { mm: table.mm, port: fakePort(table.mm), size, pfn: pfnOf(paddr(0x80n * size), arch.spec.pageShift) };
}

describe('above user space, where TASK_SIZE_MAX lies beyond what the tables translate', () => {
  test.each<[string, Arch, above: bigint, alias: boolean]>([
    ['riscv Sv39 v6.9', riscv({ mode: 'sv39', linux: '6.9' }), bit(39), false],
    ['riscv Sv39 v6.10', riscv({ mode: 'sv39', linux: '6.10' }), bit(39), true],
    ['riscv Sv39 v6.12, the default', riscv({ mode: 'sv39' }), bit(39), true],
    ['riscv Sv39 v6.12, the highest', riscv({ mode: 'sv39' }), bit(63) - bit(39), true],
    ['riscv Sv39 v6.12, the negative half', riscv({ mode: 'sv39' }), bit(63), false],
    ['riscv Sv48 v6.12', riscv({ mode: 'sv48' }), bit(48), true],
    ['riscv Sv57 v6.12', riscv({ mode: 'sv57' }), bit(57), true],
    ['riscv Sv39 v6.12.35', riscv({ mode: 'sv39', linux: '6.12.35' }), bit(39), true],
    ['riscv Sv39 v6.12.36', riscv({ mode: 'sv39', linux: '6.12.36' }), bit(39), false],
    ['riscv Sv39 v6.15.4', riscv({ mode: 'sv39', linux: '6.15.4' }), bit(39), true],
    ['riscv Sv39 v6.15.5', riscv({ mode: 'sv39', linux: '6.15.5' }), bit(39), false],
    ['riscv Sv39 v6.16', riscv({ mode: 'sv39', linux: '6.16' }), bit(39), false],
    ['arm64 4k, 52 bits, no LPA2', arm64({ granule: '4k', va: 52, lpa2: false }), bit(48), true],
    ['arm64 4k, 52 bits, no LPA2, too far', arm64({ granule: '4k', va: 52, lpa2: false }), bit(52), false],
    ['arm64 16k, 52 bits, no LPA2', arm64({ granule: '16k', va: 52, lpa2: false }), bit(47), true],
    ['arm64 4k, 48 bits', arm64({ granule: '4k', va: 48 }), bit(48), false],
    ['x86-64', x86({ paging: '4-level' }), bit(48), false],
    ['x86-64 la57', x86({ paging: '5-level' }), bit(57), false],
    ['powerpc 4k', powerpc({ page: '4k' }), bit(52), false],
  ])('%s', (_, arch, above, alias) => {
    const { mm, port, size, pfn } = second(arch);
    const addr = vaddr(above + size);
    const end = vaddr(addr + size);
    const result = getUserPagesFast({ mm, port }, addr, 1);
    expect(result).toMatchObject(alias ? { ret: 1, frames: [pfn] } : { ret: EFAULT, error: 'EFAULT', frames: [] });
    expect(gupFastPermitted(mm, end)).toBe(alias);
    const counts = { words: Int32Array.of(1), first: pfn as Pfn };
    const frames = new Float64Array(1);
    expect(pinRange(mm, addr, end, { write: false, counts, frames }).pages).toBe(alias ? 1 : 0);
    expect(countRange(mm, addr, end).pages).toBe(alias ? 1 : 0);
    // The oracle knows: no table translates the address, whatever was read for it.
    const judged = judge(mm, VARIANTS.offsetLocklessStrict.stepper, addr, end);
    expect([judged.leaves.length, judged.addressCorrect]).toEqual(alias ? [1, false] : [0, true]);
    // It is the page of the address that the indexes leave.
    expect(getUserPagesFast({ mm, port }, vaddr(size), 1).frames).toEqual([pfn]);
  });

  test('arm64 built for 52 bits with them: the slot is another, and empty', () => {
    const { mm, port, size } = second(arm64({ granule: '4k', va: 52 }));
    expect(getUserPagesFast({ mm, port }, vaddr(bit(48) + size), 1)).toMatchObject({ ret: 0, stop: { kind: 'none' } });
  });

  test('sparc64: the hole in the middle is walked, up to 16 GiB below the end', () => {
    const { mm, size } = second(sparc64({ cpu: 'sun4v' }));
    const max = bit(64) - bit(34);
    const pages = (addr: bigint) => countRange(mm, vaddr(addr), vaddr(addr + size));
    expect(pages(bit(53) + size)).toEqual({ pages: 1, strays: 0 });
    expect(pages(max - bit(53) + bit(34) + size)).toEqual({ pages: 1, strays: 0 });
    expect(gupFastPermitted(mm, vaddr(max))).toBe(true);
    expect(gupFastPermitted(mm, vaddr(max + size))).toBe(false);
  });

  test('s390 asks again: a call that may go on is not walked beyond the process', () => {
    for (const [levels, limit] of [
      [2, bit(31)],
      [3, bit(42)],
      [4, bit(53)],
    ] as const) {
      const { mm, port } = second(s390(), topOf(levels));
      const found = getUserPagesFast({ mm, port }, vaddr(limit + 0x1000n), 1);
      expect(found).toMatchObject({ ret: 0, stop: { kind: 'not-permitted' } });
    }
  });

  test('a definition that says nothing of it asks the limit of the top table', () => {
    const { mm, size } = second(x86({ paging: '4-level' }));
    expect(mm.arch.spec.gupFastPermitted).toBeUndefined();
    expect(walkLockless(mm, vaddr(bit(48)), vaddr(bit(48) + size), VARIANTS.offsetLockless).stop).toEqual({
      kind: 'not-permitted',
    });
  });
});

describe('a count of pages', () => {
  const LAST = bit(64) - 0x1000n;
  type Row = readonly [v5_9: number, later: number];

  test.each<[string, Arch, addr: bigint, pages: number, Row]>([
    ['none', x86({ paging: '4-level' }), 0x1000n, 0, [0, 0]],
    ['none, above user space', x86({ paging: '4-level' }), bit(48), 0, [0, EFAULT]],
    ['-1 wraps', x86({ paging: '4-level' }), 0x1000n, -1, [0, EOVERFLOW]],
    ['-1 of the first page does not', x86({ paging: '4-level' }), 0n, -1, [EFAULT, EFAULT]],
    ['-2 wraps from the third page on', x86({ paging: '4-level' }), 0x2000n, -2, [0, EOVERFLOW]],
    ['-2 of the second page does not', x86({ paging: '4-level' }), 0x1000n, -2, [EFAULT, EFAULT]],
    ['the lowest int', x86({ paging: '4-level' }), 0x1000n, -(2 ** 31), [EFAULT, EFAULT]],
    ['the last page of all', x86({ paging: '4-level' }), LAST, 1, [0, EOVERFLOW]],
    ['the end of user space', x86({ paging: '4-level' }), bit(47) - 0x2000n, 2, [EFAULT, EFAULT]],
    ['riscv, the end of LONG_MAX', riscv({ mode: 'sv39' }), bit(63) - 0x2000n, 2, [EFAULT, EFAULT]],
    ['PAE, -1', x86({ paging: 'pae' }), 0x1000n, -1, [0, EOVERFLOW]],
    ['PAE, the last page of all', x86({ paging: 'pae' }), 0xffff_f000n, 1, [0, EOVERFLOW]],
    ['PAE, 4 GiB are no bytes of a word', x86({ paging: 'pae' }), 0x1000n, 2 ** 20, [0, 0]],
    ['arm, one page more: only it is walked', armLpae(), 0x1000n, 2 ** 20 + 1, [1, 1]],
    // TASK_SIZE_MAX is 2^64 less a page here: -1 pages of the first address are neither too far nor too many.
    ['s390, -1 of the first page', s390(), 0n, -1, [0, 0]],
  ])('%s', (_, arch, addr, pages, [first, later]) => {
    const { mm, port } = second(arch);
    const rets = NAMES.map((name) => getUserPagesFast({ mm, port, era: ERAS[name] }, at(addr), pages).ret);
    expect(rets).toEqual([first, later, later, later]);
  });

  test('what the code does not define takes nothing and says so; 2020 and the slow path define no pages', () => {
    const { mm, port } = second(x86({ paging: '4-level' }));
    const warning = '0 pages: what the kernel does is not defined';
    const nothing = { ret: 0, frames: [], fast: 0, strays: [] };
    for (const call of [getUserPagesFast, getUserPagesFastOnly, pinUserPagesFast]) {
      expect(call({ mm, port, era: ERAS['v5.9'] }, at(0x1000n), 0)).toEqual(nothing);
      for (const name of NAMES.slice(1))
        expect(call({ mm, port, era: ERAS[name] }, at(0x1000n), 0)).toEqual({ ...nothing, warning });
    }
    for (const name of NAMES) {
      expect(getUserPages({ mm, port, era: ERAS[name] }, at(0x1000n), 0)).toEqual(nothing);
      expect(getUserPages({ mm, port, era: ERAS[name] }, at(0x1000n), -1).warning).toContain('-1 pages');
    }
    const deep = second(s390());
    for (const name of NAMES)
      expect(getUserPagesFast({ ...deep, era: ERAS[name] }, at(0n), -1).warning).toContain('-1 pages');
    expect([port.log, deep.port.log]).toEqual([[], []]);
  });
});
