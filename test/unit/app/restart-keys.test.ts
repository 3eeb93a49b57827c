/** Every key of the schema: a change of it is either put in force by a reload, or named as needing a restart. */
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { configInForce, keysThatNeedRestart, LIVE_KEYS } from '../../../src/app/restart-keys.js';
import { type Config, configSchema } from '../../../src/config/config-schema.js';
import { fieldsOf } from '../../../src/config-kit/changed-keys.js';

function keysOf(schema: Parameters<typeof fieldsOf>[0], path = ''): string[] {
  const fields = fieldsOf(schema);
  if (fields === undefined) return [path];
  return Object.entries(fields).flatMap(([key, field]) => keysOf(field, path === '' ? key : `${path}.${key}`));
}

const KEYS = keysOf(configSchema);

/** A configuration in which every section is written. */
const BASE = {
  operator: { name: 'N', networks: [{ asn: 64500, prefixes: ['203.0.113.0/24'] }] },
  tracker: { tls: { certificate: 'a', key: 'a' } },
  mirrorSite: {},
  dnsRedirect: { rpz: { listen: ['192.0.2.53:53'] } },
  control: { tls: { certificate: 'a', key: 'a' } },
  labServices: {},
};

/** For each key another value than `BASE` and the defaults have. */
const OTHER: Readonly<Record<string, unknown>> = {
  'operator.networks': [{ asn: 64501, prefixes: ['203.0.113.0/24'] }],
  'operator.subdomains': [{ id: 'a', prefixes: ['203.0.113.0/25'] }],
  'operator.caches': [{ address: '203.0.113.1' }],
  'alarms.webhook': { url: 'https://alerts.example.net/' },
  'billing.currency': 'USD',
  'billing.fillRate': '40MB/s',
  'billing.neighbours': [{ name: 'a', asns: [1], ratePerGigabyte: 1 }],
  'billing.schedule': [{ name: 'a', from: '01:00', to: '02:00' }],
  'billing.overrides': [{ requester: 'AS1', peer: 'AS2', treatAs: 'foreign' }],
  'selection.grain': 'subdomain',
  'tracker.listen': ['udp://0.0.0.0:1'],
  'tracker.announceUrls': ['udp://a.example:6969/announce'],
  'tracker.torrents': 'catalogue',
  'tracker.transport': 'portable',
  'tracker.connectionId': 'strict',
  'tracker.proxyProtocol': ['http://0.0.0.0:6969'],
  'mirrorSite.listen': 'http://0.0.0.0:1',
  'mirrorSite.tls': [{ certificate: 'a', key: 'a' }],
  'mirrorSite.publicUrl': 'http://a.example',
  'mirrorSite.colour': '#123456',
  'mirrorSite.passThrough': 'off',
  'crawler.sources': [{ name: 'a', type: 'announces' }],
  'upstream.originalTrackers': [{ name: 'a', token: 'a-long-token' }],
  'dnsRedirect.ttl': '9s',
  'dnsRedirect.signedNames': 'redirect',
  'dnsRedirect.ipv4ClientPrefix': 24,
  'dnsRedirect.ipv6ClientPrefix': 56,
  'dnsRedirect.rateLimits': [{ prefix: '192.0.2.0/24', queriesPerSecond: 9 }],
  'dnsRedirect.schedule': [{ from: '01:00', to: '02:00' }],
  'dnsRedirect.mode': 'shadow',
  'dnsRedirect.rpz.secondaries': [{ address: '192.0.2.5' }],
  'dnsRedirect.rpz.keys': [{ name: 'isp', secret: 'c2VjcmV0LW9mLXRoZS1sYWI=' }],
  'dnsRedirect.rpz.serials': 'even',
  'dnsRedirect.rpz.onStop': 'keep',
  'tracker.unknownTorrents': 'refuse',
  caches: [{ name: 'a', address: '203.0.113.9', client: 'transmission', url: 'http://a.example', quota: '1GB' }],
  'reports.probes': [{ id: 'a', subdomains: ['a'] }],
  'control.listen': 'http://127.0.0.1:1',
  'control.token': 'a-long-token',
  'logging.level': 'error',
  'labServices.originalSite.listen': ['127.4.0.80:1'],
};

/** By what the default value is, where no other value is given by name. */
const CANDIDATES = [
  1,
  7,
  0.5,
  1_001,
  123,
  true,
  false,
  '7s',
  '7m',
  '7d',
  '9MiB',
  'other',
  '127.0.0.9:9',
  'http://a.example',
  ['192.0.2.0/25'],
  ['192.0.2.1'],
  ['other.example'],
  ['192.0.2.9:53'],
  ['127.0.0.9:9'],
  ['a.example'],
  'a.example',
];

function withKey(key: string, value: unknown): unknown {
  const copy = structuredClone(BASE) as Record<string, unknown>;
  let at = copy;
  const steps = key.split('.');
  for (const step of steps.slice(0, -1)) {
    at[step] ??= {};
    at = at[step] as Record<string, unknown>;
  }
  at[steps.at(-1)!] = value;
  return parse(stringify(copy));
}

function parsed(value: unknown): Config | undefined {
  const result = configSchema.safeParse(value);
  return result.success ? (result.data as Config) : undefined;
}

const base = parsed(BASE)!;

function changed(key: string): Config {
  for (const value of key in OTHER ? [OTHER[key]] : CANDIDATES) {
    const config = parsed(withKey(key, value));
    if (config !== undefined && JSON.stringify(config) !== JSON.stringify(base)) return config;
  }
  throw new Error(`no other value for ${key} in this test; add one to OTHER`);
}

describe('a change of', () => {
  test.each(KEYS)('%s alone is noticed', (key) => {
    const next = changed(key);
    expect(keysThatNeedRestart(base, next)).toEqual(LIVE_KEYS.has(key) ? [] : [key]);
    // What is named is not in force, and what is not named is.
    expect(configInForce(base, next)).toEqual(LIVE_KEYS.has(key) ? next : base);
  });

  test.each(['mirrorSite', 'dnsRedirect', 'control', 'labServices'])('%s as a whole needs a restart', (section) => {
    const { [section]: _, ...rest } = BASE as Record<string, unknown>;
    const without = parsed(rest)!;
    expect(keysThatNeedRestart(base, without)).toEqual([section]);
    expect(keysThatNeedRestart(without, base)).toEqual([section]);
    expect(configInForce(base, without)).toEqual(without);
    expect(configInForce(without, base)).toEqual(without);
  });
});

test('keys that a reload puts in force exist', () => {
  expect([...LIVE_KEYS].filter((key) => !KEYS.includes(key))).toEqual([]);
  expect(KEYS.length).toBeGreaterThan(90);
});

test('what waits for a restart is named again by the next reload, and no more once it is changed back', () => {
  const first = changed('tracker.interval');
  const second = { ...first, tracker: { ...first.tracker, fullScrape: true } };
  expect(keysThatNeedRestart(base, second)).toEqual(['tracker.interval', 'tracker.fullScrape']);
  expect(keysThatNeedRestart(base, { ...second, tracker: base.tracker })).toEqual([]);
});
