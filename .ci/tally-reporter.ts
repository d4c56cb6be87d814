import { mkdirSync, writeFileSync } from 'node:fs';
import type { Reporter, SerializedError, TestModule } from 'vitest/node';

/**
 * The closing line that CI reads, "N passed, N failed[, N skipped]", from vitest's own result objects.
 * Errors outside of tests (an import that threw, an unhandled rejection, a type error in a source)
 * and runs that found nothing never read as clean. With TALLY_DIR set the counts go to a file
 * there instead, for .ci/run to sum.
 */
export default class TallyReporter implements Reporter {
  onTestRunEnd(modules: readonly TestModule[], errors: readonly SerializedError[], reason: string): void {
    const n = { passed: 0, failed: 0, skipped: 0, pending: 0 };
    for (const m of modules) {
      const before = n.failed;
      for (const t of m.children.allTests()) n[t.result().state]++;
      if (!m.ok() && n.failed === before) n.failed++; // the file itself broke
    }
    n.failed += errors.length + n.pending;
    if (n.passed + n.failed === 0 || (reason !== 'passed' && n.failed === 0)) n.failed++;
    const tally = { step: process.env.TALLY_STEP, passed: n.passed, failed: n.failed, skipped: n.skipped };
    const dir = process.env.TALLY_DIR;
    if (dir) {
      mkdirSync(dir, { recursive: true });
      writeFileSync(`${dir}/vitest-${process.pid}.json`, JSON.stringify(tally));
    } else {
      // on exit, so that vitest's coverage table does not print after it
      process.once('exit', () => {
        process.stdout.write(
          `${tally.passed} passed, ${tally.failed} failed${tally.skipped ? `, ${tally.skipped} skipped` : ''}\n`,
        );
      });
    }
  }
}
