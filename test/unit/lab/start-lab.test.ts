import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createConnection } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Config } from '../../../src/config/config-schema.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { parseFeed } from '../../../src/crawler/sources/feed.js';
import { announceOverHttp } from '../../../src/lab/http-announcer.js';
import type { LabAnnounce } from '../../../src/lab/lab-announce.js';
import { type Lab, startLab } from '../../../src/lab/start-lab.js';
import { announceOverUdp } from '../../../src/lab/udp-announcer.js';
import { parseMetainfo } from '../../../src/wire/metainfo.js';

const CONFIG: Config = parseConfig(`
operator: { name: Lab, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }
lab: true
labServices:
  originalSite: { listen: ["127.0.0.1:0", "127.0.0.1:0"] }
  originalTracker: { listen: "127.0.0.1:0" }
  resolver: "127.0.0.1:0"
  seed: "127.0.0.1:0"
`);

let lab: Lab;
beforeAll(async () => {
  lab = await startLab(CONFIG.labServices!);
});
afterAll(() => lab.stop());

function siteUrl(path: string): string {
  const { host, port } = lab.site.endpoints[1]!;
  return `http://${host}:${port}${path}`;
}

describe('the original site', () => {
  test('its feed is one that the crawler reads, with popularity and torrents under its own name', async () => {
    const text = await (await fetch(siteUrl('/feed.xml'))).text();
    const candidates = parseFeed(text, { baseUrl: siteUrl('/feed.xml'), source: 'lab', nowMs: Date.now() });
    expect(candidates.map((each) => [each.title, each.seeds, each.leechers])).toContainEqual(['Numbers', 12, 4]);
    const port = lab.site.endpoints[0]!.port;
    expect(candidates.flatMap((each) => each.torrentUrls)).toContain(
      `http://www.original.lab:${port}/torrents/alice.torrent`,
    );
    expect(candidates.find((each) => each.title === 'Lots of numbers')?.seeds).toBeUndefined();
  });

  test('its torrents name the original tracker', async () => {
    const bytes = new Uint8Array(await (await fetch(siteUrl('/torrents/alice.torrent'))).arrayBuffer());
    const metainfo = parseMetainfo(bytes);
    const authority = `tracker.original.lab:${lab.tracker.endpoint.port}`;
    expect(metainfo.infoHash).toBe('722fe65b2aa26d14f35b4ad627d20236e481d924');
    expect(metainfo.trackerTiers.flat()).toEqual([`udp://${authority}/announce`, `http://${authority}/announce`]);
  });

  test.each(['/torrents/nothing.torrent', '/..%2f..%2fetc/passwd', '/torrents/'])('%s is not there', async (path) => {
    expect((await fetch(siteUrl(path))).status).toBe(404);
  });
});

describe('the resolver', () => {
  async function ask(name: string, type: string) {
    const socket = createSocket('udp4');
    const { host, port } = lab.resolver.endpoint;
    socket.send(encode({ id: 7, type: 'query', questions: [{ name, type }] }), port, host);
    const [packet] = (await once(socket, 'message')) as [Buffer];
    socket.close();
    return decode(packet);
  }

  test('knows the real addresses, whatever the case', async () => {
    const answer = await ask('Tracker.Original.Lab', 'A');
    expect(answer.answers?.map((each) => each.data)).toEqual(['127.0.0.1']);
  });

  test('says NODATA for AAAA and that nothing else exists', async () => {
    expect(await ask('www.original.lab', 'AAAA')).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(await ask('www.example.org', 'A')).toMatchObject({ rcode: 'NXDOMAIN' });
  });

  test('survives nonsense', async () => {
    const socket = createSocket('udp4');
    const { host, port } = lab.resolver.endpoint;
    socket.send(Buffer.from('nonsense'), port, host);
    socket.close();
    expect((await ask('www.original.lab', 'A')).answers).toHaveLength(1);
  });
});

describe('the original tracker and the far seed', () => {
  const announce = (): LabAnnounce => ({
    tracker: lab.tracker.endpoint,
    localAddress: '127.0.0.1',
    port: 40_000,
    infoHash: '722fe65b2aa26d14f35b4ad627d20236e481d924',
    peerId: '-AT0001-a-lab-client',
    leftBytes: 1,
    event: 'started',
  });

  test.each([
    ['UDP', announceOverUdp],
    ['HTTP', announceOverHttp],
  ])('the tracker gives the seed out over %s', async (_name, send) => {
    const answer = await send(announce());
    expect(answer.seeders).toBe(1);
    expect(answer.peers).toContainEqual(lab.seed.endpoint);
  });

  test('the seed gives a piece to who asks for it, by the peer protocol', async () => {
    const torrent = lab.torrents.find((each) => each.name === 'alice')!;
    const { host, port } = lab.seed.endpoint;
    const socket = createConnection(port, host);
    const protocol = Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1');
    const ids = Buffer.concat([Buffer.from(torrent.infoHash!, 'hex'), Buffer.from('-AT0001-a-lab-client')]);
    const request = Buffer.alloc(17);
    request.writeUInt32BE(13, 0);
    request[4] = 6;
    request.writeUInt32BE(1, 5); // piece 1, from 100
    request.writeUInt32BE(100, 9);
    request.writeUInt32BE(50, 13);
    socket.write(Buffer.concat([protocol, ids, Buffer.from([0, 0, 0, 1, 2]), request]));
    let received = Buffer.alloc(0);
    while (received.length < 68 + 4 + 1 + 2 + 5 + 13 + 50) {
      const [chunk] = (await once(socket, 'data')) as [Buffer];
      received = Buffer.concat([received, chunk]);
    }
    socket.destroy();
    expect(received.subarray(-50)).toEqual(Buffer.from(torrent.content!().subarray(16_384 + 100, 16_384 + 150)));
  });

  test.each([
    ['an encrypted handshake', Buffer.alloc(96, 0xa5)],
    [
      'another torrent',
      Buffer.concat([Buffer.from('\x13BitTorrent protocol\0\0\0\0\0\0\0\0', 'latin1'), Buffer.alloc(40)]),
    ],
  ])('the seed closes on %s', async (_what, bytes) => {
    const { host, port } = lab.seed.endpoint;
    const socket = createConnection(port, host);
    socket.on('error', () => {});
    socket.write(bytes);
    await once(socket, 'close');
  });
});

test('a port that is taken is an error that says what to do, and nothing stays open', async () => {
  const taken = { ...CONFIG.labServices!, seed: lab.seed.endpoint };
  await expect(startLab(taken)).rejects.toThrow(
    /far seed cannot listen on 127\.0\.0\.1:\d+: .*EADDRINUSE.*is a lab already running/,
  );
});
