import { expect, test } from 'vitest';
import { AnnounceUsage } from '../../../../src/dns-redirect/coverage/announce-usage.js';

function usageOf(...torrents: string[][]) {
  const usage = new AnnounceUsage(['t.example', 'other.example']);
  for (const urls of torrents) usage.add(urls);
  return usage.of('t.example');
}

test('ports, protocols and paths, by the torrents that use them', () => {
  const { torrents, ports } = usageOf(
    ['udp://T.Example:6969/announce', 'http://t.example/announce.php?passkey=x', 'udp://elsewhere.example:1/announce'],
    ['udp://t.example:6969', 'udp://t.example.:6969/other'],
    ['https://user:secret@t.example/ann'],
    ['udp://elsewhere.example:6969/t.example'],
  );
  expect(torrents).toBe(3);
  expect(ports).toEqual([
    { protocol: 'udp', port: 6969, torrents: 2, paths: ['/announce', '', '/other'] },
    { protocol: 'http', port: 80, torrents: 1, paths: ['/announce.php'] },
    { protocol: 'https', port: 443, torrents: 1, paths: ['/ann'] },
  ]);
});

test('a torrent needs one of the ports that it names', () => {
  const { groups } = usageOf(
    ['udp://t.example:6969/announce', 'http://t.example:6969/announce'],
    ['http://t.example:6969/announce', 'udp://t.example:6969/announce'],
    ['udp://t.example:1337/announce'],
  );
  expect(groups).toEqual([
    {
      ports: [
        { protocol: 'http', port: 6969 },
        { protocol: 'udp', port: 6969 },
      ],
      torrents: 2,
    },
    { ports: [{ protocol: 'udp', port: 1337 }], torrents: 1 },
  ]);
});

test('what no listener can serve is a group without ports', () => {
  const { ports, groups } = usageOf(
    ['wss://t.example/announce'],
    ['http://t.example/scrape'],
    ['wss://t.example/announce', 'udp://t.example:1/announce'],
  );
  expect(ports.map(({ protocol, unservable }) => [protocol, unservable])).toEqual([
    ['wss', 'this tracker does not speak wss'],
    ['http', 'its path is that of a scrape'],
    ['udp', undefined],
  ]);
  expect(groups).toEqual([
    { ports: [], torrents: 2 },
    { ports: [{ protocol: 'udp', port: 1 }], torrents: 1 },
  ]);
});

test('URLs that no client can use do not count', () => {
  expect(
    usageOf(['udp://t.example/announce'], ['udp://t.example:0'], ['udp://t.example:99999'], ['t.example']),
  ).toEqual({ torrents: 0, ports: [], groups: [] });
});

test('a hostile catalogue fills neither memory nor the plan', () => {
  const usage = new AnnounceUsage(['t.example']);
  for (let i = 1; i <= 5_000; i++) usage.add([`udp://t.example:${i}/${'x'.repeat(i)}`, `http://t.example/${i}`]);
  const { ports, groups, torrents } = usage.of('t.example');
  expect(torrents).toBe(5_000);
  expect(ports.length).toBeLessThanOrEqual(64);
  expect(groups.length).toBeLessThanOrEqual(1_000);
  expect(JSON.stringify(ports).length).toBeLessThan(100_000);
});
