/** TASK_SIZE_MAX and gup_fast_permitted of each architecture, as its kernel has them. */
import { type Arch, fastLimitOf, flatMemory, limitOf, mmFromTable, paddr, taskSizeMax } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import {
  type Arm64Options,
  arm64,
  armLpae,
  type LinuxVersion,
  powerpc,
  powerpcHash,
  riscv,
  sparc64,
  x86,
} from '../src/index.ts';

const bit = (n: number): bigint => 1n << BigInt(n);
const limits = (arch: Arch): Record<'taskSize' | 'taskSizeMax' | 'walk', bigint> => {
  const mm = mmFromTable(arch, flatMemory(new ArrayBuffer(0)), paddr(0n));
  return { taskSize: limitOf(mm, 'pgd'), taskSizeMax: taskSizeMax(arch), walk: fastLimitOf(mm, 'pgd') };
};
const same = (limit: bigint) => ({ taskSize: limit, taskSizeMax: limit, walk: limit });
/** A kernel whose calls may go beyond what its tables translate, and whose walks then do. */
const beyond = (taskSize: bigint, most: bigint) => ({ taskSize, taskSizeMax: most, walk: most });

test.each<[string, Arch, ReturnType<typeof limits>]>([
  ['x86-32', x86({ paging: '2-level' }), same(0xc000_0000n)],
  ['x86-pae', x86({ paging: 'pae' }), same(0xc000_0000n)],
  ['x86-64', x86({ paging: '4-level' }), same(bit(47) - 0x1000n)],
  ['x86-64-la57', x86({ paging: '5-level' }), same(bit(56) - 0x1000n)],
  ['arm-lpae', armLpae(), same(0xbf00_0000n)],
  ['powerpc-radix-4k', powerpc({ page: '4k' }), same(bit(46))],
  ['powerpc-radix-64k', powerpc({ page: '64k' }), same(bit(52))],
  ['powerpc-hash-4k', powerpcHash(), same(bit(46))],
  ['sparc64', sparc64({ cpu: 'sun4v' }), beyond(bit(52), bit(64) - bit(34))],
])('%s', (_, arch, wanted) => expect(limits(arch)).toEqual(wanted));

test.each<[Arm64Options, bits: number, built: number]>([
  [{ granule: '4k', va: 39 }, 39, 39],
  [{ granule: '4k', va: 48 }, 48, 48],
  [{ granule: '4k', va: 52 }, 52, 52],
  [{ granule: '4k', va: 52, lpa2: false }, 48, 52],
  [{ granule: '16k', va: 47 }, 47, 47],
  [{ granule: '16k', va: 52, lpa2: false }, 47, 52],
  [{ granule: '64k', va: 52 }, 52, 52],
])('arm64, %o: by VA_BITS as built', (options, bits, built) =>
  expect(limits(arm64(options))).toEqual(beyond(bit(bits), bit(built))),
);

test.each<[LinuxVersion, broken: boolean]>([
  ['6.8', false],
  ['6.9', false],
  ['6.10', true],
  ['6.12', true],
  ['6.12.35', true],
  ['6.12.36', false],
  ['6.14', true],
  ['6.15.4', true],
  ['6.15.5', false],
  ['6.16', false],
])('riscv %s (CVE-2025-38434): %s', (linux, broken) => {
  for (const [mode, bits] of [
    ['sv39', 38],
    ['sv48', 47],
    ['sv57', 56],
  ] as const)
    expect(limits(riscv({ mode, linux }))).toEqual(broken ? beyond(bit(bits), bit(63) - 1n) : same(bit(bits)));
  // Only where CONFIG_64BIT is.
  expect(limits(riscv({ mode: 'sv32', linux }))).toEqual(same(0x9c80_0000n));
});

test('gup_fast_permitted is x86-64’s alone here; elsewhere TASK_SIZE_MAX bounds a walk', () => {
  for (const arch of [x86({ paging: '4-level' }), x86({ paging: '5-level' })])
    expect(arch.spec.gupFastPermitted, arch.id).toBeUndefined();
  for (const arch of [
    ...[x86({ paging: '2-level' }), x86({ paging: 'pae' }), armLpae(), arm64({ granule: '4k', va: 48 })],
    ...[riscv({ mode: 'sv39' }), powerpc({ page: '4k' }), powerpcHash(), sparc64({ cpu: 'sun4u' })],
  ])
    expect(arch.spec.gupFastPermitted, arch.id).toBe(false);
});
