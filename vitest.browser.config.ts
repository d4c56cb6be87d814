/** Tests in a real browser, on the built site: `npm run site` first. */
import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['docs/**/*.browser.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
    reporters: ['default', './.ci/tally-reporter.ts'],
  },
});
