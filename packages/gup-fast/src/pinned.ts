/** The calls as TypeScript has them: an object that holds pages, and gives them back when it goes out of scope. */
import type { Pfn, Vaddr } from '@kernel-mm/pgtable-core';
import type { GupResult } from './call.ts';
import { getUserPagesFast, getUserPagesFastOnly, giving, pinUserPagesFast, pinUserPagesFastOnly } from './calls.ts';
import type { FollFlag } from './flags.ts';
import type { Gup, Run } from './gup.ts';

/** How pages are wanted. */
export interface HoldOptions {
  /** They are to be written: FOLL_WRITE. */
  readonly write?: boolean;
  /** For longer than a system call: FOLL_LONGTERM. */
  readonly longterm?: boolean;
  /** Whatever the mapping’s rights are, if mprotect could give them: FOLL_FORCE. */
  readonly force?: boolean;
  /** No faults: what is not there is not brought. */
  readonly fastOnly?: boolean;
  /** Further flags, by Linux’s names. */
  readonly flags?: Iterable<FollFlag>;
}

/** Pages that are held until they are released, once. `using` does that at the end of a block, where the runtime has it. */
export interface HeldPages extends Iterable<Pfn>, Disposable {
  /** What the call answered. */
  readonly result: GupResult;
  /** The frames, a prefix of the range; none once they are released. */
  readonly frames: readonly Pfn[];
  /** Gives all pages back; a second time does nothing. */
  release(): void;
}

const flagsOf = ({ write, longterm, force, flags = [] }: HoldOptions): FollFlag[] => [
  ...(write ? (['WRITE'] as const) : []),
  ...(longterm ? (['LONGTERM'] as const) : []),
  ...(force ? (['FORCE'] as const) : []),
  ...flags,
];

/** Pins pages for DMA. Throws as {@link pinUserPagesFast}; that none could be pinned is in `result`. */
export const pinPages = (gup: Gup, addr: Vaddr, pages: number, options: HoldOptions = {}): HeldPages =>
  held(gup, 'pin', (options.fastOnly ? pinUserPagesFastOnly : pinUserPagesFast)(gup, addr, pages, flagsOf(options)));

/** Takes a reference to each page. Throws as {@link getUserPagesFast}; that none could be had is in `result`. */
export const holdPages = (gup: Gup, addr: Vaddr, pages: number, options: HoldOptions = {}): HeldPages =>
  held(gup, 'get', (options.fastOnly ? getUserPagesFastOnly : getUserPagesFast)(gup, addr, pages, flagsOf(options)));

function held(gup: Gup, hold: Run['hold'], result: GupResult): HeldPages {
  let frames = result.frames;
  const release = (): void => {
    const giveBack = giving(gup, frames, hold);
    frames = [];
    giveBack();
  };
  return {
    result,
    release,
    get frames() {
      return frames;
    },
    [Symbol.iterator]: () => frames[Symbol.iterator](),
    [Symbol.dispose]: release,
  };
}
