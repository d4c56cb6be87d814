/** um's translation by hand: what PROTNONE takes away, and that Linux's own helpers do not see it. */
import { type Access, linuxMmu, machine } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { um, umMmu } from '../src/index.ts';
import { asks } from './support/entries.ts';
import { answer, takers, told, type Words } from './support/translate.ts';

// Two levels: pgd[1] at 0x10004 = table at 0x20000, pte[2] at 0x20008; the page is 0x9000.
const arch = um({ levels: '2' });
const va = 0x40_2567n;
const page = (raw: bigint): Words => ({ '0x10004': 0x2_01e1n, '0x20008': raw });
const ask = (raw: bigint, access: Access, user: boolean): string =>
  told(machine(umMmu(arch), { user }), page(raw), 0x1_0000n, va, access);

describe.each([true, false])('user %s', (user) => {
  test.each<[string, bigint, read: string, write: string, execute: string]>([
    ['a page', 0x91e1n, '0x9567', '0x9567', '0x9567'],
    ['read-only', 0x91c1n, '0x9567', 'protection', '0x9567'],
    ['PROTNONE in place of PRESENT', 0x91f0n, 'protection', 'protection', 'protection'],
    ['PROTNONE as Linux makes it', 0x9096n, 'protection', 'protection', 'protection'],
    ['neither: swapped out', 0x91e0n, 'not-present', 'not-present', 'not-present'],
  ])('%s', (_, raw, ...expected) => {
    expect((['read', 'write', 'execute'] as const).map((access) => ask(raw, access, user))).toEqual(expected);
  });
});

test('it says which bit took the rights', () => {
  const got = answer(machine(umMmu(arch)), page(0x91f0n), 0x1_0000n, va);
  expect(takers(got)).toEqual(expect.arrayContaining(['read pte: PROTNONE = 1', 'execute pte: PROTNONE = 1']));
});

test('the helpers answer as Linux does without NUMA balancing: present, and no protnone', () => {
  expect(asks(arch, 'pte', 'present', 0x91f0n)).toBe(true);
  expect(asks(arch, 'pte', 'protnone', 0x91f0n)).toBe(false);
  expect(told(machine(linuxMmu(arch)), page(0x91f0n), 0x1_0000n, va)).toBe('0x9567');
});
