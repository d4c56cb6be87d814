/** What must hold for every architecture, ours or yours: run each law as a test of its own. */
import type { Arch } from '../geometry.ts';
import type { Mmu } from '../hardware.ts';
import { hostileLaw } from './hostile.ts';
import { type Law, type LawOptions, lawMaker } from './law.ts';
import { bitLaws } from './laws-bits.ts';
import { changeLaws } from './laws-changes.ts';
import { entryLaws } from './laws-entries.ts';
import { geometryLaws } from './laws-geometry.ts';
import { kindLaws } from './laws-kinds.ts';
import { mmuLaws as lawsOfMmu } from './laws-mmu.ts';
import { selftestLaws } from './laws-selftest.ts';
import { slotLaws } from './laws-selftest-slots.ts';
import { swapLaws } from './laws-selftest-swap.ts';
import { walkLaws } from './laws-walks.ts';

/**
 * The laws of an architecture, framework-free:
 * `for (const law of archLaws(arch)) test(law.name, { skip: !law.applies }, () => law.check())`. Those with an underscore
 * in their names are the kernel's own (mm/debug_vm_pgtable.c); what a definition lacks helpers for does not apply.
 */
export function archLaws(arch: Arch, options: LawOptions = {}): Law[] {
  const law = lawMaker(options);
  const entries = [...entryLaws(arch, law), ...bitLaws(arch, law), ...kindLaws(arch, law), ...changeLaws(arch, law)];
  const selftest = [...selftestLaws(arch, law), ...swapLaws(arch, law), ...slotLaws(arch, law)];
  return [...geometryLaws(arch, law), ...entries, ...walkLaws(arch, law), ...selftest];
}

/**
 * What holds of the hardware's reading, and of both readings, on tables that make no sense. Each run asks for 250
 * addresses.
 * @param states the machine states in which the MMU is asked; its defaults unless said otherwise
 */
export const hostileLaws = <S extends object>(
  mmu: Mmu<S>,
  states: readonly Partial<NoInfer<S>>[] = [{}],
  options: LawOptions = {},
): Law[] => [hostileLaw(mmu, states, lawMaker(options))];

/**
 * What holds of the hardware's reading on tables that Linux builds: both readings agree.
 * @param user the machine state in which Linux runs user space (x86: CPL 3, EFER.NXE)
 */
export const mmuLaws = <S extends object>(mmu: Mmu<S>, user: Partial<NoInfer<S>>, options: LawOptions = {}): Law[] =>
  lawsOfMmu(mmu, user, lawMaker(options));
