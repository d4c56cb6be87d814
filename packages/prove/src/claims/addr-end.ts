/** Where a slot ends: every level, from the level and from the entry, for all addresses and all entries. */
import {
  type Arch,
  type Entry,
  isUpper,
  LEVELS,
  type Mm,
  pXdAddrEnd,
  pXdAddrEndOf,
  type Vaddr,
  wrap64,
} from '@kernel-mm/pgtable-core';
import type { Claim } from '../claim.ts';
import { bare, hex } from '../tell.ts';
import { all, and, any, eq, le, sub } from '../term.ts';
import { boundaryTerm } from '../walk-terms.ts';

/** The claims of `pXd_addr_end`. */
export const addrEndClaims = (arch: Arch): Claim[] =>
  LEVELS.filter(isUpper).flatMap((level) =>
    (['level', 'entry'] as const).map((boundary): Claim => {
      const range = ['addr', 'end'] as const;
      const { next, size } = boundaryTerm(arch, level, boundary, { entry: 'entry', root: 'root' }, range);
      const last = sub('end', 1n);
      return {
        law: 'addr-end',
        at: `${level}, by ${boundary}`,
        given: [le('addr', last)],
        follows: all(
          le('addr', sub(next, 1n)),
          le(sub(next, 1n), last),
          any(eq(next, 'end'), all(eq(and(next, sub(size, 1n)), 0n), le(sub(sub(next, 'addr'), 1n), sub(size, 1n)))),
        ),
        least: [sub('end', 'addr'), 'addr', 'entry'],
        show: { addr: 'addr', end: 'end', ...(boundary === 'entry' && { entry: 'entry', root: 'root' }) },
        replay({ addr = 0n, end = 0n, entry = 0n, root = 0n }) {
          const mm: Mm = { ...bare(arch), root };
          const found =
            boundary === 'level'
              ? pXdAddrEnd(mm, level, addr as Vaddr, end as Vaddr)
              : pXdAddrEndOf(mm, level, entry as Entry<typeof level>, addr as Vaddr, end as Vaddr);
          const covered =
            boundary === 'level' ? arch.geometry[level].size : 1n << arch.rules[level].covers({ entry, root });
          const inside = addr <= wrap64(found - 1n) && wrap64(found - 1n) <= wrap64(end - 1n);
          const border = found % covered === 0n && wrap64(found - addr - 1n) < covered;
          return {
            keeps: addr <= wrap64(end - 1n) && inside && (found === end || border),
            story: [`${level}_addr_end(${hex(addr)}, ${hex(end)}) = ${hex(found)}, of slots of ${hex(covered)} bytes`],
          };
        },
      };
    }),
  );
