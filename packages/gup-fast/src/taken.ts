/** What one run holds, in the order of its range, and how it is given back. */
import type { Pfn } from '@kernel-mm/pgtable-core';
import type { PagePort, Weight } from './port.ts';
import { thoroughly } from './thorough.ts';

/** Pages of one folio, side by side, and what was taken for them. */
export interface Held {
  /** The first page, not the folio's first. */
  readonly pfn: Pfn;
  readonly pages: number;
  readonly head: Pfn;
  readonly weight: Weight;
  /** How many pages the statistic of pins was raised by. */
  readonly counted: number;
}

/** A page that was counted, though nothing was taken for it. */
type Hole = 'hole';

/** The ledger of a run: what is taken is written down at once, so that nothing is lost whatever happens next. */
export class Taken {
  readonly #port: PagePort;
  readonly #held: (Held | Hole)[] = [];
  #pages = 0;

  constructor(port: PagePort) {
    this.#port = port;
  }

  /** How many pages are held. */
  get pages(): number {
    return this.#pages;
  }

  /** What is held since the first `pages` pages, folio by folio. */
  heldSince(pages: number): Held[] {
    return this.#numbered().flatMap(([held, first]) => (held !== 'hole' && first >= pages ? [held] : []));
  }

  /** The frames, page by page; a hole has none. */
  frames(): Pfn[] {
    return this.#held.flatMap((held) =>
      held === 'hole' ? [] : Array.from({ length: held.pages }, (_, n) => (held.pfn + n) as Pfn),
    );
  }

  /** Which pages are holes, by their number in the range. */
  holes(): number[] {
    return this.#numbered().flatMap(([held, first]) => (held === 'hole' ? [first] : []));
  }

  /** Counts a page for which nothing is taken. */
  skip(): void {
    this.#held.push('hole');
    this.#pages++;
  }

  /** Writes down what was taken last. */
  push(held: Held): void {
    this.#held.push(held);
    this.#pages += held.pages;
  }

  /** The pages taken last weigh otherwise by now. */
  amend(change: Pick<Held, 'weight' | 'counted'>): void {
    const last = this.#held.pop();
    if (last && last !== 'hole') this.#held.push({ ...last, ...change });
  }

  /**
   * Gives back all but the first `pages`, newest first. A port that throws does not stop it: the rest is given back
   * all the same, and the first exception goes on.
   * @param also what else is taken back with each
   */
  undoTo(pages: number, also: (held: Held) => void = () => undefined): void {
    const undone: Held[] = [];
    while (this.#pages > pages) {
      const last = this.#held.pop();
      if (!last) break;
      this.#pages -= pagesOf(last);
      if (last !== 'hole') undone.push(last);
    }
    thoroughly(undone, (held) => {
      also(held);
      this.#putBack(held);
    });
  }

  /** Each with the number of its first page in the range. */
  #numbered(): (readonly [Held | Hole, first: number])[] {
    let first = 0;
    return this.#held.map((held) => {
      const at = first;
      first += pagesOf(held);
      return [held, at];
    });
  }

  #putBack({ head, weight, counted }: Held): void {
    if (weight.refs) this.#port.put(head, weight);
    if (counted) this.#port.count('released', counted);
  }
}

const pagesOf = (held: Held | Hole): number => (held === 'hole' ? 1 : held.pages);
