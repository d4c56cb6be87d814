/** The page in a real browser: its controls, the story of 2020, hostile memory, small screens, keys, and what axe finds. */
import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { riscv } from '@kernel-mm/arch-generic';
import { VARIANTS } from '@kernel-mm/gup-fast';
import { archToJson } from '@kernel-mm/pgtable-core';
import axe from 'axe-core';
import type { Browser, BrowserContextOptions, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { launch, SITE, serve } from '../browser/launch.ts';

let browser: Browser;
const open: Page[] = [];
const troubles: string[] = [];
beforeAll(async () => {
  browser = await launch();
});
afterAll(() => browser.close());
afterEach(async () => {
  for (const page of open.splice(0)) await page.context().close();
  expect(troubles.splice(0)).toEqual([]);
});

/** The page, shown. */
async function visit(hash = '', options: BrowserContextOptions = {}, base = SITE): Promise<Page> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  open.push(page);
  page.on('console', (said) => said.type() === 'error' && troubles.push(said.text()));
  page.on('pageerror', (error) => troubles.push(error.message));
  page.on(
    'request',
    (request) =>
      !/^(data|blob):/.test(request.url()) &&
      !request.url().startsWith(base) &&
      troubles.push(`outside: ${request.url()}`),
  );
  await page.goto(`${base}play/index.html${hash}`);
  await ready(page);
  return page;
}
const ready = (page: Page): Promise<unknown> =>
  page.waitForFunction(
    () => document.body.dataset.ready !== undefined && document.querySelector('.told')?.textContent !== '',
  );
/** Does something, and waits until the page has shown it. */
async function shown(page: Page, act: () => Promise<unknown>): Promise<void> {
  const before = await page.evaluate(() => document.body.dataset.ready);
  await act();
  await page.waitForFunction((was) => document.body.dataset.ready !== was, before);
}
const told = (page: Page): Promise<string | null> => page.locator('.told').textContent();
async function serious(page: Page): Promise<string[]> {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() =>
    (globalThis as unknown as { axe: typeof axe }).axe.run({ preload: false }),
  );
  return violations
    .filter(({ impact }) => impact === 'serious' || impact === 'critical')
    .map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
}

test('the script stays within its 150 KB', () => {
  const script = readFileSync(new URL('../site/play/play.js', import.meta.url));
  expect(gzipSync(script).length).toBeLessThan(150 * 1024);
});

describe.each([
  ['from disk', async () => ({ base: SITE, close: async () => undefined, isolated: false })],
  ['from a host', async () => ({ ...(await serve()), isolated: false })],
  ['cross-origin isolated', async () => ({ ...(await serve(true)), isolated: true })],
])('%s', (_, start) => {
  test('it opens, and shows a walk', async () => {
    const { base, close, isolated } = await start();
    const page = await visit('', {}, base);
    expect(await page.evaluate(() => crossOriginIsolated)).toBe(isolated);
    expect(await page.locator('.entry').count()).toBeGreaterThan(2);
    expect(await page.locator('.drawing img').getAttribute('alt')).toContain('0x80000000');
    await close();
  });
});

describe('the story of 2020', () => {
  test('stackCopy, read by read: the pointer leaves the copy, and a page of somebody else comes back', async () => {
    const page = await visit('#step=0');
    expect(await told(page)).toBe('11 reads to step through.');
    const said: (string | null)[] = [];
    for (let n = 0; n < 11; n++) {
      await shown(page, () => page.getByRole('button', { name: 'Next' }).click());
      said.push(await told(page));
    }
    expect(said[0]).toMatch(/^Read 1 of 11: pgd by pgd\[0\]/);
    const wrong = said.findIndex((one) => one?.includes('not where a walk'));
    expect(said[wrong]).toContain('pud by &p4d + 8, at stack 0x');
    expect(await page.locator('tr.wrong').count()).toBeGreaterThan(0);
    expect(await page.locator('#verdict').textContent()).toContain('where no walk of its address alone reads');
  });

  test.each(Object.keys(VARIANTS).filter((name) => name !== 'stackCopy'))('%s does not', async (variant) => {
    const page = await visit('#step=0');
    await shown(page, () => page.getByLabel('Form').selectOption(variant));
    await shown(page, () => page.getByRole('button', { name: 'To the end' }).click());
    expect(await page.locator('tr.wrong').count()).toBe(0);
    expect(await page.locator('#verdict').textContent()).toContain('4 pages.Every entry was read where');
  });
});

describe('controls', () => {
  test('guests and processes; an address that is picked; the access; the address bar', async () => {
    const page = await visit();
    await shown(page, () => page.locator('#guest').selectOption('x86_64-l4-1'));
    expect(await page.locator('.note').textContent()).toContain('x86_64');
    await shown(page, () => page.locator('.ranges button').nth(1).click());
    expect(await page.locator('#addr').inputValue()).toMatch(/^0x/);
    await shown(page, () => page.getByLabel('Access').selectOption('write'));
    const hash = new URL(page.url()).hash;
    expect(hash).toContain('guest=x86_64-l4-1');
    const again = await visit(hash);
    expect(await again.locator('.walk').innerText()).toBe(await page.locator('.walk').innerText());
  });

  test('every guest beside the page opens', async () => {
    const page = await visit();
    const names = await page.locator('#guest').locator('option').allTextContents();
    expect(names.length).toBeGreaterThan(10);
    for (const name of names.slice(1)) {
      await shown(page, () => page.locator('#guest').selectOption(name));
      expect(await page.locator('[role=alert]').textContent(), name).toBe('');
      expect(await page.locator('.note').textContent(), name).toContain('process');
    }
  });

  test('tables that are drawn: map, unmap, protect, take back', async () => {
    const page = await visit('#memory=drawn&arch=x86-64&drawn=&addr=0x400000');
    expect(await page.locator('.walk').innerText()).toContain('raises page-fault');
    await shown(page, () => page.getByRole('button', { name: 'map', exact: true }).click());
    expect(await page.locator('.walk').innerText()).toContain('read reaches physical 0x100000');
    await page.getByLabel('Rights').selectOption('r');
    await shown(page, () => page.getByRole('button', { name: 'protect', exact: true }).click());
    await shown(page, () => page.getByLabel('Access').selectOption('write'));
    expect(await page.locator('.walk').innerText()).toContain('takes write');
    await shown(page, () => page.getByRole('button', { name: /^take back protect/ }).click());
    expect(await page.locator('.walk').innerText()).toContain('write reaches physical');
    await shown(page, () => page.getByRole('button', { name: 'unmap', exact: true }).click());
    expect(await page.locator('.walk').innerText()).toContain('raises page-fault');
  });

  test('an image of noise ends in words; one that is cut short too', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'kernel-mm-'));
    let seed = 3;
    const noise = Uint8Array.from({ length: 1 << 18 }, () => {
      seed = (seed * 1103515245 + 12345) & 0x7fffffff;
      return seed >> 16;
    });
    writeFileSync(join(folder, 'noise'), noise);
    writeFileSync(join(folder, 'cut.gz'), gzipSync(noise).subarray(0, 1000));
    const page = await visit();
    await shown(page, () => page.getByLabel('an image of your own').check());
    expect(await page.locator('[role=alert]').textContent()).toContain('a file that you drop here');
    await shown(page, () => page.locator('#image').setInputFiles(join(folder, 'noise')));
    for (const arch of ['s390', 'x86-64', 'arm64-4k-va48', 'riscv-sv57']) {
      await shown(page, () => page.getByLabel('Architecture').selectOption(arch));
      expect(await page.locator('.walk').innerText(), arch).toMatch(/reaches|raises/);
    }
    await page.locator('#image').setInputFiles(join(folder, 'cut.gz'));
    await page.waitForFunction(() =>
      /cut\.gz: .*whole gzip/.test(document.querySelector('.drop output')?.textContent ?? ''),
    );
  });

  test('a definition of one’s own, and what is none', async () => {
    const page = await visit('#memory=drawn&arch=x86-64');
    await page.getByText('A definition of your own').click();
    for (const nonsense of ['', '{', '{"id":1}', '[]', '{"__proto__":null}']) {
      await page.locator('#definition').fill(nonsense);
      await page.getByRole('button', { name: 'Use it' }).click();
      expect((await page.locator('details output').textContent())!.length).toBeGreaterThan(3);
    }
    await page.locator('#definition').fill(archToJson({ ...riscv({ mode: 'sv39' }).spec, id: 'mine' }));
    await shown(page, () => page.getByRole('button', { name: 'Use it' }).click());
    expect(await page.locator('details output').textContent()).toBe('mine is used');
  });

  test('nonsense in the address bar', async () => {
    for (const hash of [
      '#guest=nobody',
      '#arch=vax&memory=drawn',
      '#process=99',
      '#start=0x1001',
      '#end=0x1',
      '#memory=drawn&drawn=map:0x1:0x1:0x1:rw',
      '#memory=drawn&arch=x86-64&drawn=map:0x0:0x80000000:0x1000:rw',
      '#memory=drawn&levels=999999',
      '#memory=drawn&arch=own',
    ]) {
      const page = await visit();
      await shown(page, () => page.evaluate((text) => location.assign(text), hash));
      expect((await page.locator('#page').innerText()).length, hash).toBeGreaterThan(100);
    }
  });
});

test('keys alone: from the top of the page to the last read', async () => {
  const page = await visit('#step=0');
  const focused = () => page.evaluate(() => document.activeElement?.textContent ?? '');
  for (let n = 0; n < 80 && (await focused()) !== 'Next'; n++) await page.keyboard.press('Tab');
  expect(await focused()).toBe('Next');
  await shown(page, () => page.keyboard.press('Enter'));
  await shown(page, () => page.keyboard.press('ArrowRight'));
  expect(await told(page)).toMatch(/^Read 2 of/);
  await shown(page, () => page.keyboard.press('End'));
  expect(await page.locator('#verdict').count()).toBe(1);
  await shown(page, () => page.keyboard.press('ArrowLeft'));
  await shown(page, () => page.keyboard.press('Home'));
  expect(await told(page)).toMatch(/reads to step through/);
});

test('what has the focus and what is open stays so while the rest changes', async () => {
  const page = await visit('#step=1');
  await page.locator('.entry summary').first().click();
  await shown(page, () => page.getByRole('button', { name: 'Next' }).click());
  expect(await page.locator('.entry details').first().getAttribute('open')).not.toBeNull();
  await page.locator('.ranges button').nth(2).focus();
  await shown(page, () => page.keyboard.press('Enter'));
  expect(await page.evaluate(() => document.activeElement?.closest('.ranges') !== null)).toBe(true);
});

test('it plays, and pauses at the end', async () => {
  const page = await visit('#step=8');
  await page.getByRole('button', { name: 'Play' }).click();
  expect(await page.getByRole('button', { name: 'Pause' }).count()).toBe(1);
  await page.locator('#verdict').waitFor();
  await page.getByRole('button', { name: 'Play' }).waitFor();
});

test('light and dark: as the system says, and by the switch', async () => {
  const paper = (page: Page) => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const [light, dark] = [await visit(), await visit('', { colorScheme: 'dark' })];
  const [white, black] = [await paper(light), await paper(dark)];
  expect(white).not.toBe(black);
  await light.getByRole('button', { name: 'Dark' }).click();
  expect(await paper(light)).toBe(black);
  await dark.getByRole('button', { name: 'Light' }).click();
  expect(await paper(dark)).toBe(white);
});

describe.each([
  ['a wide screen', {}],
  ['a phone', { viewport: { width: 360, height: 740 }, hasTouch: true }],
  ['dark', { colorScheme: 'dark' }],
] as const)('%s', (_, options) => {
  test.each(['#step=99', '#memory=drawn&step=99', '#memory=image'])(
    '%s: axe finds nothing serious, and nothing is wider than the screen',
    async (hash) => {
      const page = await visit('', options);
      await shown(page, () => page.evaluate((text) => location.assign(text), hash));
      expect(await serious(page)).toEqual([]);
      expect(await page.evaluate(() => document.documentElement.scrollWidth - innerWidth)).toBeLessThanOrEqual(0);
    },
  );
});
