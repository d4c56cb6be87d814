/** Listings against `translate`, page by page; and what a listing owes its caller: order, bounds, nothing lost. */
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type Access,
  flatMemory,
  linuxMmu,
  type Machine,
  type MappedRange,
  type Memory,
  machine,
  type Paddr,
  type RangesItem,
  type RangesOptions,
  ranges,
  translate,
  UsageError,
  vaddr,
} from '../src/index.ts';
import { arbitrarySpace } from '../src/testing/index.ts';
import { deepMmu, GROUP, REAL, SHORT } from './support/deep-mmu.ts';
import { refused } from './support/refused.ts';
import { property } from './support/runs.ts';
import { countingMemory } from './support/space.ts';
import { LEAF, NX, RESERVED, toy3, toy32, toyBoot, toys, U, V, W, YOUNG } from './support/toys.ts';

const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];
const ALL = { read: true, write: true, execute: true };
const NONE = { read: false, write: false, execute: false };

/** 4 KiB of memory at 0x1000, where each address of `words` holds its word. */
function memoryOf(words: Readonly<Record<string, bigint>>, bytes = 0x1000): Memory {
  const memory = flatMemory(new ArrayBuffer(bytes), 0x1000n);
  for (const [at, word] of Object.entries(words))
    if (!memory.write(BigInt(at) as Paddr, 8, 'little', word)) throw new Error(`${at} lies outside memory`);
  return memory;
}

const list = (of: Machine, memory: Memory, root: bigint, options?: RangesOptions): RangesItem[] => [
  ...ranges(of, memory, root, options),
];
const mapped = (items: readonly RangesItem[]): MappedRange[] => items.filter((item) => item.kind === 'mapped');

/** Every page of a listing: where it lies and what may be done there, or what is wrong with it. */
function pagesOf(items: readonly RangesItem[]): Map<bigint, string> {
  const pages = new Map<bigint, string>();
  let before = -1n;
  for (const item of items) {
    if (item.kind === 'cursor') continue;
    const length = BigInt.asUintN(64, item.end - item.start);
    for (let offset = 0n; offset < length; offset += 0x1000n) {
      expect(item.start + offset, 'ascending').toBeGreaterThan(before);
      before = item.start + offset;
      if (item.kind === 'problem') pages.set(before, `${item.problem}: ${item.fault.name}`);
      else if (item.refused !== undefined) pages.set(before, 'no access');
      else pages.set(before, `${item.paddr + offset} ${[item.user, item.supervisor].flatMap(Object.values)}`);
    }
  }
  return pages;
}

/** The same of one page by translating; `undefined` where nothing is there. */
function translated(of: Machine, memory: Memory, root: bigint, addr: bigint): string | undefined {
  const answers = [true, false].flatMap((user) =>
    ACCESSES.map((access) => translate(of.in({ user }), memory, { root, addr: vaddr(addr), access })),
  );
  const found = answers.find((one) => one.kind === 'address');
  if (found?.kind === 'address') return `${found.paddr} ${answers.map(({ kind }) => kind === 'address')}`;
  const [fault] = answers.slice(ACCESSES.length).flatMap((one) => (one.kind === 'fault' ? [one.name] : []));
  return { absent: undefined, short: undefined, protection: 'no access', old: 'no access', bus: 'unreadable: bus' }[
    fault as 'absent'
  ] ?? ...
}
