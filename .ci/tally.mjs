// Sum what the steps left in DIR and print the closing line; exit 1 unless something passed and nothing failed.
// Each file holds { step, passed, failed, skipped } of what was counted, or { step, rc } of a step that went wrong.
import { readdirSync, readFileSync } from 'node:fs';

const dir = process.argv[2];
const files = readdirSync(dir).map((f) => JSON.parse(readFileSync(`${dir}/${f}`, 'utf8')));
const counts = files.filter((f) => !('rc' in f));
const broken = files.filter((f) => 'rc' in f);

const sum = { passed: 0, failed: 0, skipped: 0 };
for (const c of counts) for (const k of Object.keys(sum)) sum[k] += c[k] ?? 0;
// a step that went wrong without a counted failure is one
for (const b of broken) if (!counts.some((c) => c.step === b.step && c.failed > 0)) sum.failed++;
if (sum.passed + sum.failed === 0) sum.failed = 1;

if (broken.length) console.log(`steps that failed: ${broken.map((b) => `${b.step} (rc ${b.rc})`).join(', ')}`);
console.log(`${sum.passed} passed, ${sum.failed} failed${sum.skipped ? `, ${sum.skipped} skipped` : ''}`);
process.exitCode = sum.failed ? 1 : 0;
