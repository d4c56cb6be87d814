/** The kernel's selftests of gup: gup_test with its commands and options, gup_longterm with its table. */
import {
  type Call,
  ERAS,
  type FollFlag,
  flagsFromBits,
  pinUserPages,
  pinUserPagesFast,
  unpinUserPages,
} from '@kernel-mm/gup-fast';
import { describe, expect, test } from 'vitest';
import { type AddressSpace, Backing, type BackingKind, type MmapRequest } from '../src/index.ts';
import { type Command, gupTest } from './support/gup-test.ts';
import { archs, at, counts, space } from './support/spaces.ts';

const COMMANDS: Command[] = [
  ...(['GUP_FAST_BENCHMARK', 'PIN_FAST_BENCHMARK', 'PIN_LONGTERM_BENCHMARK'] as const),
  ...(['GUP_BASIC_TEST', 'PIN_BASIC_TEST', 'DUMP_USER_PAGES_TEST'] as const),
];
const eras = Object.entries(ERAS);

/** What the tool's options map: -S shared, -H hugetlb, -f a file, -t THP; private anonymous memory without any. */
const MAPPINGS: Readonly<Record<string, (s: AddressSpace) => Partial<MmapRequest>>> = {
  'private, anonymous': () => ({}),
  '-t: THP': () => ({ huge: 'pmd' }),
  '-S: shared': (s) => ({ shared: true, backing: new Backing(s.pages, { kind: 'shmem' }) }),
  '-H: hugetlb': (s) => ({ backing: new Backing(s.pages, { kind: 'hugetlb', order: hugeOrder(s) }) }),
  '-f: a file': (s) => ({ backing: new Backing(s.pages, { kind: 'file' }) }),
  '-f -S: a shared file': (s) => ({ shared: true, backing: new Backing(s.pages, { kind: 'file' }) }),
};

const hugeOrder = ({ mm: { arch } }: AddressSpace): number => arch.geometry.pmd.shift - arch.spec.pageShift;
const hasHuge = ({ mm: { arch } }: AddressSpace): boolean =>
  arch.spec.levels.pmd.leaf !== undefined &&
  arch.spec.levels.pmd.is.leaf !== undefined &&
  hugeOrder({ mm: { arch } } as never) > 0;

describe.each(archs)('%s', (_, arch, top) => {
  const page = arch.geometry.pte.size;
  const SIZE = 16n;

  /** mmap, fault every page in from user space, run, and what is left of it. */
  function run(
    command: Command,
    mapping: string,
    options: { write?: boolean; n?: number; era?: string; flags?: FollFlag[] } = {},
  ) {
    const s = space(arch, { top });
    const start = arch.geometry.pmd.size > page ? arch.geometry.pmd.size : 64n * page;
    const vma = s.mmap({
      addr: at(start),
      size: SIZE * page,
      write: true,
      ...MAPPINGS[mapping]!(s),
      ...hugeSize(s, mapping),
    });
    s.touch(vma.start, SIZE * page, true);
    const before = counts(s.pages);
    const era = ERAS[(options.era ?? 'v7.1') as keyof typeof ERAS];
    const flags = options.flags ?? (options.write === false ? [] : (['WRITE'] as const));
    const result = gupTest(s, s.gup({ era }), command, {
      ...{ addr: vma.start, size: SIZE * page, flags, nrPagesPerCall: options.n ?? 1, which: [1, 16, 17, 0] },
    });
    expect(counts(s.pages), 'what was taken is given back').toBe(before);
    expect(s.pages.reports).toEqual([]);
    expect(s.pages.pinned.acquired).toBe(s.pages.pinned.released);
    return {
      ...result,
      s,
      vma,
      expected: Array.from({ length: 16 }, (_, n) => s.frame(at(vma.start + BigInt(n) * page))),
    };
  }
  const hugeSize = (s: AddressSpace, mapping: string) =>
    /THP|hugetlb/.test(mapping) && hasHuge(s) ? { size: arch.geometry.pmd.size } : {};
  const probe = space(arch, { top });
  const mappings = Object.keys(MAPPINGS).filter((name) => hasHuge(probe) || !/THP|hugetlb/.test(name));

  describe.each(COMMANDS)('%s', (command) => {
    test.each(mappings)('%s: every page of the range, whatever the chunks, for writing and for reading', (mapping) => {
      for (const [era] of eras)
        for (const write of [true, false])
          for (const n of [1, 3, 16, 100]) {
            const longFile =
              command === 'PIN_LONGTERM_BENCHMARK' && mapping === '-f -S: a shared file' && write && era !== 'v5.9';
            const { size, frames, expected, unpinned, dumped } = run(command, mapping, { era, write, n });
            if (longFile) expect([frames, size]).toEqual([[], 0n]);
            else {
              expect(size).toBe(SIZE * page);
              expect(frames).toEqual(expected);
              expect(dumped).toEqual([frames[0], frames[15]]);
            }
            expect(unpinned).toEqual([]);
          }
    });
  });

  test('-F: flags by their number, of either era', () => {
    for (const [era, { bits }] of eras) {
      const flags = flagsFromBits(bits, bits.WRITE ?? 0);
      expect(run('PIN_FAST_BENCHMARK', 'private, anonymous', { era, flags: flags ?? [] }).frames).toHaveLength(16);
    }
  });

  test('a short answer counts its whole chunk and ends the loop; an error leaves it where it is', () => {
    const s = space(arch, { top });
    const start = 64n * page;
    s.mmap({ addr: at(start), size: 6n * page, write: true });
    const short = (n: number) =>
      gupTest(s, s.gup(), 'GUP_FAST_BENCHMARK', {
        addr: at(start),
        size: 12n * page,
        flags: ['WRITE'],
        nrPagesPerCall: n,
      });
    expect(short(4)).toMatchObject({ size: 8n * page, frames: { length: 6 } });
    expect(short(6)).toMatchObject({ size: 6n * page, frames: { length: 6 } });
    expect(short(1)).toMatchObject({ size: 6n * page, frames: { length: 6 } });
  });
});

test('a size that wraps is EINVAL', () => {
  const s = space(archs[0]![1], { top: archs[0]![2] });
  const test = { addr: at(0x1000n), size: 2n ** 64n - 0x1000n, flags: [], nrPagesPerCall: 1 };
  expect(gupTest(s, s.gup(), 'GUP_FAST_BENCHMARK', test)).toMatchObject({ error: 'EINVAL', size: 0n });
});

// gup_longterm: memfd and tmpfile are shmem, local tmpfiles an ordinary file system's, memfd-hugetlb hugetlb.
const CLASSES: BackingKind[] = ['shmem', 'file', 'hugetlb', 'secretmem', 'fsdax'];

describe.each(archs)('gup_longterm on %s', (_, arch, top) => {
  const page = arch.geometry.pte.size;
  const probe = space(arch, { top });
  const kinds = CLASSES.filter((kind) => kind !== 'hugetlb' || hasHuge(probe));
  const calls: [string, Call][] = [
    ['slow', pinUserPages],
    ['fast', pinUserPagesFast],
  ];

  for (const kind of kinds)
    for (const shared of kind === 'secretmem' ? [true] : [true, false])
      for (const write of [true, false])
        for (const [path, call] of calls)
          test(`${write ? 'R/W' : 'R/O'}, ${path}, ${shared ? 'MAP_SHARED' : 'MAP_PRIVATE'}, ${kind}`, () => {
            for (const [eraName, era] of eras) {
              // Up to v6.16 there is no such memory where entries cannot say that they are a device's.
              if (kind === 'fsdax' && era.devmap && !arch.spec.levels.pte.mk?.devmap) continue;
              const s = space(arch, { top });
              const order = kind === 'hugetlb' ? hugeOrder(s) : 0;
              const backing = new Backing(s.pages, { kind, order });
              const size = page << BigInt(Math.max(order, 2));
              const mapped = s.mmap({ addr: at(arch.geometry.pmd.size * 2n), size, write: true, shared, backing });
              s.touch(mapped.start, size, true);
              const vma = write ? mapped : s.protect(mapped, { read: true, write: false });
              const before = counts(s.pages);
              const gup = s.gup({ era });
              const result = call(gup, vma.start, 4, ['LONGTERM', ...(write ? (['WRITE'] as const) : [])]);
              const refused = refusal(kind, shared, write, eraName, path);
              expect(result.error, eraName).toBe(refused);
              expect(result.ret, eraName).toBe(refused ? result.ret : 4);
              unpinUserPages(gup, result.frames);
              expect(s.pages.reports).toEqual([]);
              if (!refused)
                expect(counts(s.pages).split(', ').slice(0, before.split(', ').length).join(', ')).toBe(before);
            }
          });

  /** Works if private, or read-only, or the file system allows writing for long; secretmem never, device memory neither. */
  function refusal(kind: BackingKind, shared: boolean, write: boolean, era: string, path: string): string | undefined {
    // The slow path asks the mapping; the fast one finds the copies of a private one, which lie on no device.
    if (kind === 'fsdax') return shared || path === 'slow' ? 'EOPNOTSUPP' : undefined;
    if (kind === 'secretmem') return era === 'v5.9' ? undefined : 'EFAULT';
    return kind === 'file' && shared && write && era !== 'v5.9' ? 'EFAULT' : undefined;
  }
});
