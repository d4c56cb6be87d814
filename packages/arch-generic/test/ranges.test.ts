/** Every MMU of this package: what a listing says of an address is what translating it gives, also of damaged tables. */
import {
  type Access,
  type Entry,
  explain,
  flatMemory,
  type Machine,
  type MappedRange,
  machine,
  ranges,
  translate,
  vaddr,
  walk,
  writeEntry,
} from '@kernel-mm/pgtable-core';
import { arbitrarySpace } from '@kernel-mm/pgtable-core/testing';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { ARCHITECTURES, armShort, armShortMmu, riscv, riscvMmu, x86, x86Mmu } from '../src/index.ts';

const ACCESSES: readonly Access[] = ['read', 'write', 'execute'];
const runs = process.env.KERNEL_MM_RUNS === 'full' ? 25 : 5;
const damage = fc.record({ mapping: fc.nat(), step: fc.nat(), bit: fc.nat(63) });

describe.each(Object.entries(ARCHITECTURES))('%s', (_id, make) => {
  const mmu = make();
  const supervisor = machine(mmu);
  const user = supervisor.in({ user: true });

  test('pages, rights and gaps are those of translate, and every entry has named fields', () => {
    fc.assert(
      fc.property(arbitrarySpace(mmu.arch), fc.array(damage, { maxLength: 2 }), ({ mm, mappings }, flips) => {
        for (const { mapping, step, bit } of flips) {
          const { steps } = walk(mm, mappings[mapping % mappings.length]!.addr);
          const { slot, entry } = steps[step % steps.length] ?? {};
          const raw = BigInt.asUintN(8 * mmu.arch.entryBytes, (entry ?? 0n) ^ (1n << BigInt(bit)));
          if (slot) writeEntry(mm, slot, raw as Entry);
        }
        const { memory, root = 0n } = mm;
        const ask = (one: typeof user, addr: bigint, access: Access) =>
          translate(one, memory, { root, addr: vaddr(addr), access }).kind === 'address';
        for (const { addr } of mappings) {
          // The page of the address, and what lies around it.
          const [start, end] = [vaddr(addr & ~0xffffn), vaddr((addr | 0xffffn) & ~0xfffn)];
          const items = [...ranges(supervisor, memory, root, { start, ...(end > start && { end }) })];
          for (let page: bigint = start; page < end; page += 1n << BigInt(mmu.arch.spec.pageShift)) {
            const listed = items.find(
              (item): item is MappedRange =>
                item.kind === 'mapped' && item.start <= page && (item.end === 0n || page < item.end),
            );
            const granted = [user, supervisor].map((one) => ACCESSES.map((access) => ask(one, page, access)));
            const said = [listed?.user, listed?.supervisor].map((one) =>
              ACCESSES.map((access) => one?.[access] ?? false),
            );
            expect(said, page.toString(16)).toEqual(granted);
            const answer = translate(supervisor, memory, { root, addr: vaddr(page), access: 'read' });
            if (answer.kind === 'address')
              expect(answer.paddr).toBe((listed?.paddr ?? 0n) + page - (listed?.start ?? 0n));
          }
          const { steps, result } = explain(user, memory, { root, addr: vaddr(addr), access: 'write' });
          expect(steps.map(({ entry }) => entry)).toEqual(result.path.map(({ entry }) => entry));
          for (const { fields } of steps) expect(fields.length).toBeGreaterThan(0);
        }
      }),
      { numRuns: runs, seed: 20200907 },
    );
  });
});

test('arm’s hardware entry is told by its own fields, not by those of Linux’s beside it', () => {
  const mmu = armShortMmu(armShort());
  const words: Readonly<Record<string, bigint>> = { '0': 0x401n, '1024': 0x9033n };
  const memory = { pieces: [], write: () => false, read: (at: bigint) => words[String(at)] };
  const { steps } = explain(machine(mmu), memory, { root: 0n, addr: vaddr(0n), access: 'execute' });
  expect(
    steps
      .at(-1)
      ?.fields.filter(({ value }) => value !== 0n)
      .map(({ name, value }) => `${name}=${value}`),
  ).toEqual([...['XN=1', 'small=1', 'AP=3', 'base=9']]);
});

test('without translation a listing is one range: physical memory, as wide as it can be', () => {
  const memory = flatMemory(new ArrayBuffer(0x1000));
  const end = (of: Machine): unknown => {
    const items = [...ranges(of, memory, 0n)].filter(({ kind }) => kind === 'mapped');
    return items.map((item) => (item.kind === 'mapped' ? [item.start, item.end, item.paddr] : []));
  };
  expect(end(machine(riscvMmu(riscv({ mode: 'sv39' }))))).toEqual([[0n, 1n << 56n, 0n]]);
  expect(end(machine(x86Mmu(x86({ paging: '4-level' })), { pg: false }))).toEqual([[0n, 1n << 32n, 0n]]);
  expect(end(machine(armShortMmu(armShort()), { mmu: false }))).toEqual([[0n, 1n << 32n, 0n]]);
});
