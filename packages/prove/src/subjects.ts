/** What there is to prove: the architectures of this project, or what is in files of one's own. */

import { readFileSync } from 'node:fs';
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390, s390Mmu } from '@kernel-mm/arch-s390';
import { VARIANTS } from '@kernel-mm/gup-fast';
import { archFromJson, type Mmu, type Stepper, UsageError } from '@kernel-mm/pgtable-core';
import { checkFile, exportsOf } from './load-module.ts';
import { isStepper, ownArch, valuesOf } from './own.ts';
import type { Subject } from './prove.ts';

/** The forms of gup_fast. */
export const STEPPERS: readonly Stepper[] = Object.values(VARIANTS).map(({ stepper }) => stepper);

const ofMmu = (mmu: Mmu): Subject => ({ arch: mmu.arch, mmu: mmu as Mmu<never>, steppers: STEPPERS });

/** Every architecture of the project, s390 in both layouts of its software bits. */
export const projectSubjects = (): Subject[] => [
  ofMmu(s390Mmu(s390()) as Mmu),
  { ...ofMmu(s390Mmu(s390({ layout: 'present' })) as Mmu), layout: 'present' },
  ...Object.values(ARCHITECTURES).map((make) => ofMmu(make() as Mmu)),
];

/**
 * What files of one's own hold: a definition as JSON, or a module that exports architectures, definitions, MMUs or
 * steppers. Steppers are judged instead of the forms of gup_fast; without an architecture, on all of the project.
 * @throws UsageError `argument` for a file with none of these; ArchError for a definition that is refused
 */
export async function subjectsOf(...files: readonly string[]): Promise<Subject[]> {
  const values: unknown[] = [];
  for (const file of files) {
    const own = (await valuesIn(file)).filter((value) => isStepper(value) || ownArch(value));
    if (!own.length)
      throw new UsageError('argument', file, 'a file that exports an architecture, a definition, an MMU or a stepper');
    values.push(...own);
  }
  const own = values.filter(isStepper);
  const steppers = own.length ? own : STEPPERS;
  const archs = values.flatMap((value): Subject[] => {
    const found = ownArch(value);
    return found ? [{ ...found, steppers }] : [];
  });
  return archs.length ? archs : projectSubjects().map((subject) => ({ ...subject, steppers }));
}

async function valuesIn(file: string): Promise<unknown[]> {
  if (!file.endsWith('.json')) return valuesOf(await exportsOf(file));
  checkFile(file);
  try {
    return [archFromJson(readFileSync(file, 'utf8'))];
  } catch (error) {
    throw new UsageError('argument', file, `JSON that can be read: ${String(error)}`);
  }
}
