/** The mirror site in a real browser: on phones, tablets and desktops, dark and light, with scripts and without. */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { systemClock } from '../../src/domain/clock.js';
import { parseInfoHash } from '../../src/domain/info-hash.js';
import { createMirrorSite } from '../../src/mirror-site/mirror-site.js';
import { type Catalogue, createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase, type SqliteDatabase } from '../../src/store/sqlite/database.js';
import { rewriteTorrent } from '../../src/wire/metainfo-rewrite.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { requireProgram } from '../support/real-program.js';

const executablePath = requireProgram('chromium');
const AXE = createRequire(import.meta.url).resolve('axe-core/axe.min.js');
const ARGUMENTS = ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa'];
const alice = parseInfoHash(fixtures.alice.parsedTorrent.infoHash);
const HOSTILE = [
  '"><img src=x onerror=alert(1)>\u202Egpj.exe',
  'שלום עולם – مرحبا',
  '東京物語'.repeat(20),
  'x'.repeat(250),
];

describe.skipIf(executablePath === undefined)('the mirror site in a browser', () => {
  let browser: Browser;
  let database: SqliteDatabase;
  let server: Server;
  let base: string;
  let page: Page;

  beforeAll(async () => {
    database = openDatabase(':memory:');
    fill(createCatalogue(database));
    server = createServer(
      createMirrorSite({
        catalogue: createCatalogue(database),
        clock: systemClock,
        announceUrls: ['http://alias.example.net:6969/announce'],
        rewrite: async (bytes, options) => rewriteTorrent(bytes, options),
        siteHosts: [],
        swarmCounts: async () => new Map([[alice, { seeds: 26, leechers: 3 }]]),
      }),
    ).listen(0, '127.0.0.1');
    await once(server, 'listening');
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    browser = await chromium.launch({ executablePath: executablePath!, args: ARGUMENTS });
  });
  afterAll(async () => {
    await browser?.close();
    server?.close();
    database?.close();
  });
  afterEach(() => page.context().close());

  function fill(catalogue: Catalogue): void {
    const offers = ['a.example', 'b.example'].map((site) => ({ source: site, site, pageUrl: `http://${site}/1` }));
    const facts = {
      infoHash: alice,
      name: 'Alice in Wonderland',
      torrentBytes: fixtures.alice.torrent,
      category: 'Books',
    };
    catalogue.store(torrentToStore(1, { ...facts, offers, files: [{ path: 'a/b/alice.txt', bytes: 163_783 }] }), 1_000);
    for (const [i, name] of HOSTILE.entries()) catalogue.store(torrentToStore(i + 2, { name }), 2_000);
    for (let n = 10; n < 130; n++) catalogue.store(torrentToStore(n), n);
    catalogue.storeInsideCounts(new Map([[alice, { seeds: 26, leechers: 3 }]]));
  }

  async function open(path: string, width: number, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, ...options });
    page = await context.newPage();
    await page.goto(base + path);
  }

  /** @returns each broken rule with the first element that breaks it */
  async function violations(): Promise<string[]> {
    await page.addScriptTag({ path: AXE }).catch(() => undefined);
    return page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)} })
      .then(({ violations }) => violations.map(({ id, nodes }) => id + ': ' + nodes[0].html + ' ' + nodes[0].failureSummary))`);
  }

  /** @returns what makes the page scroll sideways */
  const tooWide = (): Promise<string[]> =>
    page.evaluate(`{
      const { scrollWidth, clientWidth } = document.documentElement;
      const beyond = [...document.querySelectorAll('body *')].filter((each) => each.getBoundingClientRect().right > clientWidth);
      scrollWidth > clientWidth ? beyond.map((each) => each.outerHTML.slice(0, 80)) : [];
    }`);

  for (const colorScheme of ['light', 'dark'] as const) {
    for (const width of [320, 768, 1280]) {
      test(`breaks no rule of WCAG 2.2 AA at ${width} px, ${colorScheme}`, async () => {
        for (const path of ['/?sort=seeds&page=2', '/', `/torrent/${alice}`, `/torrent/${hashOf(2)}`, '/nothing']) {
          await open(path, width, { colorScheme, bypassCSP: true });
          expect(await violations(), path).toEqual([]);
          expect(await tooWide(), path).toEqual([]);
          if (path !== '/nothing') await page.context().close();
        }
      });
    }
  }

  test('on a phone a row is a card with two buttons that a thumb can hit', async () => {
    for (const width of [320, 360, 412]) {
      await open('/', width, { javaScriptEnabled: false, hasTouch: true, isMobile: true });
      const buttons = await page.locator('tbody tr').first().locator('td.get a').all();
      const boxes = await Promise.all(buttons.map((button) => button.boundingBox()));
      expect(boxes).toHaveLength(2);
      for (const box of boxes) {
        expect(box!.height).toBeGreaterThanOrEqual(44);
        expect(box!.width).toBeGreaterThanOrEqual(44);
        expect(box!.x + box!.width).toBeLessThanOrEqual(width);
      }
      if (width < 412) await page.context().close();
    }
  });

  test('finds, filters, shows and downloads without scripts, by keyboard', async () => {
    await open('/', 1280, { javaScriptEnabled: false, acceptDownloads: true });
    await page.keyboard.press('Tab');
    expect(await page.locator(':focus').textContent()).toBe('Skip to the content');
    await page.getByRole('searchbox').fill('alcie');
    await page.keyboard.press('Enter');
    await page.waitForURL(/q=alcie/);
    expect(await page.locator('tbody tr').count()).toBe(1);
    await page.locator('summary').first().click();
    await page.getByLabel('Category').selectOption('Books');
    await page.getByLabel(/seed inside/).check();
    await page.getByRole('button', { name: 'Apply' }).click();
    await page.waitForURL(/inside=1/);
    await page.getByRole('link', { name: 'Alice in Wonderland', exact: true }).click();
    await page.waitForURL(/torrent/);
    expect(await page.locator('main').textContent()).toContain('26 neighbours have it');
    expect(await page.getByRole('button', { name: /Copy/ }).count()).toBe(0);
    const [download] = await Promise.all([
      page.waitForEvent('download'),
      page.getByRole('link', { name: 'Torrent file' }).click(),
    ]);
    expect(download.suggestedFilename()).toBe('Alice in Wonderland.torrent');
  });

  test('copies the magnet link, and its own policy for content lets it', async () => {
    await open(`/torrent/${alice}`, 1280, { permissions: ['clipboard-read', 'clipboard-write'] });
    await page.getByRole('button', { name: 'Copy magnet link' }).click();
    await page.getByText('Copied').waitFor();
    const copied = (await page.evaluate('navigator.clipboard.readText()')) as string;
    expect(copied).toMatch(new RegExp(`^magnet:\\?xt=urn:btih:${alice}`));
  });

  test('no name runs a script or turns the direction of what follows it', async () => {
    await open('/?q=onerror', 1280);
    expect(await page.locator('main img').count()).toBe(0);
    expect(await page.locator('tbody bdi').first().textContent()).toBe('"><img src=x onerror=alert(1)>gpj.exe');
    expect(await page.locator('tbody bdi').count()).toBe(1);
  });

  test('shows its buttons where colours are forced', async () => {
    await open('/', 320, { forcedColors: 'active' });
    const border = await page.evaluate(`getComputedStyle(document.querySelector('td.get a')).borderTopWidth`);
    expect(border).toBe('1px');
  });
});
