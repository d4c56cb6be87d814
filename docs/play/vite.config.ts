/** The page as one classic script and one file for each guest, so that it opens from disk as well as from any host. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { defaultClientConditions, defineConfig, type Plugin } from 'vite';

const fixtures = join(import.meta.dirname, '../../fixtures/guests');

/** Those that have processes. */
const NAMES = readdirSync(fixtures).flatMap((file) => /^((?!.*-dat-).*)\.mem\.gz$/.exec(file)?.[1] ?? []);

/** Guests as scripts that hand their files to the page: `fetch` is not allowed from disk. */
const guests: Plugin = {
  name: 'guests',
  generateBundle() {
    for (const name of NAMES) {
      const base64 = (end: string): string => readFileSync(join(fixtures, `${name}.${end}.gz`), 'base64');
      const source = `kernelMmGuest(${JSON.stringify(name)}, "${base64('json')}", "${base64('mem')}");\n`;
      this.emitFile({ type: 'asset', fileName: `guests/${name}.js`, source });
    }
  },
};

/** From disk a browser loads no modules. */
const classic: Plugin = {
  name: 'classic-script',
  enforce: 'post',
  transformIndexHtml: (html) =>
    html
      .replace(/<script type="module" crossorigin src="(.*?)"><\/script>/, '<script defer src="$1"></script>')
      .replace(/<link rel="stylesheet" crossorigin/, '<link rel="stylesheet"'),
};

export default defineConfig({
  root: import.meta.dirname,
  base: './',
  logLevel: 'warn',
  resolve: { conditions: ['@kernel-mm/source', ...defaultClientConditions] },
  define: { GUESTS: JSON.stringify(NAMES) },
  plugins: [guests, classic],
  build: {
    outDir: '../site/play',
    emptyOutDir: true,
    modulePreload: false,
    cssCodeSplit: false,
    target: 'es2022',
    rolldownOptions: { output: { format: 'iife', entryFileNames: 'play.js', assetFileNames: 'play.[ext]' } },
  },
});
