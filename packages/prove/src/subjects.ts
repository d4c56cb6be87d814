/** What there is to prove: the architectures of this project, or those of a module. */

import { readFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390, s390Mmu } from '@kernel-mm/arch-s390';
import { VARIANTS } from '@kernel-mm/gup-fast';
import {
  type Arch,
  type ArchSpec,
  archFromJson,
  defineArch,
  type Mmu,
  type Stepper,
  UsageError,
} from '@kernel-mm/pgtable-core';
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
 * The architectures of a file: a definition as JSON, or a module that exports architectures, definitions or MMUs.
 * @throws UsageError `argument` where it has none; ArchError for a definition that is refused
 */
export async function subjectsOf(path: string): Promise<Subject[]> {
  if (path.endsWith('.json')) return [subjectOf(archFromJson(readFileSync(path, 'utf8')))!];
  const found = Object.values((await import(pathToFileURL(path).href)) as Record<string, unknown>).flatMap(
    (value) => subjectOf(value) ?? [],
  );
  if (!found.length)
    throw new UsageError('argument', path, 'a module that exports an architecture, a definition or an MMU');
  return found;
}

function subjectOf(value: unknown): Subject | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  if ('hardware' in value && 'arch' in value) return ofMmu(value as Mmu);
  if ('spec' in value && 'rules' in value) return { arch: value as Arch, steppers: STEPPERS };
  if ('levels' in value && 'root' in value) return { arch: defineArch(value as ArchSpec), steppers: STEPPERS };
  return undefined;
}
