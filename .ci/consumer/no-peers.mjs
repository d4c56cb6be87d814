// Runs where fast-check is not installed: every entry point but ./testing works.
import * as archGeneric from '@kernel-mm/arch-generic';
import * as archS390 from '@kernel-mm/arch-s390';
import * as bench from '@kernel-mm/bench';
import * as cli from '@kernel-mm/cli';
import * as gupFast from '@kernel-mm/gup-fast';
import * as mm from '@kernel-mm/mm';
import * as core from '@kernel-mm/pgtable-core';
import * as guest from '@kernel-mm/pgtable-core/guest';
import * as vectors from '@kernel-mm/pgtable-core/vectors';

for (const [name, m] of Object.entries({ archGeneric, archS390, bench, cli, gupFast, mm, core, guest, vectors }))
  if (Object.keys(m).length === 0) throw new Error(`${name} exports nothing`);

const e = await import('@kernel-mm/pgtable-core/testing').catch((e) => e);
if (!/fast-check/.test(e.message)) throw new Error(`./testing should ask for fast-check: ${e.message}`);
