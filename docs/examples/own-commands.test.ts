/** The two commands for files of one's own: what they print is what the guides and READMEs show. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { runAsync } from '@kernel-mm/cli';
import { expect, test } from 'vitest';

const here = (name: string): string => fileURLToPath(new URL(name, import.meta.url));

test.each([
  ['judge', ['judge', here('endless.ts'), '--arch', 's390', '--runs', '20'], 1],
  ['arch-check', ['arch', 'check', here('sv39.ts'), '--runs', '20'], 0],
] as const)('%s prints what the guides show', async (name, words, status) => {
  expect(await runAsync(words, false)).toEqual({ out: readFileSync(here(`${name}.txt`), 'utf8'), error: '', status });
});
