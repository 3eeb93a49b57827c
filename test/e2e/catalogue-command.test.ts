/**
 * The operator's hand on the catalogue, as an operator uses it: `crawl` and `catalogue` beside a running `serve` and without
 * one. A denial reaches the catalogue, the mirror site and the tracker.
 */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import fixtures from 'webtorrent-fixtures';
import { readTorrent } from '../../src/crawler/torrent-facts.js';
import { type OriginalSite, startOriginalSite } from '../support/original-site.js';
import { ServeProcess } from '../support/serve-process.js';
import { torrentWith } from '../support/torrents.js';

const alice: string = fixtures.alice.parsedTorrent.infoHash;
const one = torrentWith({ announce: 'http://127.0.0.1:1/announce' }, { name: 'one' });
const listed = torrentWith({ announce: 'http://127.0.0.1:1/announce' }, { name: 'listed' });
const oneHash = readTorrent(one).infoHash;
const listedHash = readTorrent(listed).infoHash;
/** Each command is a process, which takes seconds on a busy machine. */
const TIMEOUT_MS = 120_000;
const TOKEN = 'a-control-token';

let site: OriginalSite;
let serve: ServeProcess;

beforeAll(async () => {
  const item = (name: string, seeds: number): string =>
    `<item><title>The ${name}</title><enclosure url="${site.url}/${name}.torrent" type="application/x-bittorrent"/><n:seeders>${seeds}</n:seeders></item>`;
  site = await startOriginalSite();
  site.routes.set('/alice.torrent', new Uint8Array(fixtures.alice.torrent)).set('/one.torrent', one);
  site.routes.set('/listed.torrent', listed);
  site.routes.set(
    '/feed.xml',
    `<rss xmlns:n="n"><channel>${item('alice', 10)}${item('one', 5)}${item('listed', 3)}</channel></rss>`,
  );
  serve = new ServeProcess(
    {
      operator: { name: 'Example', networks: [{ asn: 64500, prefixes: ['203.0.113.0/24'] }] },
      tracker: {
        listen: ['http://127.0.0.1:0'],
        announceUrls: ['http://alias.example.net:6969/announce'],
        denyList: { torrents: 'denied.txt' },
      },
      crawler: {
        every: '1d',
        delayPerSite: '0ms',
        sources: [{ name: 'lab', type: 'feed', url: `${site.url}/feed.xml` }],
      },
      upstream: { exchange: false },
      mirrorSite: { listen: 'http://127.0.0.1:0' },
      control: { listen: 'http://127.0.0.1:0', token: TOKEN },
      lab: true,
    },
    { files: { 'denied.txt': `${listedHash}\n` } },
  );
});
afterAll(async () => {
  await serve.close();
  await site.stop();
});

/** Not `serve.command`, which waits synchronously: the original site is in this process. */
async function command(...parameters: string[]): Promise<{ status: number; stdout: string; stderr: string }> {
  const main = join(import.meta.dirname, '../../dist/cli/main.js');
  return new Promise((resolve) => {
    execFile(process.execPath, [main, ...parameters], { cwd: serve.directory }, (error, stdout, stderr) => {
      resolve({ status: error === null ? 0 : Number(error.code), stdout, stderr });
    });
  });
}

async function catalogue(...parameters: string[]): Promise<{ status: number; text: string }> {
  const { status, stdout, stderr } = await command('catalogue', ...parameters);
  return { status, text: stdout + stderr };
}
const withConfig = (...parameters: string[]) => catalogue(...parameters, '--config', serve.configFile);

describe('while the tracker does not run', { timeout: TIMEOUT_MS }, () => {
  test('a crawl fills the catalogue, without what the configuration denies, and says why', async () => {
    const { status, stdout } = await command('crawl', '--config', serve.configFile);
    expect(status).toBe(0);
    expect(stdout).toMatch(/skipped: it is on the deny list of the tracker/);
    const { text } = await withConfig('list');
    expect(text).toMatch(/alice\.txt/);
    expect(text).not.toMatch(/listed/);
    const explained = await command('crawl', '--explain', oneHash, '--config', serve.configFile);
    expect(explained.stdout.split('\n').slice(0, 4)).toEqual([
      'one has rank 2 of 100.',
      'Named by: lab.',
      'Its sources state 5 seeds and 0 leechers (each counts 2).',
      'Demand: 5 + 2 × 0 + 0 + 4 × 0 = 5.',
    ]);
    const unknown = await command('crawl', '--explain', 'ab'.repeat(20), '--config', serve.configFile);
    expect([unknown.status, unknown.stderr]).toEqual([1, expect.stringMatching(/no crawl has compared abab/)]);
  });

  test('torrents are pinned, shown and logged on the database', async () => {
    expect(await withConfig('pin', oneHash, '--reason', 'ours')).toEqual({
      status: 0,
      text: 'one: It keeps a rank from the next crawl on.\n',
    });
    await command('crawl', '--config', serve.configFile);
    expect((await withConfig('show', oneHash)).text).toMatch(/one has rank 1 of 100\.\n[\s\S]*It is pinned/);
    expect((await withConfig('log', '--info-hash', oneHash)).text).toMatch(
      /pinned +\S+ +lab +ours .*\n.* published +crawler +lab/,
    );
    await withConfig('unpin', oneHash);
    expect(await withConfig('unpin', oneHash)).toEqual({ status: 1, text: expect.stringMatching(/is not pinned/) });
  });
});

describe('while the tracker runs', { timeout: TIMEOUT_MS }, () => {
  let urls: Record<'tracker' | 'mirror' | 'control', string>;
  beforeAll(async () => {
    await serve.start();
    const found = (about: string): string =>
      new RegExp(`(http://127\\.0\\.0\\.1:\\d+).*${about}`).exec(serve.output)![1]!;
    urls = {
      tracker: found('announce and scrape'),
      mirror: found('the catalogue'),
      control: found('dashboard'),
    };
  });
  const atControl = (...parameters: string[]) => catalogue(...parameters, '--url', urls.control, '--token', TOKEN);
  const announce = async (hash: string): Promise<string> => {
    const query = `info_hash=${hash.replace(/../g, '%$&')}&peer_id=-XX0001-aaaaaaaaaaaa&port=6881&left=1&uploaded=0&downloaded=0&compact=1`;
    return (await fetch(`${urls.tracker}/announce?${query}`)).text();
  };

  test('a denial takes a torrent from the catalogue, the mirror site and the tracker at once', async () => {
    expect(await announce(alice)).toContain('8:interval');
    expect((await fetch(`${urls.mirror}/torrent/${alice}.torrent`)).status).toBe(200);
    const denied = await atControl('deny', alice, '--reason', 'court order 7');
    expect(denied).toEqual({ status: 0, text: expect.stringMatching(/^alice\.txt: It is neither crawled nor/) });
    const page = await fetch(`${urls.mirror}/torrent/${alice}`);
    expect([page.status, await page.text()]).toEqual([410, expect.stringMatching(/court order 7/)]);
    expect((await fetch(`${urls.mirror}/torrent/${alice}.torrent`)).status).toBe(410);
    expect(await (await fetch(urls.mirror)).text()).not.toContain('alice.txt');
    await expect.poll(() => announce(alice)).toContain('failure reason');
    expect((await atControl('decisions')).text).toMatch(/deny +court order 7 +control/);
    expect(await atControl('pin', alice)).toEqual({
      status: 1,
      text: expect.stringMatching(/is denied; allow it first/),
    });
    // A crawl beside the tracker does not bring it back.
    const crawl = await command('crawl', '--config', serve.configFile);
    expect(crawl.stdout).toMatch(/skipped: the operator has denied it: court order 7/);
    expect((await atControl('allow', alice)).status).toBe(0);
    await expect.poll(() => announce(alice)).toContain('8:interval');
  });

  test('what the configuration denies is not served either', async () => {
    const page = await fetch(`${urls.mirror}/torrent/${listedHash}`);
    expect([page.status, await page.text()]).toEqual([410, expect.stringMatching(/tracker\.denyList\.torrents/)]);
  });

  test('lists, one torrent and the log come from the running tracker', async () => {
    const { torrents } = JSON.parse((await atControl('list', '--json')).text);
    expect(torrents).toMatchObject([{ infoHash: oneHash, rank: 1, title: 'The one' }]);
    expect((await atControl('show', oneHash)).text).toMatch(/one has rank 1 of 100\./);
    expect(JSON.parse((await atControl('log', '--json', '--limit', '1')).text).entries).toMatchObject([
      { action: 'allowed' },
    ]);
    expect((await atControl('remove', oneHash)).status).toBe(0);
    expect((await atControl('list')).text).not.toContain(oneHash);
    expect(await withConfig('list')).toEqual({ status: 1, text: expect.stringMatching(/does not answer/) });
  });
});
