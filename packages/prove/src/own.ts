/** What a user's value is: an architecture, with its MMU or without, or a stepper. */
import { type Arch, type ArchSpec, defineArch, type Mmu, type Stepper } from '@kernel-mm/pgtable-core';

/** An architecture of a user's own. */
export interface OwnArch {
  readonly arch: Arch;
  readonly mmu?: Mmu<never>;
}

type Parts = Readonly<Record<string, unknown>>;

const partsOf = (value: unknown): Parts | undefined =>
  typeof value === 'object' && value !== null ? (value as Parts) : undefined;

/**
 * The architecture that a value is or defines: an `Arch`, an `ArchSpec` or an `Mmu`; nothing for what is none.
 * @throws ArchError for a definition that is refused
 */
export function ownArch(value: unknown): OwnArch | undefined {
  const parts = partsOf(value);
  if (!parts) return undefined;
  if (typeof parts.hardware === 'function' && partsOf(parts.arch)?.spec)
    return { arch: (value as Mmu).arch, mmu: value as Mmu<never> };
  // Made anew: it may come from another copy of the library.
  if (parts.spec && parts.rules) return { arch: defineArch(parts.spec as ArchSpec) };
  return parts.levels && parts.root ? { arch: defineArch(value as ArchSpec) } : undefined;
}

/** Whether a value has what a stepper has: `name`, `descend` and `boundary`. */
export function isStepper(value: unknown): value is Stepper {
  const { name, descend, boundary } = partsOf(value) ?? {};
  return typeof name === 'string' && typeof descend === 'function' && typeof boundary === 'function';
}

/** All values of a module, each once, whatever names it has. */
export const valuesOf = (exports: Parts): unknown[] => [...new Set(Object.values(exports))];
