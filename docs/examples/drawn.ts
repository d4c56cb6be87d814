/** One address in processes of s390 with 2 and with 3 levels: what is folded there, drawn. */
import { type Levels, s390, topOf } from '@kernel-mm/arch-s390';
import { figureOf, svg, vaddr, walk } from '@kernel-mm/pgtable-core';
import { spaceWith } from './space.ts';

// #region drawn
/** The walk of 0x7fffe123 in a process with so many levels, as SVG. */
export function drawn(levels: Levels): string {
  const mm = spaceWith(s390(), topOf(levels), [0x7fff_c000n]);
  return svg(figureOf(mm, walk(mm, vaddr(0x7fff_e123n))));
}
// #endregion drawn
