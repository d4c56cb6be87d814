/** Every exported walker: its arguments stand in one order, and one that is missing or swapped is a typed error with its name. */
import { type Mm, UsageError, vaddr } from '@kernel-mm/pgtable-core';
import { describe, expect, test } from 'vitest';
import * as mm from '../../src/walkers/index.ts';
import { archs, space } from '../support/spaces.ts';

/** The one order: who walks, where, what is there, what to do, options. */
const ORDER = [
  ...['walker', 'src', 'dst', 'mm', 'tables'],
  ...['range', 'memory', 'step', 'slot', 'addr', 'end'],
  ...['vma', 'vmas', 'first', 'page', 'pages', 'phys', 'shadow', 'request'],
  ...['bounds', 'gather', 'prot', 'device', 'of', 'advice', 'fn', 'ops'],
  'options',
];

/** The names of what each needs, in order. */
const NEEDS: Readonly<Record<string, string>> = {
  applyToExistingPageRange: 'walker range fn',
  applyToPageRange: 'walker range fn',
  collapseHugePmd: 'walker step addr options',
  copyPageRange: 'src dst range vma',
  earlyShadow: 'walker page',
  freePgtables: 'walker vmas bounds gather',
  freePgdRange: 'walker range bounds gather',
  ioremapPageRange: 'walker range phys prot',
  removeEarlyShadow: 'walker range shadow',
  addZeroShadow: 'walker memory shadow',
  removeZeroShadow: 'walker memory shadow',
  populateEarlyShadow: 'walker range shadow',
  madviseCold: 'walker range vma advice options',
  madviseFree: 'walker range vma options',
  cropToTable: 'walker range options',
  munlockFill: 'walker range first options',
  munlock: 'walker range options',
  changeProtection: 'walker range prot',
  walkPageRange: 'walker range vmas ops',
  walkPageVma: 'walker vma ops',
  walkPageRangeNovma: 'walker range ops',
  remapPfnRange: 'walker vma request',
  splitHugePud: 'walker slot addr',
  splitHugePmd: 'walker step addr of',
  unuseVma: 'walker vma device',
  upgradeLevels: 'mm tables end',
  vmap: 'walker range pages prot',
  vmapNoflush: 'walker range pages prot',
  vunmap: 'walker range',
  vunmapNoflush: 'walker range',
  unmapPageRange: 'walker range vma gather',
  unmapSingleVma: 'walker range vma gather',
  zapPageRange: 'walker range vma',
};

/** What is exported beside the walkers. */
const OTHERS =
  'Gather pagesOfGather shadowOf quietMapping makeMigration migrationOf mmPort protOf swapKindOf isOnDevice';

test('the list is whole', () => {
  const functions = Object.entries(mm).filter(([, value]) => typeof value === 'function');
  expect(functions.map(([name]) => name).sort()).toEqual([...Object.keys(NEEDS), ...OTHERS.split(' ')].sort());
});

/** An argument of each name, as a caller would give it. */
function sampleArguments(): Readonly<Record<string, unknown>> {
  const [, arch, top] = archs[0]!;
  const s = space(arch, { top });
  const walker = s.walker();
  const prot = { read: true, write: false, exec: false, user: true };
  const range = { start: vaddr(0x1000n), end: vaddr(0x2000n) };
  const slot = { level: 'pmd', space: 'memory', addr: s.mm.pgd };
  const nothing = (): void => undefined;
  return {
    ...{ walker, src: walker, dst: walker, mm: s.mm, tables: s.tables, range, slot, addr: range.start, end: range.end },
    ...{ memory: { start: 0n, size: 0n, offset: 0n }, step: { slot, entry: 0n }, page: 0n, phys: 0n, pages: [1] },
    vma: s.mmap({ addr: range.start, size: 0x1000n }),
    vmas: [range],
    first: { pfn: 1, page: {} },
    shadow: { page: 0n, tables: {} },
    request: { addr: range.start, pfn: 1, size: 0x1000n, prot },
    bounds: { floor: 0n, ceiling: 0n },
    gather: new mm.Gather(walker),
    ...{ prot, device: { type: 1n, readIn: nothing }, of: 'anon', advice: 'cold', fn: () => 0, ops: {}, options: {} },
  };
}

const walkerOf = (name: string): ((...given: unknown[]) => unknown) =>
  (mm as unknown as Readonly<Record<string, (...given: unknown[]) => unknown>>)[name]!;

/** What a call throws. */
function errorOf(call: () => unknown): unknown {
  try {
    call();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe.each(Object.entries(NEEDS))('%s', (name, needs) => {
  const names = needs.split(' ');
  const walk = walkerOf(name);

  test('takes its arguments in the one order', () => {
    const declared = String(walk)
      .match(/\(([^)]*)/)![1]!
      .split(',');
    expect(declared.slice(0, names.length).map((one) => one.match(/\w+/)![0])).toEqual(names);
    const places = names.map((one) => ORDER.indexOf(one));
    expect(places).toEqual([...places].sort((a, b) => a - b));
    expect(places).not.toContain(-1);
  });

  test('says which argument is missing', () => {
    for (const [n, missing] of names.entries()) {
      const sample = sampleArguments();
      const error = errorOf(() => walk(...names.slice(0, n).map((one) => sample[one])));
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ code: 'argument', argument: missing });
    }
  });

  test('says of two that are swapped which is wrong', () => {
    for (const [n, one] of names.entries())
      for (const [m, other] of names.entries()) {
        // Parent and child are both walkers: nobody can tell.
        if (m <= n || (one === 'src' && other === 'dst')) continue;
        const sample = sampleArguments();
        const given = names
          .map((of) => sample[of])
          .with(n, sample[other])
          .with(m, sample[one]);
        const error = errorOf(() => walk(...given));
        expect([one, other, error]).toEqual([one, other, expect.any(UsageError)]);
        expect((error as UsageError).code).toBe('argument');
        expect([one, other]).toContain((error as UsageError).argument);
      }
  });
});

test('a space is no walker: its port has to be asked for', () => {
  const [, arch, top] = archs[0]!;
  const s = space(arch, { top });
  const range = { start: vaddr(0x1000n), end: vaddr(0x2000n) };
  const given = { mm: s.mm as Mm, port: () => s.port() };
  expect(() => mm.vunmap(given as never, range)).toThrow('walker: expected an object with mm: object, port: object');
});

test('what a walker asks of an argument is asked at its door', () => {
  const [, arch, top] = archs[0]!;
  const s = space(arch, { top });
  const { walker, range, vma, advice } = sampleArguments();
  const told = { name: 'UsageError', code: 'argument' };
  expect(errorOf(() => walkerOf('madviseCold')(walker, range, vma, advice, {}))).toMatchObject(told);
  expect(errorOf(() => walkerOf('madviseFree')(walker, range, vma, {}))).toMatchObject(told);
  expect(errorOf(() => walkerOf('makeMigration')())).toMatchObject({ ...told, argument: 'mm' });
  expect(errorOf(() => walkerOf('makeMigration')(s.mm, 'top', { pfn: 1n, write: true }))).toMatchObject(told);
});
