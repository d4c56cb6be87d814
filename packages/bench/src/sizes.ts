/** What the series counted, bytes of code: each form's module, what entry-aware ends add; and what a compilation takes. */
import { ARCHITECTURES } from '@kernel-mm/arch-generic';
import { s390 } from '@kernel-mm/arch-s390';
import { VARIANTS, type VariantName } from '@kernel-mm/gup-fast';
import type { Form } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import { median } from './rounds.ts';

/** The module of one architecture. */
export interface Size {
  readonly arch: string;
  /** Bytes of the module in each form. */
  readonly bytes: Readonly<Record<VariantName, number>>;
  /** Bytes that entry-aware ends add to the form before the series. */
  readonly entryAware: number;
  /** Bytes of each operation, in the form that stands in Linux today. */
  readonly operations: Readonly<Record<string, number>>;
  /** Median milliseconds of a compilation, once the compiler is warm. */
  readonly compileMs: number;
}

const NAMES = Object.keys(VARIANTS) as VariantName[];

/** Every architecture, or some of them. */
export function sizes(repeats = 15): Size[] {
  const archs = [...Object.values(ARCHITECTURES).map((mmu) => mmu().arch), s390()];
  return archs.map((arch) => {
    const bytesOf = (form: Form): number => compile(arch, { form }).bytes.length;
    const bytes = Object.fromEntries(
      NAMES.map((name) => [name, bytesOf(VARIANTS[name].stepper.form as Form)]),
    ) as Record<VariantName, number>;
    const times = Array.from({ length: repeats }, () => {
      const start = performance.now();
      compile(arch);
      return performance.now() - start;
    });
    return {
      ...{ arch: arch.id, bytes, operations: compile(arch).sizes, compileMs: median(times) },
      entryAware: bytes.entryAware - bytes.stackCopy,
    };
  });
}
