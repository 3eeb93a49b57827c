/** The section `caches`: what is read, what is refused, and what other sections see of it. */
import { describe, expect, test } from 'vitest';
import { addressesOf } from '../../../src/caches/section.js';
import { adviceOn } from '../../../src/config/advice.js';
import type { Config } from '../../../src/config/config-schema.js';
import { configSchema } from '../../../src/config/config-schema.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { completeConfig } from '../../../src/config-kit/complete-config.js';
import { parseRateBytesPerSecond, parseSizeBytes } from '../../../src/config-kit/units.js';
import { formatIp } from '../../../src/domain/ip-address.js';

const BASE = `operator:
  name: N
  networks: [ { asn: 64500, prefixes: [203.0.113.0/24, "2001:db8:100::/40"] } ]
  subdomains: [ { id: north, prefixes: [203.0.113.0/25] }, { id: south, prefixes: [203.0.113.128/25] } ]
tracker: { announceUrls: ["udp://alias.example.net:6969/announce"] }
billing: { schedule: [ { name: night, from: "01:00", to: "07:00", rateFactor: 0.2 } ] }
crawler: { sources: [ { name: fedora, type: announces } ] }
`;
const ONE = {
  name: 'pop',
  address: '203.0.113.10',
  client: 'transmission',
  url: 'http://203.0.113.10:9091/transmission/rpc',
  quota: '4TB',
};

const read = (...caches: object[]): Config => parseConfig(`${BASE}caches: ${JSON.stringify(caches)}\n`);
function problemOf(...caches: object[]): string {
  try {
    read(...caches);
    return '';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

test('every key is read, with its unit', () => {
  const { caches } = read({
    ...ONE,
    address: ['203.0.113.10', '2001:db8:100::10'],
    user: 'alias',
    password: 'p',
    peerPort: 51413,
    allow: { sources: ['fedora'], names: ['debian-*'], infoHashes: ['AB'.repeat(20)] },
    fillRate: '500Mbit/s',
    fillWindow: ['night'],
    preferredBy: ['north'],
    uplinkBpsMax: 1e9,
  });
  expect(caches[0]).toMatchObject({
    quotaBytes: 4e12,
    fillRateBytesPerSecond: 62_500_000,
    fillWindow: ['night'],
    allow: { sources: ['fedora'], names: ['debian-*'], infoHashes: ['ab'.repeat(20)] },
  });
  expect(addressesOf(caches[0]!).map(formatIp)).toEqual(['203.0.113.10', '2001:db8:100::10']);
  const {
    caches: [plain],
  } = read(ONE);
  expect(plain).toMatchObject({ allow: { sources: [], names: [], infoHashes: [] } });
  expect([plain!.fillRateBytesPerSecond, plain!.fillWindow]).toEqual([undefined, undefined]);
});

test.each([
  [{ ...ONE, quota: undefined }, 'caches[0].quota'],
  [{ ...ONE, quota: '4' }, 'is not a size with its unit'],
  [{ ...ONE, quota: '4kB' }, 'is not a size with its unit'],
  [{ ...ONE, fillRate: '500' }, '"500" is not a rate with its unit'],
  [{ ...ONE, fillRate: '1kbit/s' }, 'must be from 8kbit/s'],
  [{ ...ONE, client: 'deluge' }, 'expected one of transmission, qbittorrent, aria2'],
  [{ ...ONE, url: '203.0.113.10:9091' }, 'is not a URL'],
  [{ ...ONE, url: 'http://a:b@203.0.113.10:9091/' }, 'write them as the keys user and password'],
  [{ ...ONE, user: 'a' }, 'caches[0].user: is useless without password'],
  [{ ...ONE, password: 'a' }, 'caches[0].password: is useless without user'],
  [{ ...ONE, user: 'a:b', password: 'c' }, 'caches[0].user: contains ":", which HTTP does not allow'],
  [{ ...ONE, secret: 'a' }, 'caches[0].secret: belongs to aria2; transmission has user and password'],
  [{ ...ONE, directory: '/srv' }, 'caches[0].directory: transmission deletes its files itself'],
  [{ ...ONE, client: 'aria2' }, 'caches[0].client: aria2 does not delete files: write directory'],
  [{ ...ONE, client: 'aria2', directory: '/srv', user: 'a', password: 'b' }, 'aria2 has no users'],
  [
    { ...ONE, fillWindow: ['nights'] },
    'caches[0].fillWindow[0]: "nights" is not a period of billing.schedule; did you mean "night"?',
  ],
  [{ ...ONE, fillWindow: [] }, 'name at least one period'],
  [{ ...ONE, allow: { sources: ['debian'] } }, '"debian" is not a source of crawler.sources; known are: fedora'],
  [{ ...ONE, allow: { infoHashes: ['abc'] } }, 'an info-hash is 40 hexadecimal digits'],
  [{ ...ONE, preferredBy: ['west'] }, '"west" is not a sub-domain'],
  [{ ...ONE, peerPort: 0 }, 'from 1 to 65535'],
  [{ ...ONE, adress: '203.0.113.10' }, 'did you mean "address"?'],
])('%j is refused', (cache, message) => {
  expect(problemOf(cache)).toContain(message);
});

test('two caches have two names and two addresses', () => {
  expect(problemOf(ONE, { ...ONE, address: '203.0.113.11' })).toContain('caches[1].name: "pop" is used twice');
  expect(problemOf(ONE, { ...ONE, name: 'b' })).toContain('caches[1].address: 203.0.113.10 is already that of pop');
  expect(problemOf({ ...ONE, address: ['203.0.113.10', '203.0.113.10'] })).toContain('is already that of pop');
});

describe('operator.caches', () => {
  const withWritten = (written: object[], ...caches: object[]): Config =>
    parseConfig(
      `${BASE.replace('tracker:', `  caches: ${JSON.stringify(written)}\ntracker:`)}caches: ${JSON.stringify(caches)}\n`,
    );
  const shown = ({ operator }: Config) =>
    operator.caches.map(({ address, preferredBy, uplinkBpsMax }) => ({
      address: formatIp(address),
      preferredBy,
      uplinkBpsMax,
    }));

  test('has each address of caches, once, with what either list says', () => {
    const written = [{ address: '203.0.113.9' }, { address: '203.0.113.10', preferredBy: ['north'] }];
    const both = { ...ONE, address: ['203.0.113.10', '2001:db8:100::10'], uplinkBpsMax: 1e9 };
    expect(shown(withWritten(written, both))).toEqual([
      { address: '203.0.113.9', preferredBy: undefined, uplinkBpsMax: undefined },
      { address: '203.0.113.10', preferredBy: ['north'], uplinkBpsMax: 1e9 },
      { address: '2001:db8:100::10', preferredBy: undefined, uplinkBpsMax: 1e9 },
    ]);
    expect(shown(read(ONE))).toMatchObject([{ address: '203.0.113.10' }]);
  });

  test('may say the same, and nothing else', () => {
    const written = [{ address: '203.0.113.10', preferredBy: ['north'] }];
    expect(shown(withWritten(written, { ...ONE, preferredBy: ['north'] }))).toHaveLength(1);
    expect(() => withWritten(written, { ...ONE, preferredBy: ['south'] })).toThrow(
      'caches[0].preferredBy: contradicts operator.caches[0].preferredBy of the same address; write it in one of the two',
    );
  });
});

test('a cache that may hold nothing is a warning', () => {
  expect(adviceOn(read(ONE)).join()).toContain('caches[0].allow: pop may hold nothing');
  expect(adviceOn(read({ ...ONE, allow: { names: ['*'] } })).join()).not.toContain('may hold nothing');
});

test('print-config hides the password', () => {
  const text = `${BASE}caches: ${JSON.stringify([{ ...ONE, user: 'alias', password: 'hunter2' }])}\n`;
  const printed = completeConfig(text, configSchema);
  expect(printed).toContain('[secret-1]');
  expect(printed).not.toContain('hunter2');
});

test('sizes and rates', () => {
  expect(['4TB', '1.5 TiB', '4tb'].map(parseSizeBytes)).toEqual([4e12, 1.5 * 1024 ** 4, undefined]);
  const rates = ['500Mbit/s', '1.5Gbit/s', '8kbit/s', '40MB/s', '2 GB/s', '10KB/s', '5mbit/s', '5Mbps', '5'];
  expect(rates.map(parseRateBytesPerSecond)).toEqual([
    62_500_000,
    187_500_000,
    1_000,
    40_000_000,
    2_000_000_000,
    10_000,
    undefined,
    undefined,
    undefined,
  ]);
});
