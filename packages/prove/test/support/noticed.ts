/** What the tests of a definition see of a wrong one: the laws that are sampled, and the vectors. */
import { readdirSync, readFileSync } from 'node:fs';
import type { Arch, Mmu } from '@kernel-mm/pgtable-core';
import { archLaws, type Law, mmuLaws } from '@kernel-mm/pgtable-core/testing';
import { checkEntryVectors, checkWalkVectors } from '@kernel-mm/pgtable-core/vectors';
import type { Subject } from '../../src/index.ts';

const folder = new URL('../../../../fixtures/vectors/', import.meta.url);

interface Vectors {
  readonly file: string;
  /** @throws Error where a case fails */
  check(arch: Arch): void;
}

/** The vector files that the right definition passes: those of its id, and of its version of Linux. */
function vectorsOf({ arch: right, mmu }: Subject): Vectors[] {
  return readdirSync(folder)
    .filter((file) => file.endsWith('.json'))
    .map((file): Vectors => {
      const json = JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
      const walks = (arch: Arch): ReturnType<typeof checkWalkVectors> =>
        checkWalkVectors(json, () => mmu && ({ ...(mmu as unknown as Mmu), arch } as Mmu));
      const entries = (arch: Arch): ReturnType<typeof checkEntryVectors> => checkEntryVectors(json, () => arch);
      const outcomes = json.format.includes('walk') ? walks : entries;
      return {
        file,
        check(arch) {
          if (json.arch !== right.id || !outcomes(arch).every((one) => one.kind === 'ran' && one.passed))
            throw new Error('another architecture, or a case failed');
        },
      };
    })
    .filter(({ check }) => isKept(() => check(right)));
}

const isKept = (check: () => void): boolean => {
  try {
    check();
    return true;
  } catch {
    return false;
  }
};

/** The laws that the right definition keeps. */
function lawsOf({ arch, mmu }: Subject, runs: number): (arch: Arch) => Law[] {
  const user = mmu && 'user' in mmu.defaults ? { user: true } : {};
  const all = (of: Arch): Law[] =>
    [...archLaws(of, { runs }), ...(mmu ? mmuLaws({ ...mmu, arch: of }, user as never, { runs }) : [])].filter(
      ({ applies }) => applies,
    );
  const usual = new Set(
    all(arch)
      .filter(({ check }) => isKept(check))
      .map(({ name }) => name),
  );
  return (of) => all(of).filter(({ name }) => usual.has(name));
}

/** Which test notices that a definition is not the right one, if one does: of the laws a few cases only. */
export function noticer(subject: Subject, runs: number): (arch: Arch) => string | undefined {
  const vectors = vectorsOf(subject);
  const laws = lawsOf(subject, runs);
  return (arch) =>
    vectors.find(({ check }) => !isKept(() => check(arch)))?.file ??
    laws(arch).find(({ check }) => !isKept(check))?.name;
}
