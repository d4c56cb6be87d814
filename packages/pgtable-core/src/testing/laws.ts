/** What must hold for every architecture, ours or yours: run each law as a test of its own. */
import type { Arch } from '../geometry.ts';
import { type Law, type LawOptions, lawMaker } from './law.ts';
import { entryLaws } from './laws-entries.ts';
import { geometryLaws } from './laws-geometry.ts';
import { walkLaws } from './laws-walks.ts';

/**
 * The laws of an architecture, framework-free:
 * `for (const law of archLaws(arch)) test(law.name, () => law.check())`.
 */
export function archLaws(arch: Arch, options: LawOptions = {}): Law[] {
  const law = lawMaker(options);
  return [...geometryLaws(arch, law), ...entryLaws(arch, law), ...walkLaws(arch, law)];
}
