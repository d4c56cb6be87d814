/** Laws of sizes: indexes make up the address, slots tile ranges, folded levels hold no table. */
import fc from 'fast-check';
import { pXdAddrEnd, pXdAddrEndOf } from '../addr-end.ts';
import { paddr, type Vaddr, vaddr, vaddrWrap, wrap64 } from '../brand.ts';
import { makeTable } from '../codec.ts';
import type { Entry, Slot } from '../entry.ts';
import { isFolded, pXdOffset } from '../fold.ts';
import { type Arch, indexAt } from '../geometry.ts';
import { above, below, isUpper, LEVELS, type LowerLevel, type UpperLevel } from '../level.ts';
import { pXdIs } from '../reading.ts';
import { arbitraryAddr, topsOf } from './arbitraries.ts';
import { bare, type Law, type LawMaker, same } from './law.ts';

/** The laws of an architecture's sizes. */
export function geometryLaws(arch: Arch, law: LawMaker): Law[] {
  const { geometry, spec } = arch;
  const mm = bare(arch);
  const at = fc.constantFrom(...topsOf(arch)).chain((top) => arbitraryAddr(arch, top));
  const upper = LEVELS.filter(isUpper);
  const table = (level: UpperLevel): Entry<UpperLevel> | undefined =>
    makeTable(arch, level, paddr(BigInt(Math.max(geometry[below(level)].tableBytes, 2 ** spec.pageShift))));

  return [
    law('geometry', 'the indexes and the page offset put together are the address', at, (addr) => {
      const index = (l: keyof typeof geometry): bigint => indexAt(addr, geometry[l].shift, geometry[l].bits);
      const sum = LEVELS.reduce((a, l) => a + (index(l) << BigInt(geometry[l].shift)), 0n);
      const offset = addr & ((1n << BigInt(spec.pageShift)) - 1n);
      same('address', sum + offset, BigInt.asUintN(geometry.pgd.shift + geometry.pgd.bits, addr));
      for (const l of LEVELS) same(`size of ${l}`, geometry[l].size, 1n << BigInt(geometry[l].shift));
    }),
    law(
      'addr-end',
      'slots tile a range: addr < next ≤ end, and next is the end or a boundary',
      range(at),
      ([addr, end]) => {
        for (const level of upper) {
          const byLevel = pXdAddrEnd(mm, level, addr, end);
          const entry = table(level);
          const byEntry = entry === undefined ? [] : [pXdAddrEndOf(mm, level, entry, addr, end)];
          for (const next of [byLevel, ...byEntry]) {
            const ends = next === end || (next % geometry[level].size === 0n && next - addr <= geometry[level].size);
            const inside = next === end || (next > addr && next - 1n < wrap64(end - 1n));
            if (!ends || !inside) throw new Error(`${level}: next 0x${next.toString(16)}`);
          }
        }
      },
    ),
    law(
      'tile',
      'slot by slot, a range is covered to its end, each slot that it touches once',
      fc.tuple(at, fc.constantFrom(...upper), fc.bigInt(0n, 9n), fc.bigInt(1n, 2n ** 64n)),
      ([start, level, slots, rest]) => {
        const { size, shift } = geometry[level];
        const page = 1n << BigInt(spec.pageShift);
        const stop = start + slots * size + page * ((rest % (size / page)) + 1n);
        const end = stop < 1n << 64n ? stop : 1n << 64n;
        const entry = table(level);
        const steppers = [(addr: Vaddr): Vaddr => pXdAddrEnd(mm, level, addr, vaddrWrap(end))];
        if (entry !== undefined) steppers.push((addr) => pXdAddrEndOf(mm, level, entry, addr, vaddrWrap(end)));
        // A level that is folded when built answers the end: its one slot is as wide as that of the level above.
        const touched =
          spec.levels[level].fold?.when === 'build'
            ? 1n
            : ((end - 1n) >> BigInt(shift)) - (start >> BigInt(shift)) + 1n;
        for (const next of steppers) {
          let [at, steps]: [bigint, bigint] = [start, 0n];
          for (; at !== vaddrWrap(end) && steps <= touched; steps++) at = next(vaddr(at));
          same(`slots of ${level} from 0x${start.toString(16)} to 0x${end.toString(16)}`, steps, touched);
        }
      },
    ),
    law('covers', 'a table pointer of a level covers what the level covers', fc.constantFrom(...upper), (level) => {
      const entry = table(level);
      if (entry === undefined && spec.levels[level].table) throw new Error(`${level}: no table address fits`);
      if (entry === undefined) return;
      same(
        `covers of ${level}`,
        arch.rules[level].covers({ entry, root: mm.root ?? 0n }),
        BigInt(geometry[level].shift),
      );
    }),
    law(
      'folded',
      'a folded level holds no table: its slot is made from the pointer, and the entry above is present',
      at,
      (addr) => {
        for (const level of LEVELS.slice(1, -1) as LowerLevel[]) {
          const parent = above(level);
          const slot: Slot<UpperLevel> = { level: parent, space: 'stack', addr: 0x4000_0000n };
          for (const raw of [0n, 0x5a5a_5a5a_5a5a_5a5an, spec.levels[level].empty ?? 0n]) {
            const entry = raw as Entry<UpperLevel>;
            const folded = isFolded(mm, level, entry);
            same(`space of a ${level} slot`, pXdOffset(mm, slot, entry, addr).space, folded ? 'stack' : 'memory');
            if (!folded) continue;
            const { shift } = geometry[level];
            if (spec.levels[level].fold?.style === 'top') same(`shift of ${level}`, shift, geometry[parent].shift);
            same(`${parent} present`, pXdIs(mm, 'present', parent, entry), true);
            same(`${parent} none`, pXdIs(mm, 'none', parent, entry), false);
          }
        }
      },
    ),
  ];
}

const range = (at: fc.Arbitrary<Vaddr>): fc.Arbitrary<[Vaddr, Vaddr]> =>
  fc.oneof(
    fc.tuple(at, at).filter(([a, b]) => a < b),
    at.filter((a) => a !== 0n).map((a): [Vaddr, Vaddr] => [a, vaddr(0n)]),
  );
