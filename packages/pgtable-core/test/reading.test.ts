import { describe, expect, test } from 'vitest';
import {
  type Entry,
  flatMemory,
  isFoldedInto,
  type Level,
  mmFromTable,
  type Predicate,
  paddr,
  pXdIs,
} from '../src/index.ts';
import { LARGE, toy3, toyBoot, toyProcess } from './support/toys.ts';

const at = (arch = toyProcess) => mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
const ASKED: readonly Predicate[] = ['none', 'present', 'bad', 'leaf', 'write', 'protnone', 'swap'];
const yes = (arch: typeof toy3, level: Level, raw: bigint): Predicate[] =>
  ASKED.filter((predicate) => pXdIs(at(arch), predicate, level, raw as Entry));

describe('above a folded level the answers are constants, whatever the bits are', () => {
  test.each([0n, 0x5a5a_5a5a_5a5a_5a5an, 0xffff_ffff_ffff_ffffn])('folded when built: 0x%x', (raw) => {
    expect(yes(toy3, 'pgd', raw)).toEqual(['present']);
    expect(yes(toy3, 'p4d', raw)).toEqual(['present']);
    expect(yes(toyBoot, 'p4d', raw)).toEqual(['present']);
  });

  test('folded in this process: the empty entry of a pud table at pgd and p4d, and at pud itself', () => {
    expect(yes(toyProcess, 'pgd', 5n)).toEqual(['present']);
    expect(yes(toyProcess, 'p4d', 5n)).toEqual(['present']);
    expect(yes(toyProcess, 'pud', 5n)).toEqual(['none']);
  });

  test('also present for an entry that would be none', () => {
    expect(yes(toyProcess, 'p4d', 4n)).toEqual(['present']);
  });
});

test('at a level that has a table below, the bits answer', () => {
  expect(yes(toy3, 'pud', 0n)).toEqual(['none']);
  expect(yes(toy3, 'pud', 0x5001n)).toEqual(['present']);
  expect(yes(toy3, 'pmd', 0x8007n)).toEqual(['present', 'leaf', 'write']);
  expect(yes(toy3, 'pte', 0x8060n)).toEqual(['present', 'protnone']);
  expect(yes(toyProcess, 'pgd', 0x5003n)).toEqual(['present']);
  expect(yes(toyProcess, 'pud', 0x4_0001n | LARGE)).toEqual(['present', 'leaf']);
});

test('a type above what the level can have is bad', () => {
  expect(yes(toyProcess, 'pmd', 0x5001n)).toEqual(['present', 'bad']);
  expect(yes(toyProcess, 'pud', 0x5003n)).toEqual(['present', 'bad']);
});

test('which entries are only a place to pass through', () => {
  expect(isFoldedInto(at(toy3), 'pgd', 0n as Entry)).toBe(true);
  expect(isFoldedInto(at(toy3), 'pud', 0n as Entry)).toBe(false);
  expect(isFoldedInto(at(), 'pgd', 3n as Entry)).toBe(false);
  expect(isFoldedInto(at(), 'pgd', 2n as Entry)).toBe(true);
  expect(isFoldedInto(at(), 'pmd', 0n as Entry)).toBe(false);
  expect(isFoldedInto(at(), 'pte', 0n as Entry)).toBe(false);
});
