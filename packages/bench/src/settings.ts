/** The architectures for which there is a yardstick in C, and which of its functions that is. */
import { x86 } from '@kernel-mm/arch-generic';
import { s390, topOf } from '@kernel-mm/arch-s390';
import type { Arch, Form, Level } from '@kernel-mm/pgtable-core';
import type { Native } from './native.ts';

/** One of them. */
export interface Setting {
  readonly name: string;
  readonly arch: Arch;
  readonly top: Level;
  readonly translate: keyof Native & `translate${string}`;
  /** The same with the number of levels said beforehand. */
  readonly fixed?: keyof Native & `translate${string}`;
  readonly pin: 'pinX86' | 'pinS390';
  /** The form of walking that the C code has: that of the merged fix. */
  readonly form: Form;
}

const lockless: Form = { boundary: 'level', descent: 'lockless' };

/** x86-64, and s390 with three and with five levels. */
export const SETTINGS: readonly Setting[] = [
  {
    ...{ name: 'x86-64', arch: x86({ paging: '4-level' }), top: 'pgd', translate: 'translateX86', pin: 'pinX86' },
    form: lockless,
  },
  {
    ...{ name: 's390, 3 levels', arch: s390(), top: topOf(3), translate: 'translateS390', fixed: 'translateS390Top1' },
    ...{ pin: 'pinS390', form: lockless },
  },
  {
    ...{ name: 's390, 5 levels', arch: s390(), top: topOf(5), translate: 'translateS390', fixed: 'translateS390Top3' },
    ...{ pin: 'pinS390', form: lockless },
  },
];
