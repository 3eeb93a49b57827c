/**
 * `serve` and the commands against a site whose documents are made to stop their reader: what waits for an answer
 * gets it, the crawl goes on with the other documents, and SIGTERM ends the process.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { MAX_READ_MS } from '../../src/document-reader/limits.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { torrentWith } from '../support/torrents.js';

const cli = join(import.meta.dirname, '../../dist/cli/main.js');

let directory: string;
let site: OriginalSite;
let server: ChildProcess | undefined;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-hostile-'));
  site = await startOriginalSite();
});
afterEach(async () => {
  server?.kill('SIGKILL');
  server = undefined;
  await site.stop();
  rmSync(directory, { recursive: true, force: true });
});

const item = (url: string, inner = ''): string =>
  `<item><title>t</title><enclosure url="${url.replaceAll('&', '&amp;')}" type="application/x-bittorrent"/>${inner}</item>`;
const feed = (...items: string[]): string => `<rss version="2.0"><channel>${items.join('')}</channel></rss>`;

/** As a feed of this name, or a list page. */
function serveDocuments(): object[] {
  // 43 bytes of rules that take longer than the universe has for whoever tries every way to match them.
  site.routes.set('/robots.txt', 'User-agent: *\nDisallow: /*a*a*a*a*a*a*a*b$\n');
  site.routes.set('/good.torrent', torrentWith({}, { name: 'good' }));
  site.routes.set('/rules.xml', feed(item(`${site.url}/${'a'.repeat(600)}.torrent`)));
  site.routes.set(
    '/spaces.xml',
    feed(item(`${site.url}/x.torrent`, `<description>seeds${' '.repeat(400_000)}x</description>`)),
  );
  site.routes.set('/nested.xml', `<rss>${'<item><link>/x.torrent</link>'.repeat(1_000)}${'t'.repeat(1_000_000)}`);
  site.routes.set('/attributes.xml', feed(item(`${site.url}/x.torrent`, `<a ${'a1 '.repeat(2_000_000)}>`)));
  const formatting = Array.from({ length: 700 }, (_, i) => `<b id=${i}>`).join('');
  const row = (path: string): string => `<div class=row><a class=dl href=${path}>x</a></div>`;
  site.routes.set('/list.html', `${row('/x.torrent')}<p>${formatting}${'<p>x'.repeat(20_000)}`);
  site.routes.set('/cells.html', `${row('/good.torrent')}<p>${'<br>'.repeat(200_000)}`);
  site.routes.set('/good.xml', feed(item(`${site.url}/good.torrent`)));
  const feeds = ['rules', 'spaces', 'nested', 'attributes', 'good'].map((name) => ({
    name,
    type: 'feed',
    url: `${site.url}/${name}.xml`,
  }));
  const pages = ['list', 'cells'].map((name) => ({
    name,
    type: 'html',
    url: `${site.url}/${name}.html`,
    item: '.row',
    link: 'a.dl',
  }));
  return [...feeds, ...pages];
}

async function configFile(sources: object[]): Promise<{ file: string; mirror: number; control: number }> {
  const [mirror, control, tracker] = [await freePort(), await freePort(), await freePort()];
  const file = join(directory, 'config.json');
  const config = {
    operator: { name: 'Op', networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }] },
    tracker: {
      listen: [`udp://127.0.0.1:${tracker}`, `http://127.0.0.1:${tracker}`],
      announceUrls: [`udp://127.0.0.1:${tracker}/announce`],
    },
    mirrorSite: { listen: `http://127.0.0.1:${mirror}` },
    control: { listen: `http://127.0.0.1:${control}`, token: 'e2e-control-token-0001' },
    crawler: { every: '1h', delayPerSite: '0ms', sources },
    storage: { directory: join(directory, 'data') },
    lab: true,
  };
  writeFileSync(file, JSON.stringify(config));
  return { file, mirror, control };
}

function serve(file: string): { process: ChildProcess; log: () => string } {
  const child = spawn(process.execPath, [cli, 'serve', '--config', file], { stdio: ['ignore', 'pipe', 'pipe'] });
  server = child;
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += String(chunk)));
  return { process: child, log: () => text };
}

it('answers while it reads hostile documents, and takes the good torrent from among them', async () => {
  const { file, mirror, control } = await configFile(serveDocuments());
  const { process: child, log } = serve(file);
  await eventually('the server', () => log().includes('Ctrl-C')).catch((thrown) => {
    throw new Error(`${thrown}\n${log()}`);
  });
  await eventually('the crawl', async () => {
    for (const port of [mirror, control]) {
      const { status } = await fetch(`http://127.0.0.1:${port}/healthz`, { signal: AbortSignal.timeout(MAX_READ_MS) });
      expect(status).toBe(200);
    }
    return log().includes('crawled:');
  });
  expect(log()).toMatch(/crawled: 1 new/);
  expect(log()).toMatch(/nested \(its elements are nested deeper than 512\)/);
  expect(log()).toMatch(/attributes \(.*(more than 1000000|MB of memory)/);
  expect(log()).toMatch(/list \(its elements are nested deeper than 512\)/);
  expect(log()).not.toMatch(/rules \(|spaces \(|cells \(/);
  child.kill('SIGTERM');
  expect(await once(child, 'exit')).toEqual([0, null]);
});

it('ends at SIGTERM in the middle of a document', async () => {
  // Both are legal and long: reading them takes seconds.
  const rows = '<tr class=row><td><a class=dl href=/1.torrent>x</a></td></tr>'.repeat(60_000);
  site.routes.set('/rows.html', `<table>${rows}</table>`);
  const source = { name: 'rows', type: 'html', url: `${site.url}/rows.html`, item: '.row', link: 'a.dl' };
  const { file } = await configFile(Array.from({ length: 8 }, (_, i) => ({ ...source, name: `rows${i}` })));
  const { process: child, log } = serve(file);
  await eventually('the first document', () => site.requests.some(({ path }) => path === '/rows.html'));
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  expect([code, log()]).toEqual([0, expect.not.stringMatching(/uncaught|unhandled/i)]);
});

it('the commands crawl and rewrite say what is wrong, and end', async () => {
  const { file } = await configFile(serveDocuments());
  const run = (...args: string[]): Promise<{ status: number | null; text: string }> =>
    new Promise((resolve) => {
      const child = spawn(process.execPath, [cli, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
      let text = '';
      for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (text += String(chunk)));
      child.once('exit', (status) => resolve({ status, text }));
    });
  const crawled = await run('crawl', '--config', file);
  expect(crawled.status).toBe(0);
  expect(crawled.text).toMatch(/nested: cannot be read: its elements are nested deeper than 512/);
  expect(crawled.text).toMatch(/#1 new good/);

  const deep = join(directory, 'deep.torrent');
  writeFileSync(deep, `d1:x${'l'.repeat(100_000)}`);
  const rewritten = spawnSync(process.execPath, [cli, 'rewrite', '--config', file, deep], { encoding: 'utf8' });
  expect(rewritten.status).toBe(1);
  expect(rewritten.stderr).toMatch(/deep\.torrent: not valid bencode at byte \d+: nested deeper than 100/);
  const good = join(directory, 'good.torrent');
  writeFileSync(good, torrentWith({}, { name: 'good' }));
  expect(spawnSync(process.execPath, [cli, 'rewrite', '--config', file, good], { encoding: 'utf8' }).status).toBe(0);
  expect(readFileSync(join(directory, 'good.alias.torrent'), 'latin1')).toContain('8:announce');
});
