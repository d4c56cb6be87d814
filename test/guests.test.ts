/** Ground truth: memory of real guests, and what their own kernels said of every page. */
import { join } from 'node:path';
import { asceLimit, levelsOf } from '@kernel-mm/arch-s390';
import { crosses, guestFiles, loadGuest, mmOfProcess, PresentPages, untagged } from '@kernel-mm/cli';
import { type Leaf, memoryPort, VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
import { type Neighbour, StackArea, slotOf, vaddr, walk } from '@kernel-mm/pgtable-core';
import { afterAll, describe, expect, test } from 'vitest';

const guests = guestFiles(join(import.meta.dirname, '../fixtures/guests'), '').map((file) => loadGuest(file));
const names = Object.keys(VARIANTS) as VariantName[];
const safe = names.filter((name) => name !== 'stackCopy');
const checked = { pages: 0, ranges: 0, crossing: 0, wrong: 0 };

/** Every page of a walk's leaves, with its frame's address. */
const pagesOf = (leaves: readonly Leaf[], page: bigint): [bigint, bigint][] =>
  leaves.flatMap(({ addr, end, paddr }) => {
    const count = Number(BigInt.asUintN(64, end - addr) / page);
    return Array.from({ length: count }, (_, n): [bigint, bigint] => [
      addr + BigInt(n) * page,
      paddr + BigInt(n) * page,
    ]);
  });

const hex = (value: bigint): string => `0x${value.toString(16)}`;

for (const guest of guests)
  describe(guest.name, () => {
    for (const process of guest.processes) {
      const mm = mmOfProcess(guest, process);
      const present = new PresentPages(guest, process);
      const runs = present.runs();
      const frame = (addr: bigint): bigint | undefined => present.frame(addr);

      test(`${process.name}: the quiet walk says of every page what pagemap says`, () => {
        const facts = process.facts.filter(({ present }) => present !== undefined);
        for (const fact of facts) {
          const { result } = walk(mm, untagged(guest, fact.addr));
          const got = result.kind === 'leaf' ? result.paddr : undefined;
          expect(got, hex(fact.addr)).toBe(fact.present ? frame(untagged(guest, fact.addr)) : undefined);
          // Hugetlb of arm64 may be 16 contiguous ptes: then the kernel's leaf is larger than one entry.
          if (fact.present && fact.gupFast?.pageSize && guest.arch !== 'aarch64')
            expect(result.kind === 'leaf' && result.size, hex(fact.addr)).toBe(fact.gupFast.pageSize);
        }
        expect(facts.length).toBeGreaterThan(0);
      });

      test.each(safe)(`${process.name}: %s reaches every present page's frame, in ranges`, (name) => {
        for (const [start, end] of runs) {
          const { leaves, strays, stop } = walkLockless(mm, start, end, {
            stepper: VARIANTS[name].stepper,
          });
          expect(stop, hex(start)).toBeUndefined();
          expect(strays).toEqual([]);
          const pages = pagesOf(leaves, guest.pageSize);
          expect(pages).toEqual(pages.map(([addr]) => [addr, frame(addr)]));
          expect(pages).toHaveLength(Number(BigInt.asUintN(64, end - start) / guest.pageSize));
          // A 2 GiB leaf of a 3-level process is read from the copy, where the pointer stays on the stack.
          for (const { slot, addr, level } of leaves)
            if (slot.space === 'memory') expect(slot.addr).toBe(slotOf(mm, addr, level)?.addr);
          if (name === 'folded') checked.ranges++;
          if (name === 'folded') checked.pages += pages.length;
        }
      });

      if (guest.arch !== 's390x') {
        test(`${process.name}: stackCopy is right too, since every fold here has its parent's shift`, () => {
          for (const [start, end] of runs) {
            const { leaves, strays, stop } = walkLockless(mm, start, end, {
              stepper: VARIANTS.stackCopy.stepper,
            });
            expect({ stop, strays }, hex(start)).toEqual({ stop: undefined, strays: [] });
            for (const [addr, paddr] of pagesOf(leaves, guest.pageSize)) expect(paddr).toBe(frame(addr));
          }
        });
      } else {
        const levels = levelsOf(mm) ?? 5;
        const size = { 2: 1n << 20n, 3: 1n << 31n, 4: 1n << 42n, 5: 1n << 53n }[levels];
        const crossing = runs.filter(([start, end]) => crosses(start, end, size));

        test(`${process.name} (${levels} levels): stackCopy is right wherever no top entry is crossed`, () => {
          for (const [start, end] of levels === 5 ? runs : runs.filter((run) => !crossing.includes(run))) {
            const { leaves, strays } = walkLockless(mm, start, end, {
              stepper: VARIANTS.stackCopy.stepper,
            });
            expect(strays).toEqual([]);
            for (const [addr, paddr] of pagesOf(leaves, guest.pageSize)) expect(paddr, hex(addr)).toBe(frame(addr));
          }
        });

        if (levels < 5 && crossing.length > 0)
          test(`${process.name} (${levels} levels): across ${crossing.length} top entries stackCopy reaches the frames one entry lower`, () => {
            for (const [start, end] of crossing) {
              const { leaves, strays, stop } = walkLockless(mm, start, end, { stepper: VARIANTS.stackCopy.stepper });
              const boundary = (start / size + 1n) * size;
              const reached = new Map(pagesOf(leaves, guest.pageSize));
              checked.crossing++;
              expect(strays.map(({ addr }) => addr)).toEqual([boundary]);
              for (let addr: bigint = start; addr < boundary; addr += guest.pageSize)
                expect(reached.get(addr)).toBe(frame(addr));
              for (let addr = boundary; addr < end; addr += guest.pageSize) {
                const lower = walk(mm, vaddr(addr - size)).result;
                if (lower.kind !== 'leaf') {
                  // The "good case": nothing is mapped there, and the walk gives up.
                  expect(stop, hex(addr)).toMatchObject({ kind: 'not-present', addr });
                  break;
                }
                expect(reached.get(addr), hex(addr)).toBe(lower.paddr);
                if (present.fact(addr - size)) expect(reached.get(addr)).toBe(frame(addr - size));
                if (lower.paddr !== frame(addr)) checked.wrong++;
              }
            }
          });

        test.each(['zero', 'poison', 'garbage'] as Neighbour[])(
          `${process.name}: beside %s, stackCopy never gives a page of the range`,
          (neighbour) => {
            for (const [start, end] of levels === 5 ? [] : crossing) {
              const stack = new StackArea(neighbour);
              const { leaves, stop } = walkLockless(mm, start, end, {
                stepper: VARIANTS.stackCopy.stepper,
                port: memoryPort(mm, stack),
              });
              const boundary = (start / size + 1n) * size;
              expect(stop?.kind).toMatch(/^(none|not-present|outside-memory)$/);
              for (const [addr] of pagesOf(leaves, guest.pageSize)) expect(addr).toBeLessThan(boundary);
            }
            expect(asceLimit(mm)).toBe({ 2: 1n << 31n, 3: 1n << 42n, 4: 1n << 53n, 5: 2n ** 64n - 4096n }[levels]);
          },
        );
      }
    }
  });

afterAll(() => {
  expect(checked.pages).toBeGreaterThan(3000);
  console.log(
    `${checked.pages} present pages in ${checked.ranges} ranges, each by ${safe.length} safe variants; ` +
      `${checked.crossing} crossing ranges by stackCopy, ${checked.wrong} pages of somebody else`,
  );
});
