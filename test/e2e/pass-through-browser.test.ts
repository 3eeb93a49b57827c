/**
 * A reader whose resolver leads them to the mirror site instead of a forum: everything of the forum works, its torrents use the
 * alias tracker, and readers who want the original get it. In a real browser; the application runs whole, and asks a real resolver.
 */
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Browser, type BrowserContext, chromium, type Download, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import type { Application } from '../../src/app/application.js';
import { createApp } from '../../src/app/create-app.js';
import { parseConfig } from '../../src/config/parse-config.js';
import { createRandom } from '../../src/domain/random.js';
import { announceOverUdp } from '../../src/lab/udp-announcer.js';
import { createLogger } from '../../src/logging/logger.js';
import { parseMetainfo } from '../../src/wire/metainfo.js';
import { eventually } from '../support/eventually.js';
import { createForum, type Forum } from '../support/forum-site.js';
import { requireProgram } from '../support/real-program.js';
import { torrentWith } from '../support/torrents.js';
import { answerWith, type Closing, startResolver } from '../unit/dns-redirect/running-redirect.js';

const executablePath = requireProgram('chromium');
const SITE = 'forum.example';
const ALIAS = 'http://alias.example.net:6969/announce';
const ALIAS_IN_MAGNET = `tr=${encodeURIComponent(ALIAS)}`;

describe.skipIf(executablePath === undefined)('a forum through the mirror site, in a browser', () => {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-forum-'));
  const closing: Closing[] = [];
  let forum: Forum;
  let app: Application;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let base: string;
  let forumTracker: string;
  /** What the forum's own tracker was asked. */
  const asked: string[] = [];

  beforeAll(async () => {
    const resolver = await startResolver(closing, (query) => answerWith(query, '127.0.0.2'));
    const yaml = {
      operator: { name: 'Example Telecom', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
      tracker: { listen: ['udp://127.0.0.1:0'], announceUrls: [ALIAS] },
      mirrorSite: { listen: 'http://127.0.0.1:0', banner: 'Torrents by Example Telecom – näher' },
      dnsRedirect: {
        listen: ['127.0.0.1:0'],
        upstreamResolvers: [`${resolver.host}:${resolver.port}`],
        mirrorAddresses: ['127.0.0.1'],
        sites: [SITE],
      },
      storage: { directory },
      logging: { level: 'silent' },
      lab: true,
    };
    const config = parseConfig(stringify(yaml), { file: 'forum.yaml', baseDirectory: directory });
    app = createApp(config, { logger: createLogger('silent'), random: createRandom(1) });
    await app.start();
    const { port } = new URL(app.addresses.find(({ part }) => part === 'mirror-site')!.url);
    const tracker = createServer((request, response) => {
      asked.push(String(request.url));
      response.end('d8:intervali1800e5:peers0:e');
    }).listen(0, '127.0.0.2');
    await once(tracker, 'listening');
    closing.push(async () => tracker.close());
    forumTracker = `http://tracker.forum.test:${(tracker.address() as AddressInfo).port}/announce`;
    forum = createForum(forumTracker);
    await new Promise<void>((resolve) => forum.server.listen(Number(port), '127.0.0.2', resolve));
    base = `http://${SITE}:${port}`;
    browser = await chromium.launch({
      executablePath: executablePath!,
      args: [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        `--host-resolver-rules=MAP ${SITE} 127.0.0.1`,
      ],
    });
    context = await browser.newContext({ acceptDownloads: true });
    page = await context.newPage();
  });

  afterAll(async () => {
    await browser?.close();
    await app?.stop();
    forum?.server.closeAllConnections();
    forum?.server.close();
    for (const close of closing) await close();
    rmSync(directory, { recursive: true, force: true });
  });

  async function downloaded(selector: string): Promise<Buffer> {
    const [download] = (await Promise.all([page.waitForEvent('download'), page.click(selector)])) as [
      Download,
      unknown,
    ];
    return readFileSync(await download.path());
  }

  test('logs in, with a session by cookie and a redirect', async () => {
    await page.goto(`${base}/login`);
    await page.fill('input[name=name]', 'Anna');
    await page.fill('input[name=password]', 'sesame');
    await page.click('button');
    await page.waitForURL(`${base}/`);
    expect(await page.textContent('#user')).toBe('Anna');
  });

  test('searches and pages; magnet links lead to the alias tracker', async () => {
    await page.fill('input[name=q]', 'alice');
    await page.press('input[name=q]', 'Enter');
    await page.waitForURL(/q=alice/);
    expect(await page.textContent('#count')).toBe('1 results for alice');
    const magnet = await page.getAttribute('a.magnet', 'href');
    expect(magnet).toContain(ALIAS_IN_MAGNET);
    expect(magnet).not.toContain(encodeURIComponent(forumTracker));
    await page.goto(`${base}/`);
    await page.click('a[rel=next]');
    await page.waitForURL(/page=2/);
    expect(await page.locator('a.magnet').count()).toBe(5);
  });

  test('uploads a torrent, which reaches the forum as it is', async () => {
    const file = join(directory, 'mine.torrent');
    writeFileSync(file, torrentWith({ announce: forumTracker }, { name: 'mine', filler: 'x'.repeat(300_000) }));
    await page.goto(`${base}/upload`);
    // What members enter into their own torrents is not the alias tracker's address.
    expect(await page.textContent('code')).toBe(forumTracker);
    await page.fill('input[name=title]', 'My own film');
    await page.setInputFiles('input[type=file]', file);
    await page.click('button');
    await page.waitForURL(/\/t\/\d+/);
    expect(await page.textContent('h1')).toBe('My own film');
    expect(forum.posts.at(-1)!.file.equals(readFileSync(file))).toBe(true);
  });

  test('comments; what a form holds is sent back as the forum wrote it', async () => {
    await page.goto(`${base}/t/0`);
    expect(await page.inputValue('textarea')).toContain(encodeURIComponent(forumTracker));
    await page.fill('textarea', 'Thanks <3 & ünïcode');
    await page.click('button');
    await page.waitForSelector('#comments li');
    expect(await page.textContent('#comments li')).toBe('Thanks <3 & ünïcode');
  });

  test('chats over a WebSocket, in the session', async () => {
    await page.goto(`${base}/chat`);
    await page.waitForSelector('#lines li');
    expect(await page.textContent('#lines li')).toBe('Anna says hello');
  });

  test('downloads a torrent that uses the alias tracker; a private one keeps its bytes', async () => {
    await page.goto(`${base}/t/0`);
    const torrent = parseMetainfo(await downloaded('#get'));
    expect(torrent.trackerTiers).toEqual([[ALIAS]]);
    expect(torrent.infoHash).toBe(parseMetainfo(forum.posts[0]!.file).infoHash);
    await page.goto(`${base}/t/1`);
    expect((await downloaded('#get')).equals(forum.posts[1]!.file)).toBe(true);
  });

  test('the alias tracker asks the forum’s tracker for foreign peers of a torrent that has passed', async () => {
    const { hostname, port } = new URL(
      app.addresses.find(({ part }) => part === 'tracker')!.url.replace(/^udp:/, 'http:'),
    );
    const infoHash = parseMetainfo(forum.posts[0]!.file).infoHash;
    await announceOverUdp({
      tracker: { host: hostname, port: Number(port) },
      localAddress: '127.1.0.9',
      port: 6881,
      peerId: '-TE0000-000000000001',
      infoHash,
      leftBytes: 1_000,
      event: 'started',
    } as Parameters<typeof announceOverUdp>[0]);
    const escaped = infoHash.replaceAll(/../g, (hex) => `%${hex}`);
    await eventually('the question at the forum’s tracker', () =>
      asked.some((url) => decodeLatin1(url).includes(decodeLatin1(escaped))),
    );
  });

  test('opts out by the banner, gets the original’s bytes, and opts in again', async () => {
    await page.goto(`${base}/t/0`);
    const banner = page.getByRole('note');
    expect(await banner.textContent()).toContain('Torrents by Example Telecom – näher');
    await banner.getByRole('link').click();
    await page.getByRole('link', { name: 'Show the original page' }).click();
    await page.waitForURL(`${base}/t/0`);
    expect(await page.getByRole('note').count()).toBe(0);
    expect(await page.getAttribute('#magnet', 'href')).toContain(encodeURIComponent(forumTracker));
    expect((await downloaded('#get')).equals(forum.posts[0]!.file)).toBe(true);
    expect(await page.textContent('#user')).toBe('Anna');
    await page.goto(`${base}/.alias-tracker/about?to=/t/0`);
    await page.getByRole('link', { name: 'Use the tracker of your provider again' }).click();
    await page.waitForURL(`${base}/t/0`);
    await eventually('the rewritten page', async () => {
      await page.reload();
      return (await page.getAttribute('#magnet', 'href'))?.includes(ALIAS_IN_MAGNET) === true;
    });
    expect(parseMetainfo(await downloaded('#get')).trackerTiers).toEqual([[ALIAS]]);
  });

  test('the catalogue is below the reserved path, and other well-known paths are the forum’s', async () => {
    await page.goto(`${base}/.alias-tracker/`);
    expect(await page.textContent('h1')).toBe('Torrents');
    expect(await page.getAttribute('header a', 'href')).toBe('/.alias-tracker/');
    await page.goto(`${base}/robots.txt`);
    expect(await page.textContent('body')).toContain('Disallow: /upload');
  });

  test('a forum that is down is a page that says so, with the local copy', async () => {
    forum.server.closeAllConnections();
    await new Promise((resolve) => forum.server.close(resolve));
    const answer = await page.goto(`${base}/t/0`);
    expect(answer!.status()).toBe(502);
    expect(await page.textContent('h1')).toBe('The original site does not answer');
    await page.getByRole('link', { name: 'All torrents' }).click();
    await page.waitForURL(`${base}/.alias-tracker/`);
  });
});

/** Percent-escapes as bytes: clients differ in which bytes they escape. */
function decodeLatin1(url: string): string {
  return url.replaceAll(/%([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}
