/** The Sv39 of the guide against the laws, and against the one that is shipped. */
import { readFileSync } from 'node:fs';
import { riscv } from '@kernel-mm/arch-generic';
import {
  type Arch,
  archFromJson,
  archToJson,
  bumpAllocator,
  createMm,
  entry,
  flatMemory,
  LEVELS,
  map,
  mmFromRoot,
  type Predicate,
  paddr,
  roleOf,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { archLaws, FULL } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { sv39 } from './sv39.ts';

const shipped = riscv({ mode: 'sv39' });

/** Two regions, one of them with a 2 MiB leaf in it, in tables that `arch` builds. */
function built(arch: Arch) {
  const memory = flatMemory(new ArrayBuffer(2 ** 20));
  const tables = bumpAllocator(paddr(0n), paddr(2n ** 20n));
  const mm = createMm(arch, memory, tables)!;
  for (const start of [0x3fff_e000n, 0x1f_ffff_f000n])
    expect(
      map(mm, tables, { addr: vaddr(start), paddr: paddr((1n << 40n) + start), size: 0x40_0000n, prot: FULL }),
    ).toEqual({ size: 0x40_0000n });
  return mm;
}

describe('laws', () => {
  for (const law of archLaws(sv39, { runs: 30 }))
    test.skipIf(!law.applies)(`${law.name}: ${law.says}`, () => law.check());
});

test('it walks what it builds, and reads an address that is not canonical as one that no table translates', () => {
  const mm = built(sv39);
  expect(walk(mm, vaddr(0x4000_0123n)).result).toMatchObject({ kind: 'leaf', level: 'pmd', paddr: 0x100_4000_0123n });
  expect(walk(mm, vaddr(0x3fff_f000n)).result).toMatchObject({ kind: 'leaf', level: 'pte', paddr: 0x100_3fff_f000n });
  expect(walk(mm, vaddr(0x1f_ffff_efffn)).result.kind).toBe('none');
  expect(walk(mm, vaddr(1n << 38n)).result).toEqual({ kind: 'not-translatable', bits: 39 });
});

test('both definitions build the same bytes, and walk each other’s tables alike', () => {
  const [mine, theirs] = [built(sv39), built(shipped)];
  expect(mine.root).toBe(theirs.root);
  for (let at = 0n; at < 2n ** 20n; at += 8n)
    if (mine.memory.read(paddr(at), 8, 'little') !== theirs.memory.read(paddr(at), 8, 'little'))
      throw new Error(`the word at 0x${at.toString(16)} differs`);
  const crossed = mmFromRoot(shipped, mine.memory, mine.root!);
  for (const addr of [0x3fff_e000n, 0x4000_0000n, 0x4020_0000n, 0x1f_ffff_f000n, 0n].map(vaddr))
    expect(walk(mine, addr)).toEqual(walk(crossed, addr));
});

test('every rule answers alike for any entry', () => {
  expect(sv39.geometry).toEqual(shipped.geometry);
  const [mine, theirs] = [built(sv39), built(shipped)];
  const oneBit = fc.integer({ min: 0, max: 63 }).map((n) => 1n << BigInt(n));
  const anyRaw = fc.oneof(fc.bigInt(0n, 2n ** 64n - 1n), fc.bigInt(0n, 0x3ffn), oneBit);
  fc.assert(
    fc.property(anyRaw, fc.constantFrom(...LEVELS), (raw, level) => {
      const said = Object.keys(sv39.rules[level].is) as Predicate[];
      // The shipped one says more: devmap, swap, pXd_mk…, Svnapot.
      const answers = (arch: Arch) => said.map((name) => [name, arch.rules[level].is[name]?.({ entry: raw })]);
      expect(answers(sv39)).toEqual(answers(shipped));
      expect(roleOf(mine, level, entry(level, raw))).toBe(roleOf(theirs, level, entry(level, raw)));
    }),
    { seed: 39, numRuns: 2000 },
  );
});

test('it is data: it survives JSON', () => {
  expect(archFromJson(archToJson(sv39.spec))).toEqual(sv39.spec);
});

test('it takes no more than 45 lines', () => {
  const lines = readFileSync(new URL('sv39.ts', import.meta.url), 'utf8')
    .trimEnd()
    .split('\n');
  expect(lines.length).toBeLessThanOrEqual(45);
});
