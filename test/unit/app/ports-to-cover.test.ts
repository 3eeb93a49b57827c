import { expect, test } from 'vitest';
import { MAX_COVERED_PORTS, portsToCover } from '../../../src/app/ports-to-cover.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { formatListenUrl } from '../../../src/net/listen-url.js';

const config = parseConfig(`
operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { listen: ["udp://0.0.0.0:6969", "http://127.0.0.1:6969"] }
dnsRedirect:
  upstreamResolvers: ["192.0.2.53"]
  trackerAddresses: [203.0.113.21, "2001:db8::21"]
  trackers: [t.example, { name: own.example, address: 127.0.0.1 }]
lab: true
`);

async function covered(...torrents: string[][]): Promise<string[]> {
  const catalogue = {
    trackersAfter: (after: string) =>
      after === '' ? torrents.map((urls, i) => ({ infoHash: String(i), trackerTiers: [urls] })) : [],
  };
  return (await portsToCover(config, catalogue, config.tracker.listen)).map(formatListenUrl);
}

test('opens what is missing, each family, at the address of its name if this machine has it', async () => {
  expect(
    await covered(
      ['udp://t.example:6969/announce', 'http://t.example:80/announce', 'https://t.example/announce'],
      ['udp://own.example:6969/announce', 'http://own.example:6969/announce', 'http://own.example:7000/announce'],
      ['udp://other.example:1/announce', 'wss://t.example/announce'],
    ),
  ).toEqual(['udp://[::]:6969', 'http://0.0.0.0:80', 'http://[::]:80', 'http://127.0.0.1:7000']);
});

test('a stranger’s torrents open no more than a bounded number, the most used ones first', async () => {
  const many = Array.from({ length: 500 }, (_, i) => [`udp://own.example:${i + 10_000}/announce`]);
  const ports = await covered(...many, ['udp://own.example:9999/announce'], ['udp://own.example:9999/announce']);
  expect(ports).toHaveLength(MAX_COVERED_PORTS);
});
