/** THP collapse and split: what they make of each other, when they refuse, and readers without a lock meanwhile. */
import { ERAS, type Gup, pinUserPagesFastOnly } from '@kernel-mm/gup-fast';
import {
  type Entry,
  type Level,
  maskOf,
  type Paddr,
  type Pfn,
  paddr,
  pXdIs,
  type Slot,
  slotOf,
  vaddr,
  walk,
} from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import { collapseHugePmd } from '../../src/walkers/collapse.ts';
import { splitHugePmd } from '../../src/walkers/split.ts';
import { archs, at, makeReadOnly, space } from '../support/spaces.ts';
import { testPort } from './support/test-port.ts';

const large = archs.filter(([, { geometry, spec }]) => {
  const pages = geometry.pmd.size / geometry.pte.size;
  return spec.levels.pmd.is.leaf && pages > 1n && pages <= 512n;
});

describe.each(large)('%s', (_, arch, top) => {
  const { pmd, pte } = arch.geometry;
  const pages = Number(pmd.size / pte.size);
  const START = 2n * pmd.size;

  /** A region of small pages, each written, with the port that collapse goes through. */
  function small(count = pages) {
    const s = space(arch, { top });
    s.mmap({ addr: at(START), size: pmd.size, write: true });
    if (count) s.touch(at(START), BigInt(count) * pte.size, true);
    const port = Object.assign(testPort(s.mm, s.tables), {
      freePage: (pfn: number) => s.pages.put(pfn as Pfn, { refs: 1, pins: 0 }),
    });
    const slot = slotOf(s.mm, at(START), 'pmd') as Slot<'pmd'>;
    const entry = port.readOnce(slot) as Entry<'pmd'>;
    const into = s.pages.alloc({ order: Math.log2(pages) })!;
    const isAlone = (pfn: Pfn): boolean => s.pages.folio(pfn)?.refs === 1;
    return { s, port, walker: { mm: s.mm, port }, step: { slot, entry }, into: into.head, isAlone };
  }
  const leaf = (of: ReturnType<typeof small>, addr: bigint): { level?: Level; frame?: bigint } => {
    const { result } = walk(of.s.mm, vaddr(addr));
    return result.kind === 'leaf' ? { level: result.level, frame: result.paddr / pte.size } : {};
  };

  test('small pages become one, are freed, and their table is set aside', () => {
    const of = small();
    expect(collapseHugePmd(of.walker, of.step, at(START + pte.size), of)).toEqual({ kind: 'collapsed', pages });
    expect(leaf(of, START + 3n * pte.size)).toEqual({ level: 'pmd', frame: BigInt(of.into) + 3n });
    expect(of.s.pages.all().filter(({ refs, head, zero }) => refs > 0 && head !== of.into && !zero)).toEqual([]);
    expect(of.port.tlbFlushes).toEqual([{ start: START, end: START + pmd.size }]);
    expect([of.port.tableSyncs, of.port.wrong, [...of.port.held]]).toEqual([['ipi'], [], []]);
  });

  test('and a huge page small ones again, in the table that was set aside', () => {
    const of = small();
    collapseHugePmd(of.walker, of.step, at(START), of);
    const tables = of.port.counts.pte;
    const huge = of.port.readOnce(of.step.slot) as Entry<'pmd'>;
    of.port.tablesLeft = 0;
    expect(splitHugePmd(of.walker, { slot: of.step.slot, entry: huge }, at(START + pte.size), 'anon')).toBe(true);
    for (const n of [0n, 1n, BigInt(pages) - 1n])
      expect(leaf(of, START + n * pte.size)).toEqual({ level: 'pte', frame: BigInt(of.into) + n });
    expect(of.port.counts.pte).toBe(tables);
  });

  const mark = arch.spec.levels.pmd.leaf?.fields.UFFD_WP;
  test.runIf(mark)('userfaultfd’s mark of a huge page is that of each small one', () => {
    const of = small();
    collapseHugePmd(of.walker, of.step, at(START), of);
    const huge = ((of.port.readOnce(of.step.slot) as bigint) | maskOf(mark!)) as Entry<'pmd'>;
    of.port.writeOnce(of.step.slot, huge);
    expect(splitHugePmd(of.walker, { slot: of.step.slot, entry: huge }, at(START), 'anon')).toBe(true);
    const marks = Array.from({ length: pages }, (_, n) => {
      const { result } = walk(of.s.mm, vaddr(START + BigInt(n) * pte.size));
      return result.kind === 'leaf' && (result.entry & maskOf(arch.spec.levels.pte.leaf!.fields.UFFD_WP!)) !== 0n;
    });
    expect(new Set(marks)).toEqual(new Set([true]));
  });

  test('refused, and everything is as it was', () => {
    const refused = (of: ReturnType<typeof small>, why: string, options: object = {}) => {
      const before = leaf(of, START);
      expect(collapseHugePmd(of.walker, of.step, at(START), { ...of, ...options })).toMatchObject({
        kind: 'refused',
        why,
      });
      expect(leaf(of, START)).toEqual(before);
      expect(of.s.pages.reports).toEqual([]);
    };
    refused(small(pages - 1), 'too-many-none');
    const some = small(pages - 1);
    expect(collapseHugePmd(some.walker, some.step, at(START), { ...some, maxNone: 1 })).toEqual({
      kind: 'collapsed',
      pages: pages - 1,
    });
    refused(small(), 'held', { isAlone: (pfn: Pfn) => pfn % 2 === 0 });
    if (arch.id === 'x86-64') refused(small(), 'no-leaf', { into: (2 ** 45) as Pfn });
    const lost = small();
    for (const into of [2 ** 53, 3])
      expect(() => collapseHugePmd(lost.walker, lost.step, at(START), { ...lost, into: into as Pfn })).toThrow();
    expect(leaf(lost, START).level).toBe('pte');
    const readOnly = small();
    makeReadOnly(readOnly.s, START + pte.size);
    refused(readOnly, 'rights');
    const zero = small(pages - 1);
    zero.s.touch(at(START + pmd.size - pte.size), pte.size);
    refused(zero, 'not-present');
    const done = small();
    collapseHugePmd(done.walker, done.step, at(START), done);
    const huge = done.port.readOnce(done.step.slot) as Entry<'pmd'>;
    expect(collapseHugePmd(done.walker, { slot: done.step.slot, entry: huge }, at(START), done)).toMatchObject({
      why: 'no-table',
    });
  });

  test.runIf(arch.id === 'x86-64')('the huge page is dirty, also where it may only be read', () => {
    const of = small();
    for (let addr = START; addr < START + pmd.size; addr += pte.size) makeReadOnly(of.s, addr);
    expect(collapseHugePmd(of.walker, of.step, at(START), of).kind).toBe('collapsed');
    const huge = of.port.readOnce(of.step.slot) as Entry<'pmd'>;
    expect((['leaf', 'dirty', 'young', 'write'] as const).map((is) => pXdIs(of.s.mm, is, 'pmd', huge))).toEqual([
      ...[true, true, true, false],
    ]);
  });

  test('a slot that holds something else by now: refused, and nothing is written', () => {
    const of = small();
    expect(collapseHugePmd(of.walker, of.step, at(START), of).kind).toBe('collapsed');
    const huge = of.port.readOnce(of.step.slot);
    of.port.writes.length = 0;
    expect(collapseHugePmd(of.walker, of.step, at(START), of)).toMatchObject({ kind: 'refused', why: 'no-table' });
    expect([of.port.readOnce(of.step.slot), of.port.writes, of.port.wrong]).toEqual([huge, [], []]);
    expect([...of.port.held]).toEqual([]);
  });

  test('every entry is read and written, and the table set aside, under the lock of its table', () => {
    for (const why of [undefined, 'held', 'too-many-none']) {
      const of = small(why === 'too-many-none' ? pages - 1 : pages);
      const { readOnce, writeOnce, deposit } = of.port;
      const unheld: string[] = [];
      const look = (what: string, { level, addr }: Slot): void => {
        const table = addr & ~BigInt(arch.geometry[level].tableBytes - 1);
        if (!of.port.held.has(table)) unheld.push(`${what} ${level}`);
        if (of.port.held.size > 1) unheld.push(`${what} ${level}: more than one lock`);
      };
      Object.assign(of.port, {
        readOnce: (slot: Slot) => [look('read', slot), readOnce(slot)][1],
        writeOnce: (slot: Slot, entry: Entry) => [look('write', slot), writeOnce(slot, entry)][1],
        deposit: (slot: Slot<'pmd'>, table: Paddr) => [look('deposit', slot), deposit(slot, table)][1],
      });
      const isAlone = why === 'held' ? () => false : of.isAlone;
      expect(collapseHugePmd(of.walker, of.step, at(START), { ...of, isAlone })).toMatchObject(
        why ? { why } : { pages },
      );
      expect([unheld, of.port.wrong, [...of.port.held]]).toEqual([[], [], []]);
    }
  });

  /** A pinner without a lock that has read the pmd, and is overtaken before it takes its reference. */
  function race(era: Gup['era'], isAlone: (of: ReturnType<typeof small>) => (pfn: Pfn) => boolean) {
    const of = small();
    const quiet = of.s.port();
    let collapsed: unknown;
    const port: Gup['port'] = {
      ...quiet,
      tryGet(head, refs) {
        collapsed ??= collapseHugePmd(of.walker, of.step, at(START), { ...of, isAlone: isAlone(of) });
        return quiet.tryGet(head, refs);
      },
    };
    const result = pinUserPagesFastOnly({ mm: of.s.mm, port, ...(era && { era }) }, at(START), 1, ['WRITE']);
    return { of, collapsed, result };
  }

  test('a pinner that is overtaken takes nothing: the page it found is free by then', () => {
    for (const era of Object.values(ERAS)) {
      const { collapsed, result } = race(era, ({ isAlone }) => isAlone);
      expect(collapsed).toMatchObject({ kind: 'collapsed' });
      expect(result).toMatchObject({ ret: 0, stop: { rule: 'count-zero' } });
    }
  });
});

test('why the pmd is compared: a page that outlives its mapping, in a table that may be another’s', () => {
  const [, arch, top] = large[0]!;
  const { pmd, pte } = arch.geometry;
  const s = space(arch, { top });
  const START = 2n * pmd.size;
  s.mmap({ addr: at(START), size: pmd.size, write: true });
  s.touch(at(START), pte.size, true);
  const pmdp = slotOf(s.mm, at(START), 'pmd') as Slot<'pmd'>;
  const quiet = s.port();
  const table = quiet.readOnce(pmdp)!;
  // The pmd is cleared while the page is being taken; the pte in the table below is still what it was.
  const port: Gup['port'] = {
    ...quiet,
    tryGet(head, refs) {
      s.mm.memory.write(paddr(pmdp.addr), arch.entryBytes, arch.spec.byteOrder, arch.spec.levels.pmd.empty ?? 0n);
      return quiet.tryGet(head, refs);
    },
  };
  const take = (era: Gup['era']) => {
    s.mm.memory.write(paddr(pmdp.addr), arch.entryBytes, arch.spec.byteOrder, table);
    return pinUserPagesFastOnly({ mm: s.mm, port, ...(era && { era }) }, at(START), 1, ['WRITE']);
  };
  expect(take(ERAS['v6.14'])).toMatchObject({ ret: 0, stop: { rule: 'pmd-changed' } });
  expect(take(ERAS['v5.9']).ret).toBe(1);
});
