/** The tests that a mutant of gup-fast has to survive: its own, without types, in one project as the mutation tool wants it. */
import { defineConfig, mergeConfig } from 'vitest/config';
import { project } from './vitest.shared.ts';

export default mergeConfig(
  project('gup-fast', 'packages/gup-fast/test/**/*.test.ts'),
  defineConfig({ test: { testTimeout: 60_000 } }),
);
