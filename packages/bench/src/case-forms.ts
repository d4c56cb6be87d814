/** The forms of gup_fast across a boundary of the top table, by the reference engine and compiled. */
import { countRange, memoryPort, VARIANTS, type VariantName, walkLockless } from '@kernel-mm/gup-fast';
import type { Form, ReadOnce } from '@kernel-mm/pgtable-core';
import { compile } from '@kernel-mm/pgtable-wasm';
import type { Case, Prepared } from './case.ts';
import { type Crossing, crossings } from './crossings.ts';
import type { Candidate } from './rounds.ts';

const NAMES = Object.keys(VARIANTS) as VariantName[];
/** The form that was merged stands first: the others are measured against it. */
const ORDER: readonly VariantName[] = ['offsetLockless', ...NAMES.filter((name) => name !== 'offsetLockless')];

const LENGTHS: readonly { readonly pages: number; readonly full?: boolean }[] = [
  { pages: 2, full: true },
  { pages: 64 },
  { pages: 512, full: true },
];

/** All of them. */
export const formCases: readonly Case[] = LENGTHS.flatMap(({ pages, full = false }) =>
  crossings(pages).flatMap((crossing) =>
    (['compiled', 'reference'] as const).map(
      (engine): Case => ({
        ...{ name: `${crossing.name}, ${pages} pages, ${engine}`, group: 'forms', unit: 'page', pages },
        full: full || engine === 'reference',
        prepare: () => prepare(crossing, engine),
      }),
    ),
  ),
);

function prepare({ mm, start, end }: Crossing, engine: 'compiled' | 'reference'): Prepared {
  const candidates = ORDER.map((name): Candidate => {
    const { stepper } = VARIANTS[name];
    if (engine === 'reference')
      return { name, run: () => walkLockless(mm, start, end, { stepper }).leaves.length || 1 };
    const walker = compile(mm.arch, { form: stepper.form as Form }).walker(mm);
    const wanted = countRange(mm, start, end, { stepper });
    const got = walker.countRange(start, end);
    if (got.pages !== wanted.pages || got.strays !== wanted.strays) throw new Error(`${name}: ${got.pages} pages`);
    return { name, run: () => walker.countRange(start, end).pages || 1 };
  });
  return { candidates };
}

/** Entry reads of one walk, slot 0 of the top table included where it is looked at; the stack's are reads too. */
export function countReads({ mm, start, end }: Pick<Crossing, 'mm' | 'start' | 'end'>, name: VariantName): number {
  const port = memoryPort(mm);
  let reads = 0;
  const readOnce: ReadOnce = (slot) => {
    reads++;
    return port.readOnce(slot);
  };
  walkLockless(mm, start, end, { stepper: VARIANTS[name].stepper, port: { ...port, readOnce } });
  return reads;
}
