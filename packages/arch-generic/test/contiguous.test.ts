/** Neighbours that are one page by a bit in each, taken apart. */
import {
  type Arch,
  bumpAllocator,
  createMm,
  type Entry,
  flatMemory,
  isGrouped,
  leafAddress,
  makeLeaf,
  type Paddr,
  paddr,
  populate,
  protect,
  pXdIs,
  readEntry,
  type Slot,
  slotPlus,
  unfold,
  ungrouped,
  unmap,
  vaddr,
  walk,
  withFrame,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES, arm64, riscv } from '../src/index.ts';

const prot = { read: true, write: true, exec: false, user: true };
const readOnly = { ...prot, write: false };
const N = 1n << 63n;

/** A group of ptes between two pages of their own. */
function group(arch: Arch) {
  const tables = bumpAllocator(paddr(0x1_0000n), paddr(0x20_0000n));
  const mm = createMm(arch, flatMemory(new ArrayBuffer(2 ** 21)), tables)!;
  const { size, slotBytes } = arch.geometry.pte;
  const { bit, slots } = arch.spec.levels.pte.leaf!.group!;
  const bytes = BigInt(slots) * size;
  const [start, frames] = [4n * bytes, 8n * bytes];
  const slotOf = (n: number): Slot =>
    slotPlus(populate(mm, tables, vaddr(start), 'pte') as Slot<'pte'>, BigInt(n), slotBytes) as Slot;
  const napot = bit === N;
  for (let n = 0; n < slots + 1; n++) {
    const own = makeLeaf(arch, 'pte', paddr(frames + (napot ? 0n : BigInt(n) * size)), prot)!;
    // Svnapot: all say the same frame, whose low bits say the size.
    const marked = n === slots ? own : ((own | bit | (napot ? 8n << 10n : 0n)) as typeof own);
    writeEntry(mm, slotOf(n), marked as Entry);
  }
  const entry = (n: number): Entry => readEntry(mm, slotOf(n))!;
  const marks = (): number =>
    Array.from({ length: slots }, (_, n) => isGrouped(mm, 'pte', entry(n))).filter(Boolean).length;
  return { mm, start, frames, size, slots, slotOf, entry, marks, bytes };
}

const ARCHS: readonly (readonly [string, Arch])[] = [
  ['arm64, 4 KiB', arm64({ granule: '4k', va: 48 })],
  ['arm64, 16 KiB', arm64({ granule: '16k', va: 47 })],
  ['arm64, 64 KiB', arm64({ granule: '64k', va: 48 })],
  ['arm, LPAE', ARCHITECTURES['arm-lpae']!().arch],
  ['RISC-V, Svnapot', riscv({ mode: 'sv39' })],
];

describe.each(ARCHS)('%s', (name, arch) => {
  test('each page is one of its own, with its own address and the same rights', () => {
    const { mm, slots, slotOf, entry, marks, frames, size } = group(arch);
    expect(marks()).toBe(slots);
    expect(unfold(mm, slotOf(3))).toBe(true);
    expect([marks(), unfold(mm, slotOf(3)), unfold(mm, slotOf(slots))]).toEqual([0, false, false]);
    for (let n = 0; n < slots; n++)
      expect(entry(n)).toBe(makeLeaf(arch, 'pte', paddr(frames + BigInt(n) * size), prot));
  });

  test.runIf(name !== 'RISC-V, Svnapot')('what the hardware noted in one of them, it noted of all', () => {
    const { mm, slots, slotOf, entry } = group(arch);
    const old = entry(5);
    for (let n = 0; n < slots; n++) {
      const clean = arch.rules.pte.mk.clean!({ entry: arch.rules.pte.mk.old!({ entry: entry(n) }) });
      writeEntry(mm, slotOf(n), (n === 5 ? old : clean) as Entry);
    }
    unfold(mm, slotOf(0));
    for (const what of ['young', 'dirty'] as const)
      expect(Array.from({ length: slots }, (_, n) => pXdIs(mm, what, 'pte', entry(n) as never))).not.toContain(false);
  });

  test('protect and unmap: a part takes the group apart, or says so; the whole group may stay one', () => {
    for (const change of [
      (mm: Parameters<typeof unmap>[0], addr: bigint, size: bigint) => protect(mm, vaddr(addr), size, readOnly),
      (mm: Parameters<typeof unmap>[0], addr: bigint, size: bigint) => unmap(mm, vaddr(addr), size),
    ]) {
      const part = group(arch);
      const answer = change(part.mm, part.start + 3n * part.size, part.size);
      const isTold = answer.kind === 'partial-leaf';
      expect([isTold, part.marks()]).toEqual(name === 'RISC-V, Svnapot' ? [true, part.slots] : [false, 0]);
      const whole = group(arch);
      expect(change(whole.mm, whole.start, whole.bytes)).toMatchObject({ kind: 'done', leaves: whole.slots });
      expect([0, whole.slots]).toContain(whole.marks());
    }
  });

  test('an address that does not fit leaves the bit out all the same', () => {
    const { mm, slotOf } = group(arch);
    const { bit } = arch.spec.levels.pte.leaf!.group!;
    const all = ((1n << 64n) - 1n) as Entry;
    const leaf = (all & ~(bit === N ? 0x6n << 60n : 0n)) as Entry;
    expect(isGrouped(mm, 'pte', ungrouped(mm, slotOf(15), leaf))).toBe(false);
  });
});

test('a leaf with another frame: rights, marks, young and dirty stay; on x86 PROT_NONE stays inverted', () => {
  for (const id of ['x86-64', 's390', 'riscv-sv39', 'arm64-4k-va48', 'powerpc-radix-4k', 'arm-short']) {
    const arch = ARCHITECTURES[id]?.().arch;
    if (!arch) continue;
    for (const rights of [prot, readOnly, { read: false, write: false, exec: false, user: false }]) {
      const [from, to] = [paddr(0x12_0000n), paddr(0x345_0000n)];
      const leaf = (at: Paddr) => makeLeaf(arch, 'pte', at, rights)!;
      expect(withFrame(arch, 'pte', leaf(from), to)).toBe(leaf(to));
      expect(leafAddress(arch, 'pte', withFrame(arch, 'pte', leaf(from), to)! as Entry)).toBe(to);
    }
    expect(withFrame(arch, 'pte', makeLeaf(arch, 'pte', paddr(0n), prot)!, paddr((1n << 63n) | 1n))).toBeUndefined();
    expect(withFrame(arch, 'pgd', 0n as Entry<'pgd'>, paddr(0n)) === undefined).toBe(!arch.spec.levels.pgd.leaf);
  }
});

test('where there are no groups, nothing is one', () => {
  const tables = bumpAllocator(paddr(0x1000n), paddr(0x10_0000n));
  const { arch } = ARCHITECTURES['x86-64']!();
  const mm = createMm(arch, flatMemory(new ArrayBuffer(2 ** 20)), tables)!;
  const slot = populate(mm, tables, vaddr(0n), 'pte') as Slot;
  const entry = makeLeaf(arch, 'pte', paddr(0x1000n), prot)! as Entry;
  writeEntry(mm, slot, entry);
  expect([unfold(mm, slot), ungrouped(mm, slot, entry), walk(mm, vaddr(0n)).result.kind]).toEqual([
    false,
    entry,
    'leaf',
  ]);
});
