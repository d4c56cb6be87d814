/** Laws of walks: what was mapped is found, and loops over slots stay where the addresses are. */
import fc from 'fast-check';
import { pXdAddrEnd, pXdAddrEndOf } from '../addr-end.ts';
import { vaddr, vaddrWrap } from '../brand.ts';
import { modify } from '../codec.ts';
import type { Entry } from '../entry.ts';
import { pXdOffset } from '../fold.ts';
import type { Arch } from '../geometry.ts';
import { unmap } from '../map.ts';
import { isTranslatable, readEntry } from '../mm.ts';
import { isAddressCorrect, keepsLaw } from '../oracles.ts';
import { protect } from '../protect.ts';
import { pXdIs } from '../reading.ts';
import { StackArea } from '../stack.ts';
import type { Stepper } from '../stepper.ts';
import { type WalkStep, walk } from '../walk.ts';
import { type RangeStep, walkRange } from '../walk-range.ts';
import { arbitrarySpace, FULL, frameAt, type Mapping, type Space } from './arbitraries.ts';
import { PROTECTIONS } from './arbitrary-entries.ts';
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
    law('map-walk', 'leaves tile what was mapped, each with its frame; unmapping leaves none', spaces, (space) => {
      const { mm, mappings } = space;
      for (const { addr, size, paddr } of mappings) {
        for (let at: bigint = addr; at < addr + size; ) {
          const { result } = walk(mm, vaddr(at));
          same(`leaf at 0x${at.toString(16)}`, result.kind === 'leaf' && result.paddr, paddr + (at - addr));
          at += result.kind === 'leaf' ? result.size : 0n;
          if (at > addr + size) throw new Error(`a leaf reaches beyond 0x${(addr + size).toString(16)}`);
        }
        for (const beside of [addr - page, addr + size])
          if (beside >= 0n && beside < 1n << 64n && frameAt(space, beside) === undefined)
            same(`leaf at 0x${beside.toString(16)}`, walk(mm, vaddr(beside)).result.kind === 'leaf', false);
      }
      for (const { addr, size } of mappings) same('unmap', unmap(mm, addr, size).kind, 'done');
      for (const { addr } of mappings) same('after unmap', walk(mm, addr).result.kind, 'none');
    }),
    law(
      'protect',
      'pages have the rights that they were given, and what they were before when these are taken back',
      fc.tuple(spaces, fc.nat(), fc.constantFrom(...PROTECTIONS)),
      ([{ mm, mappings }, which, prot]) => {
        const { addr, size } = mappings[which % mappings.length] as Mapping;
        const some = [0n, page, (size / 2n) & -page, size - page].filter((off) => off < size);
        const leaves = (): WalkStep[] => some.flatMap((off) => walk(mm, vaddr(addr + off)).steps.slice(-1));
        const before = leaves();
        const { kind } = protect(mm, addr, size, prot);
        // A large leaf may be unable to have no rights: it is left as it is, and so are those behind it.
        if (kind === 'too-large') same('rights of a leaf that is too large for them', prot.read || prot.exec, false);
        else {
          same('protect', kind, 'done');
          for (const [n, { level, entry, role }] of leaves().entries()) {
            same(`role of ${level} 0x${entry.toString(16)}`, role, 'leaf');
            same('the leaf, modified', entry, modify(arch, level, before[n]?.entry as Entry, prot));
          }
        }
        same('protect back', protect(mm, addr, size, FULL).kind, 'done');
        for (const [n, { entry }] of leaves().entries()) same('the leaf, as before', entry, before[n]?.entry);
      },
    ),
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
