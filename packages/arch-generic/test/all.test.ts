/** The table of all architectures: each under its own id, each that the vector format lists, each by a Linux version. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { machine } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';

/** The ids of the vector format, but for s390, which has a package of its own. */
const IDS = [
  ...['x86-32', 'x86-pae', 'x86-64', 'x86-64-la57'],
  ...['riscv-sv32', 'riscv-sv39', 'riscv-sv48', 'riscv-sv57'],
  ...['arm-short', 'arm-lpae'],
  ...['arm64-4k-va39', 'arm64-4k-va48', 'arm64-4k-va48-lpa2', 'arm64-4k-va52-lpa2'],
  ...['arm64-16k-va36', 'arm64-16k-va47', 'arm64-16k-va48', 'arm64-16k-va48-lpa2', 'arm64-16k-va52-lpa2'],
  ...['arm64-64k-va42', 'arm64-64k-va48', 'arm64-64k-va52'],
  ...['arm64-64k-va42-lpa', 'arm64-64k-va48-lpa', 'arm64-64k-va52-lpa'],
  ...['powerpc-radix-4k', 'powerpc-radix-64k'],
  ...['sparc64', 'um-2level', 'um-3level-64', 'um-3level-32'],
];

test('all ids of the vector format are there', () => {
  expect(Object.keys(ARCHITECTURES)).toEqual(expect.arrayContaining(IDS));
});

describe.each(Object.entries(ARCHITECTURES))('%s', (id, make) => {
  test('is what it is called', () => expect(make().arch.id).toBe(id));
  test('makes a machine in its default state', () => {
    const { arch, levels } = machine(make());
    expect(arch.id).toBe(id);
    expect(Object.keys(levels).length).toBeGreaterThanOrEqual(2);
  });
});

test('by the helpers of a Linux version: arm64’s present-invalid bit came with v6.11', () => {
  const present = (linux?: '6.1' | '6.12') =>
    ARCHITECTURES['arm64-4k-va48']?.(linux).arch.rules.pte.is.present?.({ entry: 0x800n });
  expect([present('6.1'), present('6.12'), present()]).toEqual([false, true, true]);
});
