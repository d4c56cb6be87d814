/** Every exported walker, called without its last arguments: a typed error that says which is missing. */
import { UsageError } from '@kernel-mm/pgtable-core';
import { expect, test } from 'vitest';
import * as mm from '../../src/walkers/index.ts';
import { archs, space } from '../support/spaces.ts';

/** The names of what each needs, in order. */
const NEEDS: Readonly<Record<string, string>> = {
  applyToExistingPageRange: 'walker range fn',
  applyToPageRange: 'walker range fn',
  collapseHugePmd: 'walker step addr options',
  copyPageRange: 'src dst range vma',
  earlyShadow: 'walker page',
  freePgtables: 'walker gather vmas bounds',
  freePgdRange: 'walker gather range bounds',
  ioremapPageRange: 'walker range phys prot',
  removeEarlyShadow: 'walker range shadow',
  addZeroShadow: 'walker memory shadow',
  removeZeroShadow: 'walker memory shadow',
  populateEarlyShadow: 'walker range shadow',
  madviseCold: 'walker vma range advice options',
  madviseFree: 'walker vma range options',
  cropToTable: 'walker range options',
  munlockFill: 'walker first range options',
  munlock: 'walker range options',
  changeProtection: 'walker range prot',
  walkPageRange: 'walker vmas range ops',
  walkPageVma: 'walker vma ops',
  walkPageRangeNovma: 'walker range ops',
  remapPfnRange: 'walker vma request',
  splitHugePud: 'walker slot addr',
  splitHugePmd: 'walker step addr of',
  unuseVma: 'walker vma device',
  upgradeLevels: 'mm tables end',
  vmap: 'walker range prot pages',
  vmapNoflush: 'walker range prot pages',
  vunmap: 'walker range',
  vunmapNoflush: 'walker range',
  unmapPageRange: 'walker gather vma range',
  unmapSingleVma: 'walker gather vma range',
  zapPageRange: 'walker vma range',
};

/** What is exported beside the walkers. */
const OTHERS =
  'Gather pagesOfGather shadowOf quietMapping makeMigration migrationOf mmPort protOf swapKindOf isOnDevice';

test('the list is whole', () => {
  const functions = Object.entries(mm).filter(([, value]) => typeof value === 'function');
  expect(functions.map(([name]) => name).sort()).toEqual([...Object.keys(NEEDS), ...OTHERS.split(' ')].sort());
});

test.each(Object.entries(NEEDS))('%s', (name, needs) => {
  const [, arch, top] = archs[0]!;
  const walk = (mm as unknown as Readonly<Record<string, (...given: unknown[]) => unknown>>)[name]!;
  for (const [n, missing] of needs.split(' ').entries()) {
    const s = space(arch, { top });
    const given = needs.split(' ').map((one) => (one === 'walker' || one === 'src' || one === 'dst' ? s.walker() : {}));
    try {
      walk(...given.slice(0, n));
      expect.unreachable(`${name} without ${missing}`);
    } catch (error) {
      expect(error).toBeInstanceOf(UsageError);
      expect(error).toMatchObject({ code: 'argument', message: expect.stringContaining(missing) });
    }
  }
});
