/** After any calls, of the space or of walkers on its port, the tables, counts, references and rights are what the model says. */
import { type Level, pXdIs, type Slot, slotOf, vaddr, walk } from '@kernel-mm/pgtable-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AddressSpace,
  changeProtection,
  collapseHugePmd,
  protOf,
  splitHugePmd,
  zapPageRange,
} from '../src/index.ts';
import { at, everyArch, space } from './support/spaces.ts';
import { type ModelFolio, Told } from './support/told.ts';
import { tablesByLevel } from './walkers/support/reach.ts';

const numRuns = process.env.KERNEL_MM_RUNS === 'full' ? 100 : process.env.KERNEL_MM_RUNS === 'few' ? 4 : 12;
const seed = 20261128;
const SMALL = 6;
const READ = { read: true, write: false, exec: false, user: true };
const NONE = { read: false, write: false, exec: false, user: false };

const where = { who: fc.nat(1), which: fc.constantFrom('small', 'large'), n: fc.nat(SMALL - 1), length: fc.nat(3) };
const call = fc.record({
  ...where,
  what: fc.constantFrom(
    ...(['mmap', 'munmap', 'protect', 'touch', 'touch', 'write', 'write', 'write all', 'fork', 'exit'] as const),
    ...(['migrate', 'change', 'zap', 'split', 'collapse'] as const),
  ),
  rights: fc.constantFrom('rw', 'r', 'none'),
});
type Call = typeof call extends fc.Arbitrary<infer T> ? T : never;

describe.each(everyArch)('%s', (_, arch, top) => {
  const { pte, pmd } = arch.geometry;
  const perPmd = Number(pmd.size / pte.size);
  const hasLarge = arch.spec.levels.pmd.is.leaf && arch.spec.levels.pmd.mk && perPmd > 1 && perPmd <= 512;
  const shape = { small: SMALL, large: hasLarge ? perPmd : 0, hints: arch.rules.pte.is.protnone !== undefined };
  const [smallAt, largeAt] = [64n * pte.size, 3n * pmd.size];
  const addrOf = (page: number): bigint =>
    page < SMALL ? smallAt + BigInt(page) * pte.size : largeAt + BigInt(page - SMALL) * pte.size;

  /** An address space and what the model knows of it. */
  interface Pair {
    readonly s: AddressSpace;
    readonly told: Told;
  }
  const vmaOf = (s: AddressSpace, which: string) =>
    s.vmas.find(({ start }) => start === (which === 'small' ? smallAt : largeAt));
  const mmap = ({ s, told }: Pair, which: 'small' | 'large'): void => {
    const size = which === 'small' ? BigInt(SMALL) * pte.size : pmd.size;
    const huge = which === 'large' ? { huge: 'pmd' as const } : {};
    s.mmap({ addr: at(which === 'small' ? smallAt : largeAt), size, write: true, zone: 'movable', ...huge });
    told.mmap(which);
  };

  function run({ s, told }: Pair, { what, which, n, length, rights }: Call): void {
    const vma = vmaOf(s, which);
    const page = which === 'small' ? n : SMALL + ((n * 7) % perPmd);
    const pages = told.pagesOf(which).filter((one) => one >= page && one <= page + length);
    const range = { start: at(addrOf(page)), end: vaddr(addrOf(page) + BigInt(pages.length) * pte.size) };
    const touch = (one: number, write: boolean): void => {
      const { kind } = s.fault(at(addrOf(one)), { write, unshare: false, force: false });
      expect(kind).toBe(told.touch(one, write) ? 'done' : 'error');
    };
    if (!vma) {
      if (what === 'mmap') mmap({ s, told }, which);
    } else if (what === 'munmap') {
      expect(s.munmap(vma)).toEqual({});
      told.munmap(which);
    } else if (what === 'protect') {
      s.protect(vma, { read: rights !== 'none', write: rights === 'rw' });
      told.protect(which, rights);
    } else if (what === 'touch' || what === 'write') touch(page, what === 'write');
    else if (what === 'write all') for (const one of told.pagesOf(which)) touch(one, true);
    else if (what === 'migrate' && s.frame(at(addrOf(page))) !== undefined) {
      expect(s.migrate([s.frame(at(addrOf(page)))!])).toBe('moved');
      told.migrate(page);
    } else if (what === 'change') {
      expect(changeProtection(s.walker(), range, rights === 'none' ? NONE : READ).failure).toBeUndefined();
      told.change(pages, rights === 'none');
    } else if (what === 'zap') {
      expect(zapPageRange(s.walker(), range, vma).failure).toBeUndefined();
      told.zap(pages);
    } else if (which === 'large' && (what === 'split' || what === 'collapse')) large({ s, told }, what);
  }

  function large({ s, told }: Pair, what: 'split' | 'collapse'): void {
    const slot = slotOf(s.mm, at(largeAt), 'pmd') as Slot<'pmd'> | undefined;
    const entry = slot && s.walker().port.readOnce(slot);
    if (!slot || entry === undefined || slot.level !== 'pmd') return;
    if (what === 'split') {
      expect(splitHugePmd(s.walker(), { slot, entry }, at(largeAt), 'anon')).toBe(true);
      told.split();
    } else if (told.pagesOf('large').every((page) => !told.entries.get(page)?.none)) {
      const into = s.pages.alloc({ order: pmd.shift - pte.shift, zone: 'movable' })!;
      const isAlone = (pfn: number): boolean => s.pages.folio(pfn as never)?.refs === 1;
      const step = { slot, entry };
      const { kind } = collapseHugePmd(s.walker(), step, at(largeAt), { into: into.head, isAlone });
      expect(kind).toBe(told.collapse() ? 'collapsed' : 'refused');
      if (kind === 'refused') s.pages.put(into.head, { refs: 1, pins: 0 });
    }
  }

  /** The tables and counts of all spaces against the model's. */
  function agree(pairs: readonly Pair[]): void {
    const heads = new Map<ModelFolio, number>();
    const [{ s: first }] = pairs as [Pair];
    let zeros = 0;
    for (const { s, told } of pairs) {
      const special = arch.rules.pte.is.special !== undefined;
      let [counted, largeLeaves] = [0, 0];
      for (const page of [...told.pagesOf('small'), ...told.pagesOf('large')]) {
        const { result } = walk(s.mm, at(addrOf(page)));
        const entry = told.entries.get(page);
        expect([page, result.kind === 'leaf']).toEqual([page, entry !== undefined]);
        if (result.kind !== 'leaf' || !entry) continue;
        const { level, entry: raw } = result;
        const frame = s.frame(at(addrOf(page)))!;
        const isNone = shape.hints && pXdIs<Level>(s.mm, 'protnone', level, raw);
        const told3 = { page, large: entry.large, write: entry.write, none: shape.hints && entry.none };
        expect({ page, large: level !== 'pte', write: protOf(s.mm, level, raw).write, none: isNone }).toEqual(told3);
        if (entry.folio === 'zero') {
          expect(frame).toBe(s.zeroPage.head);
          zeros += special ? 0 : 1;
          counted += special ? 0 : 1;
          continue;
        }
        counted++;
        if (entry.large && entry.index === 0) largeLeaves++;
        const head = heads.get(entry.folio) ?? frame - entry.index;
        heads.set(entry.folio, head);
        expect([page, frame]).toEqual([page, head + entry.index]);
      }
      const tables = tablesByLevel(s.mm);
      // Each large page has a table set aside.
      expect(s.usage).toMatchObject({ pages: counted, swap: 0, tables: { ...tables, pte: tables.pte + largeLeaves } });
    }
    expect(new Set(heads.values()).size).toBe(heads.size);
    for (const [{ refs, own, stays }, head] of heads) {
      const folio = first.pages.folio(head as never)!;
      expect({ head: folio.head, refs: folio.refs, own: folio.exclusive, zone: folio.zone }).toEqual({
        ...{ head, refs, own, zone: stays ? 'normal' : 'movable' },
      });
      expect(first.pages.rmap.of(folio)).toHaveLength(refs);
    }
    const live = first.pages.all().filter(({ refs, zero }) => refs !== 0 && !zero);
    expect(live).toHaveLength(heads.size);
    expect([first.zeroPage.refs, first.pages.reports]).toEqual([1 + zeros, []]);
  }

  test('both faces, in any order', () => {
    fc.assert(
      fc.property(fc.array(call, { minLength: 1, maxLength: 25 }), (calls) => {
        const pairs: Pair[] = [{ s: space(arch, { top }), told: new Told(shape) }];
        for (const which of hasLarge ? (['small', 'large'] as const) : (['small'] as const)) mmap(pairs[0]!, which);
        for (const one of calls) {
          const pair = pairs[one.who];
          if (one.what === 'fork' && pairs.length === 1) {
            const [{ s, told }] = pairs as [Pair];
            pairs.push({ s: s.fork()!, told: told.fork() });
          } else if (one.what === 'exit' && pairs[1]) {
            const { s, told } = pairs[1];
            for (const vma of s.vmas) s.munmap(vma);
            for (const which of ['small', 'large'] as const) told.munmap(which);
            pairs.pop();
          } else if (pair && (one.which === 'small' || hasLarge)) run(pair, one);
          agree(pairs);
        }
      }),
      { numRuns, seed },
    );
  });
});
