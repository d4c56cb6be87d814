// Bundled by esbuild; of the names after "absent" none may be left in the bundle.
// absent: pgtable-core/dist/testing, pgtable-core/dist/vectors
import * as core from '@kernel-mm/pgtable-core';

console.log(Object.keys(core).length);
