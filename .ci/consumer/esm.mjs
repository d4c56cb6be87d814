// An ESM consumer of the libraries.
import * as archGeneric from '@kernel-mm/arch-generic';
import * as archS390 from '@kernel-mm/arch-s390';
import * as gupFast from '@kernel-mm/gup-fast';
import * as core from '@kernel-mm/pgtable-core';

for (const [name, m] of Object.entries({ archGeneric, archS390, gupFast, core }))
  if (Object.keys(m).length === 0) throw new Error(`${name} exports nothing`);
