/** The built site in a browser, from a server and from disk: it is read, searched and looked at without an error. */
import axe from 'axe-core';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { launch, SITE, serve } from './browser/launch.ts';

const server = await serve();
let browser: Browser;
beforeAll(async () => {
  browser = await launch();
});
afterAll(async () => {
  await browser.close();
  await server.close();
});

describe.each([
  ['http', server.base],
  ['file', SITE],
])('by %s:', (_, base) => {
  let page: Page;
  let troubles: string[];

  beforeEach(async () => {
    troubles = [];
    page = await browser.newPage();
    page.on('console', (said) => said.type() === 'error' && troubles.push(said.text()));
    page.on('pageerror', (error) => troubles.push(error.message));
    page.on('requestfailed', (request) => troubles.push(`failed: ${request.url()}`));
    page.on('request', (request) => {
      if (!/^(data|blob):/.test(request.url()) && !request.url().startsWith(base))
        troubles.push(`outside: ${request.url()}`);
    });
    await page.goto(`${base}index.html`);
  });
  afterEach(async () => {
    await page.close();
    expect(troubles).toEqual([]);
  });

  test.each(['pmd', 'folding', 'asce'])('search finds %s', async (word) => {
    await page.keyboard.press('/');
    await page.locator('#tsd-search-input').fill(word);
    const found = page.locator('#tsd-search-results a');
    await found.first().waitFor();
    expect((await found.allTextContents()).join('\n').toLowerCase()).toContain(word);
    await found.first().click();
    await page.waitForURL((url) => !url.pathname.endsWith('/site/index.html') && url.pathname !== '/index.html');
    expect((await page.locator('.col-content').innerText()).toLowerCase()).toContain(word);
  });

  test('the navigation leads to each guide, and their pictures are there', async () => {
    const guides = page.locator('.tsd-navigation a[href*="documents/"]:not([href*="documents/0"])');
    await page.locator('.tsd-navigation details').first().waitFor();
    const links = await guides.evaluateAll((all) => all.map((a) => String((a as unknown as { href: string }).href)));
    expect(links.length).toBeGreaterThan(10);
    for (const link of links) {
      await page.goto(link);
      expect(await page.locator('h1').count(), link).toBeGreaterThan(0);
      const broken = await page
        .locator('.col-content img')
        .evaluateAll((all) => all.filter((img) => !(img as unknown as { naturalWidth: number }).naturalWidth).length);
      expect(broken, link).toBe(0);
    }
  });
});

/** TypeDoc's theme puts links into `<summary>`; Tab reaches both, and Enter does what each says. */
const AXE = 'axe.run({ rules: { "nested-interactive": { enabled: false } } })';

describe.each(['light', 'dark'] as const)('%s', (colorScheme) => {
  test.each([
    'index.html',
    'documents/Folding.html',
    'documents/What_the_hardware_does.html',
    'modules/_kernel-mm_pgtable-core.index.html',
    'functions/_kernel-mm_pgtable-core.index.walk.html',
  ])('axe finds nothing serious on %s', async (path) => {
    const page = await browser.newPage({ colorScheme, reducedMotion: 'reduce' });
    const answer = await page.goto(server.resolvedUrls!.local[0]! + path);
    expect(answer?.status()).toBe(200);
    await page.waitForFunction('document.querySelector(".tsd-navigation details") && window.app');
    await page.evaluate(axe.source);
    const { violations } = (await page.evaluate(AXE)) as axe.AxeResults;
    const serious = violations.filter(({ impact }) => impact === 'serious' || impact === 'critical');
    expect(serious.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).slice(0, 3)}`)).toEqual([]);
    await page.close();
  });
});
