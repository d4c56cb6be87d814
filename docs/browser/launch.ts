/** A browser for tests, and the built site on a port of its own. */
import { existsSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { type PreviewServer, preview } from 'vite';

const site = new URL('../site/', import.meta.url);

/** The built site as a `file:` address that ends in a slash. */
export const SITE = pathToFileURL(fileURLToPath(site)).href;

const PLACES = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];

/**
 * Chromium, with a profile of its own.
 * @throws Error that says how to get one, where there is none
 */
export function launch(): Promise<Browser> {
  const executablePath = process.env.CHROMIUM ?? PLACES.find((path) => existsSync(path));
  if (executablePath === undefined)
    throw new Error(
      'no browser: install Chromium (Debian: apt-get install --no-install-recommends chromium), or name one by CHROMIUM=/path/to/it',
    );
  const quiet = ['--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-gpu', '--disable-quic', ...quiet] });
}

/**
 * The site on a local port, cross-origin isolated or not.
 * @throws Error where it is not built
 */
export async function serve(isolated = false): Promise<PreviewServer & { readonly base: string }> {
  if (!existsSync(new URL('index.html', site))) throw new Error('docs/site is not built: npm run site');
  const headers = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };
  const server = await preview({
    ...{ configFile: false, appType: 'mpa', logLevel: 'silent', root: fileURLToPath(new URL('..', import.meta.url)) },
    ...{ build: { outDir: 'site' }, preview: { host: '127.0.0.1', port: 0, ...(isolated && { headers }) } },
  });
  return Object.assign(server, { base: server.resolvedUrls?.local[0] ?? '' });
}
