/** Laws of walks: what was mapped is found, and loops over slots stay where the addresses are. */
import { pXdAddrEnd, pXdAddrEndOf } from '../addr-end.ts';
import { vaddr, vaddrWrap } from '../brand.ts';
import { pXdOffset } from '../fold.ts';
import type { Arch } from '../geometry.ts';
import { unmap } from '../map.ts';
import { isTranslatable, readEntry } from '../mm.ts';
import { isAddressCorrect, keepsLaw } from '../oracles.ts';
import { pXdIs } from '../reading.ts';
import { StackArea } from '../stack.ts';
import type { Stepper } from '../stepper.ts';
import { walk } from '../walk.ts';
import { type RangeStep, walkRange } from '../walk-range.ts';
import { arbitrarySpace, type Space } from './arbitraries.ts';
import { type Law, type LawMaker, same } from './law.ts';

/** Real pointers, ends from the entry: what patch 2 of the series gives an ordinary walker. */
const entryAware: Stepper = {
  name: 'real pointers, entry-aware',
  descend: (mm, { slot, entry }, addr) => pXdOffset(mm, slot, entry, addr),
  boundary: pXdAddrEndOf,
};
/** Real pointers, ends from the level: an ordinary walker of v5.9. */
const byLevel: Stepper = {
  name: 'real pointers, from the level',
  descend: entryAware.descend,
  boundary: (mm, level, _entry, addr, end) => pXdAddrEnd(mm, level, addr, end),
};

/** The laws of walks over an architecture's tables. */
export function walkLaws(arch: Arch, law: LawMaker): Law[] {
  const spaces = arbitrarySpace(arch);
  const page = arch.geometry.pte.size;

  return [
    law('map-walk', 'the walk finds what was mapped; unmapping leaves none', spaces, ({ mm, mappings }) => {
      for (const { addr, size, paddr } of mappings)
        for (const off of [0n, page, (size / 2n) & -page, size - page].filter((o) => o < size)) {
          const { result } = walk(mm, vaddr(addr + off));
          same(`leaf at 0x${(addr + off).toString(16)}`, result.kind === 'leaf' && result.paddr, paddr + off);
        }
      for (const { addr, size } of mappings) same('unmap', unmap(mm, addr, size).kind, 'done');
      for (const { addr } of mappings) same('after unmap', walk(mm, addr).result.kind, 'none');
    }),
    law('page-table-law', 'ends from the entry: slot + 1 is the offset of next, at every step', spaces, (space) => {
      everyStep(space, entryAware, (step) => keepsLaw(space.mm, entryAware, step));
    }),
    law('address-correct', 'real pointers: each address is read where a walk of it alone reads', spaces, (space) => {
      for (const stepper of [entryAware, byLevel])
        everyStep(space, stepper, ({ slot, addr }) => isAddressCorrect(space.mm, new StackArea(), slot, addr));
    }),
  ];
}

/** Walks every mapping with some room around it, and asks `holds` at each step. */
function everyStep({ mm, top, mappings }: Space, stepper: Stepper, holds: (step: RangeStep) => boolean): void {
  const room = 4n * mm.arch.geometry.pte.size;
  for (const { addr, size } of mappings) {
    const start = addr >= room ? vaddr(addr - room) : addr;
    const last = addr + size + room - 1n;
    const inside = last < 1n << 64n && isTranslatable(mm, top, vaddr(last));
    const visitor: Parameters<typeof walkRange>[0]['visitor'] = {
      enter(step) {
        const { slot, entry, addr } = step;
        if (!holds(step)) throw new Error(`${stepper.name}: broken at ${slot.level} 0x${addr.toString(16)}`);
        const is = (what: 'none' | 'present' | 'leaf'): boolean => pXdIs(mm, what, slot.level, entry);
        return is('present') && !is('none') && !is('leaf') ? 'descend' : 'skip';
      },
      ptes: () => true,
      outside(slot) {
        throw new Error(`${stepper.name}: left memory at ${slot.space} 0x${slot.addr.toString(16)}`);
      },
    };
    const readOnce: Parameters<typeof walkRange>[0]['readOnce'] = (slot) => readEntry(mm, slot);
    walkRange(
      { mm, stepper, stack: new StackArea(), readOnce, visitor },
      start,
      vaddrWrap(inside ? last + 1n : addr + size),
    );
  }
}
