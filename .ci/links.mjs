// The links of the built site and of the repository's own Markdown: every internal one, with its anchor, leads somewhere.
// Links to elsewhere are listed, not fetched: a site that is down today is no defect of this one.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';
import { LinkChecker } from 'linkinator';

/** GitHub's anchor of a heading. */
const anchorOf = (heading) =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-');

/** Dead relative links of one Markdown file, as they stand. */
function deadIn(file) {
  const text = readFileSync(file, 'utf8')
    .replaceAll(/^```.*?^```/gms, '')
    .replaceAll(/`[^`\n]*`/g, '');
  return [...text.matchAll(/\]\(([^)\s]+)\)/g)]
    .map(([, link]) => link)
    .filter((link) => !/^[a-z]+:/.test(link))
    .filter((link) => {
      const [path, anchor] = link.split('#');
      const target = path ? resolve(dirname(file), path) : file;
      if (!existsSync(target)) return true;
      if (!anchor) return false;
      const headings = readFileSync(target, 'utf8').matchAll(/^#+ (.*)$/gm);
      return ![...headings].some(([, heading]) => anchorOf(heading) === anchor);
    })
    .map((link) => `${file}: ${link}`);
}

const workspaces = readdirSync('packages').map((name) => join('packages', name));
const texts = ['.', ...workspaces, 'docs/guides', 'docs/adr'].flatMap((folder) =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.md') && name !== 'CHANGELOG.md')
    .map((name) => join(folder, name)),
);
const dead = texts.flatMap(deadIn);

const site = await new LinkChecker().check({
  path: 'docs/site/',
  recurse: true,
  checkFragments: true,
  checkCss: true,
  linksToSkip: async (link) => !/^http:\/\/(localhost|127\.0\.0\.1|\[::1\]):/.test(link),
});
const pages = site.links.filter(({ state }) => state === 'OK').length;
const broken = new Map(site.links.filter(({ state }) => state === 'BROKEN').map(({ url, parent }) => [url, parent]));
for (const [url, parent] of broken) dead.push(`${parent}: ${url}`); // once, however many pages have it
const outside = new Set(
  site.links.filter(({ url, state }) => state === 'SKIPPED' && /^https?:/.test(url)).map(({ url }) => url),
);

for (const url of [...outside].sort()) console.log(`not fetched: ${url}`);
for (const link of dead) console.error(`dead: ${link}`);
console.log(`${texts.length} texts, ${pages} links of the site, ${outside.size} to elsewhere, ${dead.length} dead`);
if (dead.length > 0 || pages < 100) process.exitCode = 1;
