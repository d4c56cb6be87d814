/** What a page pays for each package: bundled, minified and compressed, with all that it needs. */
import { gzipSync } from 'node:zlib';
import { build } from 'esbuild';

/** One package's bundle. */
export interface Bundle {
  readonly name: string;
  readonly bytes: number;
  readonly gzipped: number;
}

const PACKAGES = ['pgtable-core', 'arch-s390', 'arch-generic', 'gup-fast', 'pgtable-wasm'] as const;

/** All of them; what cannot be resolved where the benchmark runs is left out. */
export async function bundles(conditions: readonly string[]): Promise<Bundle[]> {
  const all = await Promise.all(
    PACKAGES.map(async (name): Promise<Bundle | undefined> => {
      try {
        const { outputFiles } = await build({
          stdin: { contents: `export * from '@kernel-mm/${name}';`, resolveDir: import.meta.dirname },
          ...{
            bundle: true,
            write: false,
            minify: true,
            format: 'esm',
            logLevel: 'silent',
            conditions: [...conditions],
          },
        });
        const { contents } = outputFiles[0] as (typeof outputFiles)[number];
        return { name, bytes: contents.length, gzipped: gzipSync(contents).length };
      } catch {
        return undefined;
      }
    }),
  );
  return all.filter((one) => one !== undefined);
}
