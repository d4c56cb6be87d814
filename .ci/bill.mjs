#!/usr/bin/env node
// The bill of materials of what is published: CycloneDX, as npm writes it. Alone, it checks the licences of all run-time
// dependencies: each must be one that an MIT package may stand on.
import { execFileSync } from 'node:child_process';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..');
const ALLOWED = new Set(['MIT', 'ISC', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', '0BSD', 'BlueOak-1.0.0']);

/** What all packages and their run-time dependencies are. */
export function billOfMaterials() {
  const args = ['sbom', '--sbom-format', 'cyclonedx', '--omit', 'dev', '--workspaces', '--loglevel=error'];
  const bill = JSON.parse(execFileSync('npm', args, { cwd: root, encoding: 'utf8' }));
  // npm names the whole after the folder that it lies in.
  bill.metadata.component.name = 'kernel-mm';
  return bill;
}

/** The components whose licence is not allowed, or not said. */
export const unlicensed = ({ components }) =>
  components.filter(
    ({ licenses = [] }) => !licenses.some(({ license, expression }) => ALLOWED.has(license?.id ?? expression)),
  );

if (import.meta.filename === process.argv[1]) {
  const bill = billOfMaterials();
  const refused = unlicensed(bill);
  for (const { name, version, licenses } of refused)
    console.error(`${name} ${version}: expected a permissive licence, not ${JSON.stringify(licenses)}`);
  console.log(`${bill.components.length - refused.length} run-time components with a permissive licence`);
  // None at all would be a list that nobody read.
  process.exitCode = refused.length || bill.components.length === 0 ? 1 : 0;
}
