/** Whether every slot of an architecture is aligned to its entries, whatever tables hold: what atomic loads want. */
import { type Arch, type Expr, LEVELS } from '@kernel-mm/pgtable-core';
import { levelsOf } from './level.ts';

/** How many low bits of an expression are 0 for certain, where those of `slot` are. */
function zeros(e: Expr, ofSlot: number): number {
  if (typeof e === 'bigint') return e === 0n ? 64 : e.toString(2).length - e.toString(2).lastIndexOf('1') - 1;
  if (typeof e === 'string') return e === 'slot' ? ofSlot : 0;
  const of = (part: Expr): number => zeros(part, ofSlot);
  switch (e[0]) {
    case 'and':
      return Math.max(of(e[1]), of(e[2]));
    case 'or':
    case 'xor':
    case 'add':
      return Math.min(of(e[1]), of(e[2]));
    case 'shl':
      return typeof e[2] === 'bigint' ? Math.min(64, of(e[1]) + Number(e[2])) : of(e[1]);
    case 'shr':
      return typeof e[2] === 'bigint' ? Math.max(0, of(e[1]) - Number(e[2])) : 0;
    case 'select':
      return Math.min(of(e[2]), of(e[3]));
    default:
      return 0;
  }
}

/** The first level whose slots may be unaligned; `undefined` where all are aligned. */
export function unaligned(arch: Arch): string | undefined {
  const wanted = Math.log2(arch.entryBytes);
  return LEVELS.find((_, n) => {
    const { table, foldedSlot } = levelsOf(arch)[n] as ReturnType<typeof levelsOf>[number];
    return zeros(table, 0) < wanted || (foldedSlot !== undefined && zeros(foldedSlot, wanted) < wanted);
  });
}
