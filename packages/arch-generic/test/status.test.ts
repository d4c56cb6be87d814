/** The words that kernels print of a fault, whole: what the reports in the vectors say of their registers. */
import { readFileSync } from 'node:fs';
import { type Access, type Mmu, machine } from '@kernel-mm/pgtable-core';
import { checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES } from '../src/index.ts';
import { answer, type Words } from './support/translate.ts';

/** The status of each fault of a vector file, by the case's name. */
function statuses(file: string): ReadonlyMap<string, Readonly<Record<string, bigint>> | undefined> {
  const json = JSON.parse(readFileSync(new URL(`../../../fixtures/vectors/${file}.json`, import.meta.url), 'utf8'));
  return new Map(
    checkWalkVectors(json, (id) => ARCHITECTURES[id]?.() as Mmu | undefined).map((one) => [
      one.name,
      one.kind === 'ran' && one.got.kind === 'fault' ? one.got.status : undefined,
    ]),
  );
}

describe('as the reports print it', () => {
  test.each<[file: string, name: RegExp, status: Readonly<Record<string, bigint>>]>([
    ['arm-short-reports', /FSR 17/, { DFSR: 0x17n, DFAR: 0x28n }],
    ['arm-short-reports', /BCM2835/, { DFSR: 0x17n, DFAR: 0xcn }],
    ['arm-short-reports', /FSR 805/, { DFSR: 0x805n, DFAR: 0x1200_5456n }],
    ['arm64-4k-va48-reports', /ESR 96000006/, { ESR_EL1: 0x9600_0006n, FAR_EL1: 0xffff_8000_0138_2ff0n }],
    ['arm64-4k-va48-reports', /ESR 92000006/, { ESR_EL1: 0x9200_0006n, FAR_EL1: 0x28n }],
    ['arm64-4k-va39-reports', /ESR 96000045/, { ESR_EL1: 0x9600_0045n, FAR_EL1: 0n }],
    ['arm64-4k-va39-reports', /ESR 92000006/, { ESR_EL1: 0x9200_0006n, FAR_EL1: 0n }],
    ['arm64-16k-va47-report', /ESR 96000005/, { ESR_EL1: 0x9600_0005n, FAR_EL1: 0xffff_a4f4_4000_1638n }],
    ['powerpc-radix-64k-report', /SRR1/, { SRR1: 0x1000_0000n, SRR0: 0xc000_0000_02bf_f4f0n }],
    ['powerpc-radix-64k-report', /DSISR/, { DSISR: 0x0800_0000n, DAR: 0x2bf_f4f0n }],
    ['x86-64-reports', /^write to a read-only page/, { 'error code': 3n, CR2: 0xffff_8880_07e0_0360n }],
    ['riscv-sv39-reports', /^A and D set/, { scause: 15n, stval: 0xe_56ab_9b40n }],
  ])('%s: %s', (file, name, status) => {
    const found = [...statuses(file)].filter(([one]) => name.test(one));
    expect(found.map(([, got]) => got)).toEqual([status]);
  });
});

describe('what the reports have none of', () => {
  const of = (id: string, words: Words, access: Access, state: object = {}) => {
    const got = answer(machine(ARCHITECTURES[id]!(), state), words, 0x4000n, 0x1234n, access);
    return got.kind === 'fault' ? got.status : got;
  };
  test.each<[string, string, Words, Access, object, object]>([
    [
      'arm: a fetch, no domain',
      'arm-short',
      { '0x4000': 0x8421n, '0x8404': 0n },
      'execute',
      {},
      { IFSR: 7n, IFAR: 0x1234n },
    ],
    [
      'arm: the domain of a page',
      'arm-short',
      { '0x4000': 0x84a1n, '0x8404': 0n },
      'write',
      {},
      { DFSR: 0x857n, DFAR: 0x1234n },
    ],
    ['arm before v6: no WnR', 'arm-short', { '0x4000': 0n }, 'write', { subpages: true }, { DFSR: 5n, DFAR: 0x1234n }],
    ['arm, outside memory', 'arm-short', {}, 'read', {}, { DFSR: 0xcn, DFAR: 0x1234n }],
    ['LPAE says that it is', 'arm-lpae', { '0x4000': 0n }, 'write', {}, { DFSR: 0xa05n, DFAR: 0x1234n }],
    ['LPAE, a fetch', 'arm-lpae', { '0x4000': 0n }, 'execute', {}, { IFSR: 0x205n, IFAR: 0x1234n }],
    [
      'arm64, a fetch from EL1',
      'arm64-4k-va48',
      { '0x4000': 0n },
      'execute',
      {},
      { ESR_EL1: 0x8600_0004n, FAR_EL1: 0x1234n },
    ],
    [
      'arm64, from EL0',
      'arm64-4k-va48',
      { '0x4000': 0n },
      'execute',
      { user: true },
      { ESR_EL1: 0x8200_0004n, FAR_EL1: 0x1234n },
    ],
    [
      'arm64, a store from EL0',
      'arm64-4k-va48',
      { '0x4000': 0n },
      'write',
      { user: true },
      { ESR_EL1: 0x9200_0044n, FAR_EL1: 0x1234n },
    ],
  ])('%s', (_, id, words, access, state, status) => expect(of(id, words, access, state)).toEqual(status));
});
