/** Why gup_fast reads an entry again after its reference: the frame may be another mapping's by then. */
import { type GupPort, pinUserPagesFastOnly } from '@kernel-mm/gup-fast';
import type { Entry, Level, Slot } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { archs, at, space } from './support/spaces.ts';

describe.each(archs)('%s', (_, arch, top) => {
  const { size } = arch.geometry.pte;
  const [first, other, bytes] = [64n * size, 128n * size, 2n * size];

  /**
   * Pins two pages; before the n-th access their mapping goes, and another one gets their frames.
   * @param blind whether a second read of a slot gives what the first gave, as if there were no test
   */
  function run(n: number, blind: boolean): { fired: boolean; wrong: boolean } {
    const s = space(arch, { top, frames: 8 });
    const vma = s.mmap({ addr: at(first), size: bytes, write: true });
    s.touch(at(first), bytes, true);
    const seen = new Map<string, Entry | undefined>();
    let accesses = 0;
    const before = (): void => {
      if (accesses++ !== n) return;
      s.munmap(vma);
      s.mmap({ addr: at(other), size: bytes, write: true });
      s.touch(at(other), bytes, true);
    };
    const quiet = s.port();
    const port: GupPort = {
      ...quiet,
      readOnce<L extends Level>(slot: Slot<L>) {
        before();
        const key = `${slot.space} ${slot.level} ${slot.addr}`;
        if (!blind || !seen.has(key)) seen.set(key, quiet.readOnce(slot) as Entry | undefined);
        return seen.get(key) as Entry<L> | undefined;
      },
      page(pfn) {
        before();
        return quiet.page(pfn);
      },
      tryGet(head, refs) {
        before();
        return quiet.tryGet(head, refs);
      },
    };
    const { frames } = pinUserPagesFastOnly({ mm: s.mm, port }, at(first), 2, ['WRITE']);
    const fired = accesses > n;
    const others = fired ? [s.frame(at(other)), s.frame(at(other + size))] : [];
    return { fired, wrong: frames.some((frame) => others.includes(frame)) };
  }

  /** In how many of all places the writer made it pin a page that is not its own. */
  function wrong(blind: boolean): number {
    let count = 0;
    for (let n = 0; ; n++) {
      const one = run(n, blind);
      if (!one.fired) return count;
      if (one.wrong) count++;
    }
  }

  test('no page of another mapping with the test, some without it', () => {
    expect(wrong(false)).toBe(0);
    expect(wrong(true)).toBeGreaterThan(0);
  });
});
