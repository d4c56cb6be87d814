import { defineConfig } from 'tsup';

/** Every package's build: ESM only, one chunk for what its entry points share, so that classes and brands stay one. */
export const esm = (...entry: string[]): ReturnType<typeof defineConfig> =>
  defineConfig({
    entry,
    format: ['esm'],
    target: 'node20',
    dts: {
      // tsup sets `baseUrl`, which TypeScript 6 calls deprecated
      compilerOptions: { ignoreDeprecations: '6.0' },
      // `Disposable`, also for who compiles with an older lib
      banner: '/// <reference lib="esnext.disposable" />',
    },
    sourcemap: true,
    clean: true,
    splitting: true,
  });
