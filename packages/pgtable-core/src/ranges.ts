/** What an address space maps: one descent through its tables, by the hardware's reading, in ascending order of addresses. */
import { type Vaddr, vaddr, vaddrWrap, word } from './brand.ts';
import { checkMemory, checkObject, checkOneOf } from './doors.ts';
import { UsageError } from './errors.ts';
import { type Merge, merged, type RangesItem } from './listing.ts';
import { checkMachine, type Machine } from './machine.ts';
import type { Memory } from './memory.ts';
import { type Frame, survey } from './survey.ts';

/** Which part to list, and how. */
export interface RangesOptions {
  /** The first address, 0 unless said otherwise. What begins before it is cut there. */
  readonly start?: Vaddr;
  /** The address behind the last; 0, which is the default, is 2^64. */
  readonly end?: Vaddr;
  /** Which neighbours are one; `true` is `size`. Without it the slots of one page are. */
  readonly merge?: boolean | Merge;
  /** How many slots to look at before the listing pauses with a cursor; 2^20 unless said otherwise. */
  readonly budget?: number;
}

/**
 * Lists what `root` maps, lazily. Addresses that no item speaks of fault, because an entry says that nothing is there,
 * or lie where the root does not reach. The descent holds five tables at most; tables that are shared or contain
 * themselves are read as often as addresses lead to them, as the hardware does, until the budget is used up.
 *
 * Where parts of the address space have roots of their own (the halves of arm64, the quadrants of powerpc), the part in
 * which `start` lies is listed. Addresses that differ in ignored bits only (a tag in the top byte) are listed once.
 * @throws {@link UsageError} `range-reversed` for an end before the start, `argument` for a budget that is none
 */
export function ranges(
  machine: Machine,
  memory: Memory,
  root: bigint,
  options: RangesOptions = {},
): Generator<RangesItem, void> {
  checkMachine(machine);
  checkMemory(memory);
  checkObject('options', options);
  const { start = vaddr(0n), end = vaddr(0n), merge = false, budget = 2 ** 20 } = options;
  checkOneOf('merge', merge, [true, false, 'page', 'size', 'any']);
  vaddr(start);
  vaddr(end);
  word('root', root);
  if (end !== 0n && end < start) throw new UsageError('range-reversed', 'end', 'an end that is not before start');
  if (!Number.isSafeInteger(budget) || budget < 1) throw new UsageError('argument', 'budget', 'a whole number above 0');
  const how = merge === true ? 'size' : merge || 'page';
  return merged(descend(machine, memory, root, { start, end: end || 1n << 64n, budget }), how);
}

interface Window {
  readonly start: bigint;
  readonly end: bigint;
  readonly budget: number;
}

function* descend(machine: Machine, memory: Memory, root: bigint, window: Window): Generator<RangesItem, void> {
  const { reach, enter, look } = survey(machine, memory, root, window.start);
  let left = window.budget;
  for (const [from, to] of reach) {
    const stop = to < window.end ? to : window.end;
    const frames: Frame[] = [];
    let addr = from > window.start ? from : window.start;
    while (addr < stop) {
      const frame = frames.at(-1);
      if (frame && addr >= frame.until) {
        frames.pop();
        continue;
      }
      // The way to the first slot is free, so that every listing gets further than the one before.
      if (left-- <= 0 && addr > window.start) return yield { kind: 'cursor', next: vaddrWrap(addr) };
      const seen = frame ? look(frame, addr) : enter(addr, stop);
      if ('down' in seen) {
        frames.push(seen.down);
        continue;
      }
      if (seen.item) yield seen.item;
      addr = seen.until;
    }
  }
}
