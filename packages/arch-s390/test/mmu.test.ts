/** DAT by hand: each rule of the Principles of Operation as one row, and the order in which they are asked. */

import { type Access, type Memory, machine, translate, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { type DatState, prefixed, s390, s390Mmu } from '../src/index.ts';

const mmu = s390Mmu(s390());

/** Memory of which only these 8-byte entries exist. */
function entries(words: Readonly<Record<string, bigint>>): Memory {
  const at = new Map(Object.entries(words).map(([address, value]) => [BigInt(address), value]));
  return { read: (address) => at.get(address), write: () => false, pieces: [] };
}

/** Rows say which facilities are there; the others are not. */
const OFF = { edat1: false, edat2: false, iep: false };

/** The physical address, or the program-interruption code. */
function dat(
  asce: bigint,
  addr: bigint,
  words: Readonly<Record<string, bigint>>,
  state: Partial<DatState> = {},
  access: Access = 'read',
): string {
  const answer = translate(machine(mmu, { ...OFF, ...state }), entries(words), {
    root: asce,
    addr: vaddr(addr),
    access,
  });
  return answer.kind === 'address' ? `0x${answer.paddr.toString(16)}` : `${answer.name} ${answer.code}`;
}

// One page at 0: region-first 0x10000, region-second 0x20000, region-third 0x30000, segment 0x40000, page table 0x50800.
const five = { '0x10000': 0x2000fn, '0x20000': 0x3000bn, '0x30000': 0x40007n, '0x40000': 0x50800n, '0x50800': 0x7000n };
const ASCE = 0x1000fn;

describe('the designation', () => {
  test.each([
    ['four levels, 2^53', 0x2000bn, 1n << 53n, 'asce-type 56'],
    ['three levels, 2^42', 0x30007n, 1n << 42n, 'asce-type 56'],
    ['two levels, 2^31', 0x40003n, 1n << 31n, 'asce-type 56'],
    ['the last of four levels', 0x2000bn, (1n << 53n) - 1n, 'addressing 5'],
    ['the last of three levels', 0x30007n, (1n << 42n) - 1n, 'addressing 5'],
    ['the last of two levels', 0x40003n, (1n << 31n) - 1n, 'addressing 5'],
    ['the last of all', 0x1000fn, 2n ** 64n - 1n, 'addressing 5'],
  ])('%s', (_, asce, addr, expected) => expect(dat(asce, addr, {})).toBe(expected));

  // TL counts quarters of 512 entries, less one: an off-by-one here lets a walk leave the table.
  test.each([
    [0n, 511n, 'addressing 5'],
    [0n, 512n, 'segment-translation 16'],
    [1n, 1023n, 'addressing 5'],
    [1n, 1024n, 'segment-translation 16'],
    [2n, 1535n, 'addressing 5'],
    [2n, 1536n, 'segment-translation 16'],
    [3n, 2047n, 'addressing 5'],
  ])('TL %i, segment index %i', (tl, index, expected) => expect(dat(0x40000n | tl, index << 20n, {})).toBe(expected));

  test('real space: the address is real, and prefixed', () => {
    expect(dat(0x20n, 0x1234_5678n, {})).toBe('0x12345678');
    expect(dat(0x20n, 0x10n, {}, { prefix: 0x8000n })).toBe('0x8010');
  });
});

describe('what one entry says', () => {
  const say = (slot: keyof typeof five, value: bigint, state: Partial<DatState> = {}, access: Access = 'read') =>
    dat(ASCE, 0x123n, { ...five, [slot]: value }, state, access);

  test('five levels lead to the page', () => expect(say('0x50800', 0x7000n)).toBe('0x7123'));

  test.each<[string, keyof typeof five, bigint, string]>([
    ['region-first: I', '0x10000', 0x2002fn, 'region-first-translation 57'],
    ['region-first: I is asked before the type', '0x10000', 0x20023n, 'region-first-translation 57'],
    ['region-first: another type', '0x10000', 0x2000bn, 'translation-specification 18'],
    ['region-first: TF 1 speaks of the table below', '0x10000', 0x2004fn, 'region-second-translation 58'],
    ['region-second: I', '0x20000', 0x3002bn, 'region-second-translation 58'],
    ['region-second: TF 1', '0x20000', 0x3004bn, 'region-third-translation 59'],
    ['region-third: I', '0x30000', 0x40027n, 'region-third-translation 59'],
    ['region-third: another type', '0x30000', 0x4000fn, 'translation-specification 18'],
    ['region-third: TF 1', '0x30000', 0x40047n, 'segment-translation 16'],
    ['region-third: beyond memory', '0x30000', 0x7f00_0000_0007n, 'addressing 5'],
    ['segment: I', '0x40000', 0x50820n, 'segment-translation 16'],
    ['segment: another type', '0x40000', 0x50804n, 'translation-specification 18'],
    ['segment: a page table of 2 KiB begins at any multiple of 2 KiB', '0x40000', 0x50000n, 'addressing 5'],
    ['page: I', '0x50800', 0x7400n, 'page-translation 17'],
    ['page: I is asked before bit 52', '0x50800', 0x7c00n, 'page-translation 17'],
    ['page: bit 52', '0x50800', 0x7800n, 'translation-specification 18'],
    ['page: what Linux keeps in the low byte is nobody’s business', '0x50800', 0x70ffn, '0x7123'],
  ])('%s', (_, slot, value, expected) => expect(say(slot, value)).toBe(expected));

  test.each<[string, keyof typeof five, bigint, Partial<DatState>, Access, string]>([
    ['P of a page', '0x50800', 0x7200n, {}, 'write', 'protection 4'],
    ['P of a page, read', '0x50800', 0x7200n, {}, 'read', '0x7123'],
    ['P of a segment', '0x40000', 0x50a00n, {}, 'write', 'protection 4'],
    ['P of a region without EDAT-1', '0x20000', 0x3020bn, {}, 'write', '0x7123'],
    ['P of a region with EDAT-1', '0x20000', 0x3020bn, { edat1: true }, 'write', 'protection 4'],
    ['IEP off', '0x50800', 0x7100n, {}, 'execute', '0x7123'],
    ['IEP on', '0x50800', 0x7100n, { iep: true }, 'execute', 'protection 4'],
    ['1 MiB with EDAT-1', '0x40000', 0x70_0400n, { edat1: true }, 'read', '0x700123'],
    ['1 MiB without: the origin of a page table', '0x40000', 0x50c00n, {}, 'read', '0x7123'],
    ['2 GiB with EDAT-2', '0x30000', 0x1_8000_0404n, { edat1: true, edat2: true }, 'read', '0x180000123'],
    ['2 GiB with EDAT-2 alone', '0x30000', 0x1_8000_0404n, { edat2: true }, 'read', '0x180000123'],
    ['2 GiB with EDAT-1 only', '0x30000', 0x40407n, { edat1: true }, 'read', '0x7123'],
    ['beyond configured storage', '0x50800', 0x7000n, { storage: 0x7000n }, 'read', 'addressing 5'],
    ['protection comes before storage', '0x50800', 0x7200n, { storage: 0x7000n }, 'write', 'protection 4'],
  ])('%s', (_, slot, value, state, access, expected) => expect(say(slot, value, state, access)).toBe(expected));

  test('a common segment in a private space; a common region only with EDAT-2', () => {
    const privately = ASCE | 0x100n;
    const common = (slot: string, value: bigint, state: Partial<DatState>) =>
      dat(privately, 0x123n, { ...five, [slot]: value }, state);
    expect(common('0x40000', 0x50810n, {})).toBe('translation-specification 18');
    expect(common('0x30000', 0x40017n, {})).toBe('0x7123');
    expect(common('0x30000', 0x40017n, { edat1: true, edat2: true })).toBe('translation-specification 18');
    expect(common('0x30000', 0x40017n, { edat2: true })).toBe('translation-specification 18');
    expect(dat(ASCE, 0x123n, { ...five, '0x40000': 0x50810n })).toBe('0x7123');
  });
});

test('who took a right away is told by level', () => {
  const words = entries({ ...five, '0x20000': 0x3020bn, '0x50800': 0x7300n });
  const state = { edat1: true, iep: true };
  const answer = translate(machine(mmu, state), words, { root: ASCE, addr: vaddr(0n), access: 'read' });
  expect(answer).toMatchObject({
    rights: { read: true, write: false, execute: false },
    taken: [
      { right: 'write', level: 'p4d', why: 'P = 1' },
      { right: 'write', level: 'pte', why: 'P = 1' },
      { right: 'execute', level: 'pte', why: 'IEP = 1' },
    ],
  });
});

test('a fault has its level, slot and raw value', () => {
  const answer = translate(machine(mmu), entries({ ...five, '0x40000': 0x50820n }), {
    ...{ root: ASCE, addr: vaddr(0n), access: 'write' },
  });
  expect(answer).toMatchObject({ kind: 'fault', level: 'pmd', at: 0x40000n, entry: 0x50820n, why: 'I = 1' });
});

test('prefixing exchanges two areas of 8 KiB, and is its own inverse', () => {
  expect([0n, 0x1fffn, 0x2000n, 0x8000n, 0x9fffn, 0xa000n].map((real) => prefixed(0x8000n, real))).toEqual([
    0x8000n,
    0x9fffn,
    0x2000n,
    0n,
    0x1fffn,
    0xa000n,
  ]);
  expect(dat(ASCE, 0x123n, { ...five, '0x50800': 0x1000n }, { prefix: 0x8000n })).toBe('0x9123');
  // Large frames hold absolute addresses.
  expect(dat(ASCE, 0x123n, { ...five, '0x40000': 0x400n }, { prefix: 0x8000n, edat1: true })).toBe('0x123');
});

test('without DAT an address is real, whatever the ASCE says', () => {
  const off = { dat: false };
  for (const access of ['read', 'write', 'execute'] as const) {
    expect(dat(0x2n << 2n, 0x1234_5678n, {}, off, access)).toBe('0x12345678');
    expect(dat(ASCE, 0x10n, {}, { ...off, prefix: 0x8000n }, access)).toBe('0x8010');
  }
  expect(dat(ASCE, 0x7000n, {}, { ...off, storage: 0x7000n })).toBe('addressing 5');
});
