/** Laws of entries: what is encoded decodes to itself and reads as what it is; an empty slot is none. */
import fc from 'fast-check';
import { bumpAllocator } from '../alloc.ts';
import type { Prot } from '../arch.ts';
import { paddr, type Vaddr } from '../brand.ts';
import { createMm, populate } from '../build.ts';
import { fieldsOf, leafAddress, makeLeaf, makeTable, tableAddress } from '../codec.ts';
import { maskOf } from '../field.ts';
import type { Arch } from '../geometry.ts';
import { below, isUpper, LEVELS, type Level } from '../level.ts';
import { flatMemory } from '../memory.ts';
import { isFoldedInto, pXdIs } from '../reading.ts';
import { walk } from '../walk.ts';
import { arbitraryAddr, topsOf } from './arbitraries.ts';
import { bare, type Law, type LawMaker, same, zeroMask } from './law.ts';

/** The laws of an architecture's entries. */
export function entryLaws(arch: Arch, law: LawMaker): Law[] {
  const mm = bare(arch);
  const tables = LEVELS.filter(isUpper).filter((level) => arch.spec.levels[level].table);
  const leaves = LEVELS.filter((level) => arch.spec.levels[level].leaf);

  return [
    law('fields', 'the fields of an entry put together again are its bits', fc.bigInt(0n, 2n ** 64n - 1n), (raw) => {
      for (const level of LEVELS)
        for (const kind of ['table', 'leaf'] as const) {
          const fields = arch.spec.levels[level][kind]?.fields ?? {};
          const values = fieldsOf(arch, level, kind, raw as never);
          const all = Object.values(fields).reduce((m, f) => m | maskOf(f), 0n);
          const sum = Object.entries(fields).reduce((m, [name, f]) => m + ((values[name] ?? 0n) << BigInt(f.lo)), 0n);
          same(`fields of a ${level} ${kind}`, sum, raw & all);
        }
    }),
    law(
      'table-codec',
      'a table pointer gives back its table, and reads as one',
      fc.constantFrom(...tables),
      (level) => {
        const places = addresses(arch.geometry[below(level)].tableBytes);
        const made = places.flatMap((address) => {
          const entry = makeTable(arch, level, paddr(address));
          return entry === undefined ? [] : [{ address, entry }];
        });
        if (made.length === 0) throw new Error(`${level}: no table address can be encoded`);
        for (const { address, entry } of made) {
          same(`${level} table`, tableAddress(arch, level, entry), address);
          same(
            `bits of a ${level} table that must be 0`,
            entry & zeroMask(arch.spec.levels[level].table?.fields ?? {}),
            0n,
          );
          if (isFoldedInto(mm, level, entry)) continue;
          same(`present of a ${level} table`, pXdIs(mm, 'present', level, entry), true);
          for (const no of ['none', 'bad', 'leaf', 'swap'] as const)
            same(`${no} of a ${level} table`, pXdIs(mm, no, level, entry), false);
        }
      },
    ),
    law(
      'leaf-codec',
      'a leaf gives back its frame, and reads as what it was made with',
      leaf(leaves),
      ([level, prot]) => {
        const { is } = arch.rules[level];
        for (const address of addresses(Number(arch.geometry[level].size))) {
          const entry = makeLeaf(arch, level, paddr(address), prot);
          if (entry === undefined) continue;
          same(`${level} frame`, leafAddress(arch, level, entry), address);
          same(
            `bits of a ${level} leaf that must be 0`,
            entry & zeroMask(arch.spec.levels[level].leaf?.fields ?? {}),
            0n,
          );
          same(`none of a ${level} leaf`, is.none?.({ entry }), false);
          // A page without any right is present at pte; above, Linux makes such leaves with some architectures only.
          if (!prot.read && level !== 'pte') continue;
          same(`present of a ${level} leaf`, is.present?.({ entry }), true);
          if (level !== 'pte') same(`leaf of a ${level} leaf`, is.leaf?.({ entry }), true);
          if (!prot.read) continue;
          for (const right of ['write', 'exec', 'user'] as const) {
            const [granted, denied] = arch.spec.levels[level].leaf?.rights[right] ?? [];
            // Without a bit that denies it, a right is always there (x86 without NX).
            if (is[right]) same(`${right} of a ${level} leaf`, is[right]({ entry }), prot[right] || granted === denied);
          }
        }
      },
    ),
    law('empty', 'every slot of a new table is none', newTables(arch), ([top, addr, level]) => {
      const fresh = createMm(
        arch,
        flatMemory(new ArrayBuffer(2 ** 18)),
        bumpAllocator(paddr(0n), paddr(2n ** 18n)),
        top,
      );
      if (!fresh) throw new Error('no memory for a top table');
      same('kind', walk(fresh, addr).result.kind, 'none');
      const slot = populate(fresh, bumpAllocator(paddr(2n ** 17n), paddr(2n ** 18n)), addr, level);
      if ('kind' in slot) throw new Error(`populate: ${slot.kind}`);
      same(`kind after populate to ${level}`, walk(fresh, addr).result.kind, 'none');
    }),
  ];
}

/** Addresses of one bit each, from the alignment up. */
const addresses = (alignment: number): bigint[] =>
  Array.from({ length: 64 }, (_, n) => 1n << BigInt(n)).filter((a) => a >= BigInt(alignment));

const leaf = (levels: readonly Level[]): fc.Arbitrary<[Level, Prot]> =>
  fc.tuple(
    fc.constantFrom(...levels),
    fc.record({ read: fc.boolean(), write: fc.boolean(), exec: fc.boolean(), user: fc.constant(true) }),
  );

const newTables = (arch: Arch): fc.Arbitrary<[Level, Vaddr, Level]> =>
  fc
    .constantFrom(...topsOf(arch))
    .chain((top) => fc.tuple(fc.constant(top), arbitraryAddr(arch, top), fc.constantFrom<Level>('pmd', 'pte')));
