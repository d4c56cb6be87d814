import { defaultServerConditions } from 'vite';
import { defineConfig, type ViteUserConfig } from 'vitest/config';

/** What every test project starts from: siblings resolve to their TypeScript sources, so tests need no build. */
export const project = (name: string, include = 'test/**/*.test.ts'): ViteUserConfig =>
  defineConfig({
    ssr: { resolve: { conditions: ['@kernel-mm/source', ...defaultServerConditions] } },
    test: {
      name,
      include: [include],
      benchmark: { include: [] },
      // Speed is measured in packages/bench; the limit here only ends an endless loop.
      testTimeout: 300_000,
      hookTimeout: 300_000,
    },
  });
