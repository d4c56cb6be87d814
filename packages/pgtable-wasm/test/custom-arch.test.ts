/** Architectures of users: those of the guides, and one like none of ours, are compiled as ours are. */
import { nopud } from '@kernel-mm/arch-generic';
import {
  type Arch,
  address,
  defineArch,
  flag,
  has,
  type LevelSpec,
  lacks,
  not,
  software,
} from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import { loongarch64 } from '../../../docs/examples/loongarch64.ts';
import { rootBit } from '../../../docs/examples/root-bit.ts';
import { sv39 } from '../../../docs/examples/sv39.ts';
import { dynamic, minimum, nested, toy } from '../../../docs/examples/toy.ts';
import { runArch } from './support/run-arch.ts';

const isFull = process.env.KERNEL_MM_RUNS === 'full';

const page: LevelSpec['is'] = {
  ...{ none: not('entry'), present: has(1n), write: has(2n), exec: lacks(4n), user: has(8n), special: has(0x10n) },
};
const upper: LevelSpec['is'] = { none: not('entry'), present: has(1n), bad: has(0x1en) };
const table = { fields: { V: flag(0), high: address(31, 6, 10) }, base: 1n };

/** Entries of 4 bytes, big-endian; pointers that are shifted; slots of 12 bytes at pmd, of 8 at pte; pages of 1 KiB. */
const narrow: Arch = defineArch({
  id: 'narrow',
  pageShift: 10,
  byteOrder: 'big',
  entryBytes: 4,
  va: { extend: 'sign', bits: 25 },
  root: { fields: { origin: address(35, 10) }, tops: { pgd: { base: 0n, limit: 1n << 24n } } },
  levels: nopud({
    pgd: { bits: 3, table, is: upper },
    pmd: { bits: 5, slotBytes: 12, tableBytes: 1024, table, is: upper },
    pte: {
      bits: 7,
      slotBytes: 8,
      leaf: {
        fields: { V: flag(0), W: flag(1), NX: flag(2), U: flag(3), special: software(4), frame: address(31, 5, 10) },
        base: 1n,
        rights: { read: [0n, 0n], write: [2n, 0n], exec: [0n, 4n], user: [8n, 0n] },
      },
      is: page,
    },
  }),
});

test.each([
  ['narrow', narrow],
  ['toy, the minimum', minimum],
  ['toy', toy],
  ['toy, folded per process', dynamic],
  ['toy, two kinds of folds', nested],
  ['folded by a bit of the root', rootBit],
  ['Sv39 of the guide', sv39],
  ['loongarch64', loongarch64({ pmd: 0n, pte: 0n })],
] as const)('%s: as the reference', (_, arch) => {
  const amount = isFull
    ? { spaces: 60, addrs: 4000, lookups: 60, ranges: 100 }
    : { spaces: 24, addrs: 150, lookups: 20, ranges: 8 };
  const { translations, ends } = runArch(arch, amount, 11);
  expect(translations).toBe(amount.spaces * amount.addrs);
  expect(ends.size).toBeGreaterThan(2);
});
