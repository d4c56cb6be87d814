/** The API site's table of categories: every source that exports has one, and no line of it is stale. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

const packages = new URL('../../packages/', import.meta.url);
const categories: Record<string, string[]> = JSON.parse(
  readFileSync(new URL('../typedoc/categories.json', import.meta.url), 'utf8'),
);
const places = Object.values(categories).flat();

/** The sources that an entry point, and what it passes on, exports from. */
function exported(path: string): string[] {
  const text = readFileSync(new URL(path, packages), 'utf8');
  return [...text.matchAll(/^(?:export|\}) .*?from '(\.[^']+)'/gm)].flatMap(([, from]) => {
    const target = new URL(from!, new URL(path, packages)).href.slice(packages.href.length);
    return target.endsWith('/index.ts') ? [target, ...exported(target)] : [target];
  });
}

test.each(readdirSync(packages))('%s: what is exported has a category', (name) => {
  const { exports } = JSON.parse(readFileSync(new URL(`${name}/package.json`, packages), 'utf8'));
  const entries = Object.values<Record<string, string>>(exports).flatMap((entry) => entry['@kernel-mm/source'] ?? []);
  const files = entries.flatMap((entry) => exported(`${name}${entry.slice(1)}`));
  expect(files.length).toBeGreaterThan(0);
  expect(files.filter((file) => !places.some((place) => file.startsWith(place)))).toEqual([]);
});

test('every place is there, once', () => {
  expect(places.filter((place) => !existsSync(new URL(place, packages)))).toEqual([]);
  expect(new Set(places).size).toBe(places.length);
});
