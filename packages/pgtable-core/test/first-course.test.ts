import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import {
  type Arch,
  ArchError,
  type ArchSpec,
  address,
  archFromJson,
  bumpAllocator,
  createMm,
  defineArch,
  type Expr,
  flag,
  flatMemory,
  has,
  type LevelSpec,
  lacks,
  linuxMmu,
  machine,
  map,
  mmFromRoot,
  type Paddr,
  paddr,
  translate,
  vaddr,
  walk,
} from '../src/index.ts';
import { refused } from './support/refused.ts';

interface Walks {
  readonly root: string;
  readonly entries: readonly (readonly [at: string, raw: string])[];
  readonly walks: readonly { readonly va: string; readonly pa?: string; readonly ends?: string }[];
}
const text = (name: string): string =>
  readFileSync(new URL(`../../../fixtures/definitions/${name}.json`, import.meta.url), 'utf8');
const tiny: Walks = JSON.parse(text('tiny.walk'));

/** Both readings of every address of a case; where it ends without one, by the walk's word. */
function check(arch: Arch, { root, entries, walks }: Walks): void {
  const memory = flatMemory(new ArrayBuffer(0x1000));
  for (const [at, raw] of entries) memory.write(BigInt(at) as Paddr, arch.entryBytes, 'little', BigInt(raw));
  const mm = mmFromRoot(arch, memory, BigInt(root));
  for (const { va, pa, ends } of walks) {
    const addr = vaddr(BigInt(va));
    const { result } = walk(mm, addr);
    const said = translate(machine(linuxMmu(arch)), memory, { root: BigInt(root), addr, access: 'read' });
    if (pa === undefined) {
      expect([result.kind, 'level' in result ? `${result.kind} at ${result.level}` : ''], va).toEqual(['none', ends]);
      expect(said).toMatchObject({ kind: 'fault', name: 'none' });
    } else {
      expect(result, va).toMatchObject({ kind: 'leaf', paddr: BigInt(pa) });
      expect(said, va).toMatchObject({ kind: 'address', paddr: BigInt(pa) });
    }
  }
}

test.each(['tiny-13-bit', 'tiny-12-bit'])('%s: two levels of 5 bits, pages of 32 bytes', (name) => {
  check(defineArch(archFromJson(text(`${name}.definition`))), tiny);
});

const NO_RIGHTS = { read: [0n, 0n], write: [0n, 0n], exec: [0n, 0n], user: [0n, 0n] } as const;
const reading = (valid: bigint): LevelSpec['is'] => ({ none: lacks(valid), present: has(valid) });
const nop = { when: 'build', style: 'top' } as const;

/** The same machine as it was meant: entries of one byte, bit 7 valid, 7 bits of frame number. */
const fields = { V: flag(7), pfn: address(6, 0, 5) };
const upper: LevelSpec = { bits: 5, table: { fields, base: 0x80n }, is: reading(0x80n) };
const folded: LevelSpec = { ...upper, bits: 0, fold: nop };
const pte: LevelSpec = { bits: 5, leaf: { fields, base: 0x80n, rights: NO_RIGHTS }, is: reading(0x80n) };
const bytes: ArchSpec = {
  id: 'tiny-bytes',
  pageShift: 5,
  byteOrder: 'little',
  entryBytes: 1,
  va: { extend: 'zero' },
  root: { fields: { origin: address(11, 5) }, tops: { pgd: { base: 0n, limit: 0x8000n } } },
  levels: { pgd: upper, p4d: folded, pud: folded, pmd: folded, pte },
};

test('entries of one byte', () => {
  const arch = defineArch(bytes);
  check(arch, {
    root: '0x80',
    entries: [
      ['0x98', '0x88'],
      ['0x108', '0xb5'],
    ],
    walks: tiny.walks,
  });
  const memory = flatMemory(new ArrayBuffer(0x1000));
  const tables = bumpAllocator(paddr(0x20n), paddr(0x1000n));
  const mm = createMm(arch, memory, tables)!;
  const prot = { read: true, write: true, exec: true, user: true };
  expect(map(mm, tables, { addr: vaddr(0x6100n), paddr: paddr(0x6a0n), size: 0x20n, prot })).toEqual({ size: 0x20n });
  expect(walk(mm, vaddr(0x611cn)).result).toMatchObject({ paddr: 0x6bcn, size: 32n });
});

/** One table of four entries, whose entries are the ptes: every level is folded into pgd. */
const oneLevel = (change: Partial<ArchSpec> = {}, ofPte: Partial<LevelSpec> = {}): ArchSpec => {
  const frame = { VALID: flag(31), pfn: address(19, 0, 12) };
  const none: LevelSpec = { bits: 0, fold: nop, is: {} };
  const leaf = { fields: frame, base: 0x8000_0000n, rights: NO_RIGHTS };
  return {
    id: 'one-level',
    pageShift: 12,
    byteOrder: 'little',
    entryBytes: 4,
    fastGup: false,
    va: { extend: 'zero' },
    root: { fields: { origin: address(31, 4) }, tops: { pgd: { base: 0n, limit: 0x4000n } } },
    levels: {
      ...{ pgd: { bits: 2, is: {} }, p4d: none, pud: none, pmd: none },
      pte: { ...none, leaf, is: reading(0x8000_0000n), ...ofPte },
    },
    ...change,
  };
};

describe('one level', () => {
  test('the first page table of a course, with its answers', () => {
    const arch = defineArch(oneLevel());
    check(arch, JSON.parse(text('one-level')));
    expect(arch.geometry.pgd).toMatchObject({ shift: 12, entries: 4, tableBytes: 16 });
  });

  test('pages go in and come out', () => {
    const tables = bumpAllocator(paddr(0x100n), paddr(0x200n));
    const mm = createMm(defineArch(oneLevel()), flatMemory(new ArrayBuffer(0x200)), tables)!;
    const prot = { read: true, write: true, exec: true, user: true };
    expect(map(mm, tables, { addr: vaddr(0x1000n), paddr: paddr(0x6000n), size: 0x2000n, prot })).toEqual({
      size: 0x2000n,
    });
    expect([0n, 0x1123n, 0x2456n, 0x3000n].map((addr) => walk(mm, vaddr(addr)).result)).toMatchObject([
      { kind: 'none', level: 'pte' },
      { paddr: 0x6123n },
      { paddr: 0x7456n },
      { kind: 'none' },
    ]);
  });

  test.each<[string, ArchSpec]>([
    ['gup_fast knows no such machine', oneLevel({ fastGup: undefined as never })],
    ['a fold that is not decided when built', oneLevel({}, { fold: { when: 'boot', style: 'top' } })],
    ['a fold that an entry decides', oneLevel({}, { fold: { ...nop, if: 'entry' as Expr } })],
    ['a fold with a slot of its own', oneLevel({}, { fold: { ...nop, slot: 'slot' } })],
  ])('%s', (_what, spec) => {
    const { fastGup, ...rest } = spec;
    const error = refused(ArchError, () => defineArch(fastGup === undefined ? rest : spec));
    expect([error.code, error.where]).toEqual(['fold', 'levels.pte']);
  });
});

describe('what is refused is refused for its reason', () => {
  const but = (level: 'pmd' | 'pte', change: Partial<LevelSpec>): ArchSpec => ({
    ...bytes,
    levels: { ...bytes.levels, [level]: { ...bytes.levels[level], ...change } },
  });
  test.each<[string, ArchSpec, string]>([
    [
      'a table that has no address but 0',
      but('pmd', { table: { fields: { V: flag(7), pfn: address(3, 0) }, base: 0x80n } }),
      'levels.pmd.table: holds no address above 0 that is a multiple of 2^5',
    ],
    [
      'addresses that lose bits',
      but('pte', { leaf: { ...pte.leaf!, fields: { V: flag(7), pfn: address(6, 0, 7) } } }),
      'levels.pte.leaf: address bits 6…5 are lost',
    ],
    [
      'fields wider than a byte',
      but('pte', { leaf: { ...pte.leaf!, fields: { V: flag(8), pfn: address(6, 0, 5) } } }),
      'levels.pte.leaf.fields.V: bits 8…8 do not fit into 8 bits',
    ],
    [
      'an entry of two loads',
      { ...bytes, entryRead: 'low-high-low' },
      'entryRead: an entry of 1 bytes is read in one load',
    ],
  ])('%s', (_what, spec, message) => {
    expect(refused(ArchError, () => defineArch(spec)).message).toBe(message);
  });
});
