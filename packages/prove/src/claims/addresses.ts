/** Addresses: indexes and offset put together again, and which addresses may be asked for. */
import {
  type Arch,
  indexAt,
  isTranslatable,
  LEVELS,
  type Level,
  translatedBits,
  type Vaddr,
} from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { bare, hex } from '../tell.ts';
import { add, and, any, eq, implies, lt, shl, shr, type Term } from '../term.ts';
import { indexTerm } from '../walk-terms.ts';

const ALL = (1n << 64n) - 1n;

/** The claims of addresses. */
export function addressClaims(arch: Arch): Claim[] {
  const { geometry, spec } = arch;
  const whole = (1n << BigInt(geometry.pgd.shift + geometry.pgd.bits)) - 1n;
  const page = (1n << BigInt(spec.pageShift)) - 1n;
  const parts = LEVELS.map((level): Term => shl(indexTerm(arch, level, 'addr'), BigInt(geometry[level].shift)));
  const recomposed: Claim = {
    law: 'address',
    at: 'indexes',
    given: [],
    follows: eq([...parts, and('addr', page)].reduce(add), and('addr', whole)),
    least: ['addr'],
    show: { addr: 'addr' },
    replay({ addr = 0n }) {
      const index = (level: Level): bigint => indexAt(addr, geometry[level].shift, geometry[level].bits);
      const sum = LEVELS.reduce((a, level) => a + (index(level) << BigInt(geometry[level].shift)), addr & page);
      return {
        keeps: sum === (addr & whole),
        story: [`the indexes and the offset of ${hex(addr)} make ${hex(sum)}`],
      };
    },
  };
  const tops = LEVELS.filter((level) => spec.root.tops[level]);
  return [recomposed, ...tops.map((top) => askable(arch, top)), ...tops.map((top) => unique(arch, top))];
}

/** Every address below a top table's limit is one that its indexes tell from all others. */
function askable(arch: Arch, top: Level): Claim {
  const limit = arch.spec.root.tops[top]?.limit ?? 0n;
  return {
    law: 'address',
    at: `below the limit of ${top}`,
    given: [lt('addr', limit)],
    follows: translatableTerm(arch, top, 'addr'),
    least: ['addr'],
    show: { addr: 'addr' },
    replay: ({ addr = 0n }) => ({
      keeps: addr >= limit || isTranslatable(bare(arch), top, addr as Vaddr),
      story: [`${hex(addr)} is below the limit ${hex(limit)}, and no table of ${top} translates it`],
    }),
  };
}

/** Whether the bits above the translated ones are as the definition wants them; of two halves, the lower. */
function translatableTerm(arch: Arch, top: Level, addr: Term): Term {
  const { extend } = arch.spec.va;
  const kept = BigInt(translatedBits(arch, top) - (extend === 'sign' ? 1 : 0));
  const above = shr(addr, kept);
  const zero = eq(above, 0n);
  return extend === 'sign' ? any(zero, eq(above, ALL >> kept)) : zero;
}

/** Addresses that are translatable and have the same indexes and offset are the same. */
function unique(arch: Arch, top: Level): Claim {
  const { geometry, spec } = arch;
  const bits = (1n << BigInt(translatedBits(arch, top))) - 1n;
  const offset = (1n << BigInt(spec.pageShift)) - 1n;
  const may = (addr: bigint): boolean => isTranslatable(bare(arch), top, addr as Vaddr);
  return {
    law: 'address',
    at: `translated from ${top}`,
    given: [translatableTerm(arch, top, 'a'), translatableTerm(arch, top, 'b')],
    follows: implies(eq(and('a', bits), and('b', bits)), eq('a', 'b')),
    least: ['a', 'b'],
    show: { a: 'a', b: 'b' },
    replay({ a = 0n, b = 0n }) {
      const same = LEVELS.slice(LEVELS.indexOf(top)).every((level) => {
        const { shift, bits: width } = geometry[level];
        return indexAt(a, shift, width) === indexAt(b, shift, width);
      });
      return {
        keeps: !may(a) || !may(b) || !same || (a & offset) !== (b & offset) || a === b,
        story: [`${hex(a)} and ${hex(b)} are both translated, by the same entries`],
      };
    },
  };
}
