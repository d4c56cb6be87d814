// A CommonJS consumer: require(esm), and the same classes from both sides.
const archGeneric = require('@kernel-mm/arch-generic');
const archS390 = require('@kernel-mm/arch-s390');
const gupFast = require('@kernel-mm/gup-fast');
const core = require('@kernel-mm/pgtable-core');

for (const [name, m] of Object.entries({ archGeneric, archS390, gupFast, core }))
  if (Object.keys(m).length === 0) throw new Error(`${name} exports nothing`);

import('@kernel-mm/pgtable-core').then((esm) => {
  for (const name of Object.keys(esm)) if (esm[name] !== core[name]) throw new Error(`two copies of ${name}`);
});
