import { defineConfig } from 'vitest/config';
import { project } from './vitest.shared.ts';

const floor = { statements: 90, branches: 80, functions: 90, lines: 90 };

export default defineConfig({
  test: {
    // one worker for each core: vitest leaves one idle otherwise, of two
    maxWorkers: '100%',
    projects: [
      'packages/*/vitest.config.ts',
      project('docs', 'docs/{examples,play}/**/!(*.browser).test.ts'),
      project('repo'),
      {
        // one tsc for every package's type tests
        test: {
          name: 'types',
          include: [],
          benchmark: { include: [] },
          typecheck: {
            enabled: true,
            only: true,
            include: ['packages/*/test/**/*.test-d.ts'],
            tsconfig: './tsconfig.json',
          },
        },
      },
    ],
    reporters: ['default', './.ci/tally-reporter.ts'],
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      reporter: ['text', 'json-summary', 'lcov'],
      thresholds: {
        'packages/pgtable-core/src/**': floor,
        'packages/gup-fast/src/**': floor,
        'packages/arch-s390/src/**': floor,
        'packages/arch-generic/src/**': floor,
      },
    },
  },
});
