/** The mirror site in a real browser: on phones, tablets and desktops, dark and light, with scripts and without. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { systemClock } from '../../src/domain/clock.js';
import { parseInfoHash } from '../../src/domain/info-hash.js';
import { readIdentity } from '../../src/mirror-site/identity/identity.js';
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
  'y'.repeat(100_000),
];
const [HEBREW, JAPANESE] = [hashOf(3), hashOf(4)];
/** With all that an SVG can try. */
const LOGO = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 3" onload="document.documentElement.id = 'ran'">
<script>document.documentElement.id = 'ran'</script><style>rect { fill: #c2410c }</style><rect width="9" height="3"/></svg>`;
const HOUR_MS = 3_600_000;

describe.skipIf(executablePath === undefined)('the mirror site in a browser', () => {
  let browser: Browser;
  let database: SqliteDatabase;
  let server: Server;
  let base: string;
  let page: Page;
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-browser-'));

  beforeAll(async () => {
    database = openDatabase(':memory:');
    fill(createCatalogue(database));
    writeFileSync(join(directory, 'logo.svg'), LOGO);
    writeFileSync(join(directory, 'help.txt'), '# Our shop\nSee https://example.net/shop\n\n- Monday\n- Tuesday\n');
    const identity = await readIdentity({
      logo: join(directory, 'logo.svg'),
      colour: '#ffcc00',
      contact: 'mailto:noc@example.net',
      takedown: 'https://example.net/abuse',
      help: join(directory, 'help.txt'),
    });
    server = createServer(
      createMirrorSite({
        catalogue: createCatalogue(database),
        clock: systemClock,
        announceUrls: ['http://alias.example.net:6969/announce'],
        rewrite: async (bytes, options) => rewriteTorrent(bytes, options),
        siteHosts: [],
        identity,
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
    rmSync(directory, { recursive: true });
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
    for (const [i, name] of HOSTILE.entries()) {
      // The longest is the last of the list, on no page that is checked for rules: it would take minutes.
      catalogue.store(torrentToStore(i + 2, { name, rank: name.length > 1_000 ? undefined : i + 2 }), 2_000);
    }
    for (let n = 10; n < 70; n++) catalogue.store(torrentToStore(n), n);
    catalogue.storeInsideCounts(new Map([[alice, { seeds: 26, leechers: 3, bps: 40e6 }]]));
    const nowMs = systemClock.nowMs();
    const { entryId } = catalogue.swarmsAfter('', 500).find(({ infoHash }) => infoHash === alice)!;
    const numbers = { updatedMs: nowMs, downloads: 7, downloadsMs: nowMs, downloadsPerDay: 1, numbers: {} };
    for (let i = 20; i >= 0; i--) {
      const sample = { entryId, insideSeeds: i, insideLeechers: 3, outsideSeeds: 1_000 + i };
      catalogue.storeSwarmSamples([sample], nowMs - i * HOUR_MS);
      catalogue.storePopularities([[alice, { ...numbers, popularity: i }]]);
      catalogue.samplePopularity(nowMs - i * HOUR_MS);
    }
  }

  async function open(path: string, width: number, options: BrowserContextOptions = {}): Promise<void> {
    const context = await browser.newContext({ viewport: { width, height: 800 }, ...options });
    page = await context.newPage();
    await page.goto(base + path);
  }

  /** @returns each broken rule with the first element that breaks it */
  async function violations(): Promise<string[]> {
    await page.addScriptTag({ path: AXE }).catch(() => undefined);
    return page.evaluate(`axe.run({ runOnly: ${JSON.stringify(RULES)}, resultTypes: ['violations'] })
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
        const paths = [
          '/?sort=seeds&page=2',
          '/',
          `/torrent/${alice}`,
          `/torrent/${hashOf(2)}`,
          '/help',
          '/privacy',
          '/nothing',
        ];
        for (const path of paths) {
          await open(path, width, { colorScheme, bypassCSP: true });
          await page.evaluate(`for (const each of document.querySelectorAll('details')) each.open = true`);
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

  test('writes names from right to left and in Chinese characters as they are meant, on every screen', async () => {
    const directionOf = (selector: string): Promise<string> =>
      page.evaluate(`getComputedStyle(document.querySelector(${JSON.stringify(selector)})).direction`);
    for (const width of [320, 768, 1280]) {
      for (const [infoHash, direction] of [
        [HEBREW, 'rtl'],
        [JAPANESE, 'ltr'],
        [hashOf(6), 'ltr'],
      ] as const) {
        await open(`/torrent/${infoHash}`, width);
        expect(await directionOf('h1')).toBe(direction);
        expect(await directionOf('main')).toBe('ltr');
        expect(await tooWide(), infoHash).toEqual([]);
        await page.context().close();
      }
      await open(`/?q=${encodeURIComponent('שלום')}`, width);
      expect(await directionOf('tbody bdi')).toBe('rtl');
      expect(await directionOf('tbody tr')).toBe('ltr');
      expect(await tooWide()).toEqual([]);
      if (width < 1280) await page.context().close();
    }
  });

  test('plots show without scripts, and by keyboard as tables', async () => {
    await open(`/torrent/${alice}`, 320, { javaScriptEnabled: false });
    expect(await page.getByText('26 neighbours have it, about 40 Mbit/s from inside').count()).toBe(1);
    const plot = page.getByRole('img', { name: 'Seeds inside the network' });
    expect((await plot.boundingBox())!.height).toBeGreaterThan(60);
    const table = page.locator('figure table').first();
    expect(await table.isVisible()).toBe(false);
    await page.locator('figure summary').first().focus();
    await page.keyboard.press('Enter');
    await table.waitFor({ state: 'visible' });
    expect(await table.locator('tbody tr').count()).toBeGreaterThan(10);
    expect(await tooWide()).toEqual([]);
  });

  test('the logo is shown, and runs nothing', async () => {
    await open('/', 768);
    const logo = page.locator('header img');
    expect(await page.evaluate(`document.querySelector('header img').decode().then(() => 'shown')`)).toBe('shown');
    await page.goto(base + (await logo.getAttribute('src')));
    expect(await page.evaluate('document.documentElement.id')).toBe('');
    expect(await page.evaluate(`getComputedStyle(document.querySelector('rect')).fill`)).toBe('rgb(194, 65, 12)');
  });

  test('help and privacy are in the language of the reader, with what the operator adds', async () => {
    await open('/', 320, { locale: 'de-DE', javaScriptEnabled: false });
    await page.getByRole('link', { name: 'Hilfe' }).click();
    await page.getByRole('heading', { name: 'Was ist ein Torrent?' }).waitFor();
    expect(await page.locator('article h2').first().textContent()).toBe('Our shop');
    await page.getByRole('link', { name: 'Datenschutz' }).click();
    await page.getByText('45 Minuten').waitFor();
    const report = page.locator('footer').getByRole('link', { name: 'Torrent melden' });
    expect(await report.getAttribute('href')).toBe('https://example.net/abuse');
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
    await page.getByLabel('Type').selectOption('document');
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
    await page.goto(`${base}/torrent/${alice}`);
    const [line, text] = (await page.evaluate(
      `['.plot path', 'h1'].map((each) => getComputedStyle(document.querySelector(each))).map((each, i) => i === 0 ? each.stroke : each.color)`,
    )) as [string, string];
    expect(line).toBe(text);
  });
});
