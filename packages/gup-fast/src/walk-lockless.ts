/** The lockless range walk of gup_fast: one recursion, one leaf loop, any variant. */
import {
  checkPages,
  type Entry,
  type Level,
  leafAddress,
  leafSize,
  type Mm,
  paddrWrap,
  pXdIs,
  type RangeStep,
  type RangeVisitor,
  type Slot,
  type Stepper,
  slotPlus,
  type Vaddr,
  vaddrWrap,
  walkRange,
} from '@kernel-mm/pgtable-core';
import { gupFastPermitted } from './permitted.ts';
import { memoryPort, type Port } from './port.ts';
import type { Leaf, LocklessWalk, Stop, Stray } from './result.ts';

/** How to walk. */
export interface WalkOptions {
  /** The form of walking: one of {@link VARIANTS}, or your own. */
  readonly stepper: Stepper;
  /** What the walker reads through; {@link memoryPort} of the address space unless said otherwise. */
  readonly port?: Port;
  /** At most so many leaves; 2^20 unless said otherwise, so that tables which hold themselves do not hold you. */
  readonly budget?: number;
  /** Walk also what gup_fast_permitted refuses: to see why it does. */
  readonly unpermitted?: boolean;
  /** Called at every visit of an upper slot, while the live copies are still on the stack. */
  readonly onStep?: (step: RangeStep) => void;
}

/**
 * Walks [start, end) as gup_fast of 2020 does, `end` 0 being 2^64: takes leaves at pud and pmd, and all ptes; stops at
 * the first that is none (pgd, p4d) or not present (below). It judges no rights and takes no reference. A `start` equal
 * to `end` is an empty range.
 * @throws UsageError `range-unaligned`, `range-reversed`
 */
export function walkLockless(mm: Mm, start: Vaddr, end: Vaddr, options: WalkOptions): LocklessWalk {
  const { stepper, port = memoryPort(mm), budget = 2 ** 20, onStep } = options;
  const { readOnce, stack } = port;
  const { geometry } = mm.arch;
  const leaves: Leaf[] = [];
  const strays: Stray[] = [];
  const walk: { leaves: Leaf[]; strays: Stray[]; stop?: Stop } = { leaves, strays };
  const stopAt = (stop: Stop): false => {
    walk.stop = stop;
    return false;
  };

  checkPages(mm.arch, start, end);
  if (start === end) return walk;
  if (!options.unpermitted && !gupFastPermitted(mm, end, readOnce)) {
    stopAt({ kind: 'not-permitted' });
    return walk;
  }

  /** Whether there is something at this slot; if not, the walk stops with the reason. */
  function passes(slot: Slot, entry: Entry, addr: Vaddr): boolean {
    const { level } = slot;
    if (!stack.origin(slot)) strays.push({ level, addr, slot, entry });
    const kind = absence(mm, level, entry);
    return kind ? stopAt({ kind, level, addr, slot, entry }) : true;
  }

  function take(slot: Slot, entry: Entry, addr: Vaddr, next: Vaddr): boolean {
    if (leaves.length >= budget) return stopAt({ kind: 'budget', addr });
    const { level } = slot;
    const offset = addr & (leafSize(mm.arch, level, entry) - 1n);
    leaves.push({ level, slot, entry, addr, end: next, paddr: paddrWrap(leafAddress(mm.arch, level, entry) + offset) });
    return true;
  }

  const visitor: RangeVisitor = {
    enter(step) {
      const { slot, entry, addr, next } = step;
      onStep?.(step);
      if (!passes(slot, entry, addr)) return 'stop';
      if (!pXdIs(mm, 'leaf', slot.level, entry)) return 'descend';
      return take(slot, entry, addr, next) ? 'skip' : 'stop';
    },
    ptes(first, from, to) {
      let slot = first;
      let addr = from;
      do {
        const entry = readOnce(slot);
        if (entry === undefined) return stopAt({ kind: 'outside-memory', level: 'pte', addr, slot });
        const next = vaddrWrap(addr + geometry.pte.size);
        if (!passes(slot, entry, addr) || !take(slot, entry, addr, next)) return false;
        slot = slotPlus(slot, 1n, geometry.pte.slotBytes);
        addr = next;
      } while (addr !== to);
      return true;
    },
    outside: (slot, addr) => {
      stopAt({ kind: 'outside-memory', level: slot.level, addr, slot });
    },
  };
  walkRange({ mm, stepper, readOnce, stack, visitor }, start, end);
  return walk;
}

/** The tests of v5.6 … v5.9: pgd_none, p4d_none, !pud_present, !pmd_present, and pte_access_permitted's present. */
function absence(mm: Mm, level: Level, entry: Entry): 'none' | 'not-present' | undefined {
  const asksNone = ['pgd', 'p4d'].includes(level);
  if (asksNone) return pXdIs(mm, 'none', level, entry) ? 'none' : undefined;
  return pXdIs(mm, 'present', level, entry) ? undefined : 'not-present';
}
