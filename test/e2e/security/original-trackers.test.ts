/**
 * docs/security.md, what is believed of crawled sites and of original trackers: torrents as they are, and peers of public
 * ones outside the operator's network. The site and the tracker are strangers' machines on addresses of their own.
 */
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import bencode from 'bencode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';
import { eventually } from '../../support/eventually.js';
import { ServeProcess } from '../../support/serve-process.js';
import { torrentWith } from '../../support/torrents.js';
import {
  announceOverUdp,
  CONTROL_TOKEN,
  call,
  customer,
  exchange,
  MACHINE,
  MACHINE6,
  MIRROR_PORT,
  operatorConfig,
  operatorNetwork,
  PARTNER_TOKEN,
  stranger,
  TRACKER_PORT,
  torrent,
} from './operator-network.js';

const network = await operatorNetwork();
const SITE = stranger(80);
const SITE_PORT = 8_181;
const announceUrl = `http://${SITE}:${SITE_PORT}/announce`;
const PUBLIC = torrentWith({ announce: announceUrl, comment: 'public' });
const PRIVATE = torrentWith({ announce: announceUrl, comment: 'private' }, { name: 'private.txt', private: 1 });
const publicHash = Buffer.from(parseMetainfo(PUBLIC).infoHash, 'hex');
const privateHash = Buffer.from(parseMetainfo(PRIVATE).infoHash, 'hex');
/** What a hostile tracker or partner names: two peers that may be handed out, everything else may not. */
const HONEST = [`${stranger(77)}:6881`, `${stranger(78)}:6882`];
const HOSTILE = [
  '10.1.2.3:6881',
  '127.0.0.1:8090',
  '169.254.169.254:80',
  '100.64.0.1:6881',
  '192.168.1.1:80',
  `${customer(80)}:22`,
  `${customer(7)}:6881`,
  `${MACHINE}:6969`,
  '224.0.0.1:9',
  '255.255.255.255:9',
  '0.0.0.0:6881',
  '240.0.0.1:6881',
];

const HONEST6 = '2a0e:bad::77';
/** The operator's own, private and link-local ones, and ways to write an IPv4 address of the operator's as IPv6. */
const HOSTILE6 = [
  '2a0e:600d::80',
  MACHINE6,
  'fd00::1',
  'fe80::1',
  'ff02::1',
  '::1',
  '2001:db8::1',
  '::ffff:5.5.5.80',
  '64:ff9b::505:550',
  '2002:505:550::1',
  '2001:0:505:550::1',
];

/** Compact peers of IPv6 (BEP 7), mapped addresses as they are written. */
function compact6(hosts: readonly string[]): Buffer {
  return Buffer.concat(
    hosts.map((host) => {
      const { family, words } = parseIp(host);
      const bytes = Buffer.alloc(18);
      const all = family === 6 ? words : [0, 0, 0xffff, words[0]!];
      for (const [i, word] of all.entries()) bytes.writeUInt32BE(word, 4 * i);
      bytes.writeUInt16BE(6_881, 16);
      return bytes;
    }),
  );
}

/** Compact peers (BEP 23). */
function compact(peers: readonly string[]): Buffer {
  return Buffer.concat(
    peers.map((peer) => {
      const [host = '', port = ''] = peer.split(':');
      return Buffer.from([...host.split('.').map(Number), Number(port) >>> 8, Number(port) & 255]);
    }),
  );
}

describe.skipIf(network === undefined)('of crawled sites and original trackers', () => {
  let serve: ServeProcess;
  let site: Server;
  const asked: string[] = [];

  beforeAll(async () => {
    const item = (name: string, seeds: number): string =>
      `<item><title>${name}</title><enclosure url="http://${SITE}:${SITE_PORT}/${name}.torrent" type="application/x-bittorrent"/><nyaa:seeders>${seeds}</nyaa:seeders></item>`;
    const routes: Record<string, Uint8Array | string> = {
      '/feed.xml': `<rss version="2.0"><channel>${item('public', 9)}${item('private', 99)}</channel></rss>`,
      '/public.torrent': PUBLIC,
      '/private.torrent': PRIVATE,
      '/announce': bencode.encode({
        interval: 1_800,
        peers: compact([...HOSTILE, ...HONEST]),
        peers6: compact6([...HOSTILE6, HONEST6]),
      }),
    };
    site = createServer((request, response) => {
      asked.push(request.url!);
      const body = routes[request.url!.split('?')[0]!];
      if (body === undefined) response.writeHead(404).end();
      else response.end(body);
    });
    site.listen(SITE_PORT, SITE);
    await once(site, 'listening');
    const source = { name: 'site', type: 'feed', url: `http://${SITE}:${SITE_PORT}/feed.xml` };
    serve = new ServeProcess(
      operatorConfig({
        tracker: { listen: ['0.0.0.0', `[${MACHINE6}]`].map((host) => `udp://${host}:${TRACKER_PORT}`) },
        mirrorSite: { listen: `http://${MACHINE}:${MIRROR_PORT}` },
        crawler: { every: '1h', delayPerSite: '0ms', sources: [source] },
        upstream: { exchange: true, resolvers: ['9.9.9.53'] },
      }),
    );
    await serve.start();
    await eventually('the crawl', () => serve.output.includes('crawled:'));
  });
  afterAll(async () => {
    await serve.close();
    site.close();
    network!.leave();
  });

  it('a public torrent is taken with its info-hash, a private one is not', async () => {
    const { text } = await call('/api/v1/torrents', { token: CONTROL_TOKEN });
    const { torrents } = JSON.parse(text) as { torrents: { name: string; infoHash: string }[] };
    expect(torrents.map(({ name, infoHash }) => ({ name, infoHash }))).toEqual([
      { name: 'hello.txt', infoHash: publicHash.toString('hex') },
    ]);
    const get = (path: string): Promise<string> =>
      exchange(customer(20), `GET ${path} HTTP/1.1\r\nHost: ${MACHINE}\r\nConnection: close\r\n\r\n`, MIRROR_PORT);
    const page = await get('/');
    expect(page).not.toContain('private.txt');
    const link = /href="([^"]+\.torrent)"/.exec(page)?.[1];
    const file = await get(link!);
    const rewritten = parseMetainfo(Buffer.from(file.slice(file.indexOf('\r\n\r\n') + 4), 'latin1'));
    expect(rewritten.infoHash).toBe(publicHash.toString('hex'));
    expect(rewritten.trackerTiers[0]).toEqual([`udp://${MACHINE}:6969/announce`]);
  });

  it('of the peers that an original tracker names, only those outside are handed out', async () => {
    await announceOverUdp(customer(20), { infoHash: publicHash });
    await eventually('the original tracker is asked', () => asked.some((url) => url.startsWith('/announce')));
    let peers: readonly string[] = [];
    await eventually('its peers are there', async () => {
      ({ peers } = await announceOverUdp(customer(21), { infoHash: publicHash, event: 0 }));
      return peers.includes(HONEST[0]!);
    });
    expect([...peers].sort()).toEqual([`${customer(20)}:6881`, ...HONEST].sort());
    const over6 = await announceOverUdp('2a0e:600d::99', { infoHash: publicHash, event: 0 });
    expect(over6.peers).toEqual([`[${HONEST6}]:6881`]);
  });

  it('a private torrent is never asked for', async () => {
    const escaped = privateHash.toString('hex').replace(/../g, '%$&').toUpperCase();
    await announceOverUdp(customer(22), { infoHash: privateHash });
    await announceOverUdp(customer(23), { infoHash: privateHash });
    expect(asked.filter((url) => url.toUpperCase().includes(escaped))).toEqual([]);
  });

  it('a partner’s push brings no address of the operator’s own, of nobody, or of a machine inside', async () => {
    const infoHash = torrent(0x33);
    const push = (peers: readonly string[], token = PARTNER_TOKEN) =>
      call('/api/v1/upstream/peers', {
        from: stranger(90),
        token,
        body: {
          infoHash: Buffer.from(infoHash).toString('hex'),
          ttlSeconds: 600,
          peers: peers.map((peer) => {
            const [address, port] = peer.split(':');
            return { address, port: Number(port), seed: true };
          }),
        },
      });
    expect((await push(HONEST, 'guessed-secret-token-0001')).status).toBe(401);
    for (const peer of HOSTILE) await push([peer]);
    await push([...HOSTILE, ...HONEST]);
    await push(HONEST);
    let peers: readonly string[] = [];
    await eventually('the partner’s peers are there', async () => {
      ({ peers } = await announceOverUdp(customer(24), { infoHash, event: 0 }));
      return peers.length > 0;
    });
    expect([...peers].sort()).toEqual(HONEST);
  });

  it('pushed peers are handed out for a limited time', async () => {
    const infoHash = torrent(0x34);
    const body = {
      infoHash: Buffer.from(infoHash).toString('hex'),
      ttlSeconds: 3,
      peers: [{ address: stranger(79), port: 6_881 }],
    };
    expect((await call('/api/v1/upstream/peers', { token: PARTNER_TOKEN, body })).status).toBeLessThan(300);
    const offered = async (): Promise<boolean> => {
      const { peers } = await announceOverUdp(customer(25), { infoHash, event: 0 });
      return peers.includes(`${stranger(79)}:6881`);
    };
    await eventually('the pushed peer is offered', offered);
    await eventually('the pushed peer is gone', async () => !(await offered()));
  });
});
