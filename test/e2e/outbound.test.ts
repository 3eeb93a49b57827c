/**
 * What a hostile site, its feed and its torrents can make the installation connect to, in network namespaces with real
 * addresses: the strangers have theirs, the operator's machine has public, private and link-local ones. Every way into the
 * operator's network has a listener behind it that tells what reached it.
 */
import type { ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import bencode from 'bencode';
import { afterEach, describe, expect, it } from 'vitest';
import { NetworkLab, namespacesUnavailable } from '../../src/lab/network-namespaces.js';
import { eventually } from '../support/eventually.js';
import { requireFacility } from '../support/real-program.js';

const unavailable = namespacesUnavailable();
const ready = requireFacility(unavailable ?? '', unavailable === undefined);

const STRANGER = '9.9.9.9';
const RESOLVER = '9.9.9.53';
/** In operator.networks: the installation, and another machine of its network. */
const INSTALLATION = '5.5.5.5';
const INSIDE = '5.5.5.80';
/** An address of the installation's machine that no key of the configuration names. */
const INTERFACE = '7.7.7.7';
const PRIVATE = '10.1.2.3';
const LINK_LOCAL = '169.254.169.254';
const PORT = 8181;
const repository = join(import.meta.dirname, '../..');

interface Route {
  readonly body?: string;
  readonly location?: string;
}

function torrent(name: string, trackers: readonly string[]): Buffer {
  const info = { length: 5, name, 'piece length': 16_384, pieces: createHash('sha1').update(name).digest() };
  return Buffer.from(bencode.encode({ announce: trackers[0], 'announce-list': trackers.map((url) => [url]), info }));
}

/** Links of the feed, one for each way inside; a good torrent last, whose trackers are further ways. */
function hostileSite(): { names: Record<string, string>; routes: Record<string, Route> } {
  const names: Record<string, string> = { 'site.test': STRANGER };
  const routes: Record<string, Route> = {};
  const links: string[] = [];
  const trackers: string[] = [];
  for (const address of [INSTALLATION, INSIDE, INTERFACE, PRIVATE, LINK_LOCAL]) {
    const name = `a${address.replaceAll('.', '-')}.test`;
    const decimal = address.split('.').reduce((word, part) => word * 256 + Number(part), 0);
    names[name] = address;
    for (const host of [address, name, String(decimal), `[::ffff:${address}]`]) {
      const path = `/to/${links.length}`;
      routes[path] = { location: `http://${host}:${PORT}/by-redirect` };
      links.push(`http://${host}:${PORT}/direct.torrent`, `http://site.test:${PORT}${path}?x.torrent`);
      trackers.push(`http://${host}:${PORT}/announce`, `udp://${host}:${PORT}/announce`);
    }
    routes[`/tracker/${address}/announce`] = { location: `http://${address}:${PORT}/announce` };
    routes[`/tracker/${address}/scrape`] = { location: `http://${address}:${PORT}/scrape` };
    trackers.unshift(`http://site.test:${PORT}/tracker/${address}/announce`);
  }
  links.push(
    `http://${INSTALLATION}:6969/announce?info_hash=${'%41'.repeat(20)}&peer_id=${'b'.repeat(20)}&port=1&x.torrent`,
  );
  routes['/to/control'] = { location: `http://${INSTALLATION}:8090/healthz` };
  links.push(`http://site.test:${PORT}/to/control?x.torrent`);
  // Three trackers of a torrent are scraped: each three in a torrent of their own. They lie between the bad links, because
  // the crawler leaves out a site of which too many links in a row are dead.
  for (let at = 0; at < trackers.length; at += 3) {
    const path = `/good-${at}.torrent`;
    routes[path] = { body: torrent(`good ${at}`, trackers.slice(at, at + 3)).toString('base64') };
    links.splice(at + at / 3, 0, `http://site.test:${PORT}${path}`);
  }
  const item = (link: string): string =>
    `<item><title>t</title><enclosure type="application/x-bittorrent" url="${link.replaceAll('&', '&amp;')}"/></item>`;
  const feed = `<rss version="2.0"><channel>${links.map(item).join('')}</channel></rss>`;
  routes['/feed.xml'] = { body: Buffer.from(feed).toString('base64') };
  return { names, routes };
}

function configuration(lab: boolean, data: string): object {
  return {
    operator: { name: 'Op', networks: [{ asn: 64500, prefixes: ['5.5.5.0/24'] }] },
    tracker: {
      listen: ['udp://0.0.0.0:6969', 'http://0.0.0.0:6969'],
      announceUrls: [`udp://${INSTALLATION}:6969/announce`],
    },
    mirrorSite: { listen: `http://${INSTALLATION}:8080` },
    crawler: {
      every: '1h',
      top: 100,
      delayPerSite: '0ms',
      timeout: '4s',
      sources: [{ name: 'hostile', type: 'feed', url: `http://site.test:${PORT}/feed.xml` }],
    },
    upstream: { resolvers: [RESOLVER] },
    control: { listen: `http://${INSTALLATION}:8090`, token: 'e2e-control-token-0001' },
    storage: { directory: data },
    logging: { level: 'debug' },
    lab,
  };
}

describe.skipIf(!ready)('connections on the word of strangers', () => {
  const stops: (() => void)[] = [];
  afterEach(() => {
    for (const stop of stops.splice(0).reverse()) stop();
  });

  /** @returns what reached the listeners inside, and the line that the crawl ends with */
  async function crawl(lab: boolean): Promise<{ reached: string[]; result: string }> {
    const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-outbound-'));
    stops.push(() => rmSync(directory, { recursive: true, force: true }));
    const networks = new NetworkLab('ato');
    stops.push(() => networks.remove());
    networks.addNetwork({ name: 'strangers', addresses: [STRANGER, RESOLVER] });
    networks.addNetwork({ name: 'neighbour', addresses: [INSIDE] });
    networks.addNetwork({ name: 'isp', addresses: [INSTALLATION, INTERFACE, PRIVATE, LINK_LOCAL] });
    const site = join(directory, 'site.json');
    writeFileSync(site, JSON.stringify(hostileSite()));
    const reached: string[] = [];
    const world = async (network: string, ...args: string[]): Promise<void> => {
      const script = join(repository, 'test/e2e/inside-world.mjs');
      const child = networks.spawn(network, process.execPath, [script, ...args], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      const lines = linesOf(child);
      await eventually(`the world of ${network}`, () => lines.includes('ready'));
      child.stdout!.on('data', (chunk: Buffer) => reached.push(...String(chunk).split('\n').filter(Boolean)));
    };
    await world('strangers', 'strangers', STRANGER, RESOLVER, site);
    await world('neighbour', 'inside', INSIDE);
    await world('isp', 'inside', INSTALLATION, INTERFACE, PRIVATE, LINK_LOCAL);
    const config = join(directory, 'config.json');
    writeFileSync(config, JSON.stringify(configuration(lab, join(directory, 'data'))));
    const main = join(repository, 'dist/cli/main.js');
    const server = networks.spawn('isp', process.execPath, [main, 'serve', '--config', config], {
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines = linesOf(server);
    const result = (): string | undefined => lines.find((line) => line.includes('crawled:'));
    await eventually('the crawl', () => result() !== undefined).catch((thrown) => {
      throw new Error(`${thrown}\n${lines.slice(-20).join('\n')}`);
    });
    return { reached, result: result()! };
  }

  it('outside the lab nothing inside is reached, and what is outside is fetched', async () => {
    const { reached, result } = await crawl(false);
    expect(reached).toEqual([]);
    expect(result).toMatch(/crawled: 15 new/);
  });

  it('the lab opens private addresses only', async () => {
    const { reached, result } = await crawl(true);
    expect(reached.filter((line) => !line.includes(PRIVATE))).toEqual([]);
    expect(reached).toContain(`http ${PRIVATE} /direct.torrent`);
    expect(reached).toContain(`udp ${PRIVATE}`);
    expect(result).toMatch(/crawled: 15 new/);
  });
});

function linesOf(child: ChildProcess): string[] {
  const lines: string[] = [];
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (chunk: Buffer) => lines.push(...String(chunk).split('\n')));
  }
  return lines;
}
