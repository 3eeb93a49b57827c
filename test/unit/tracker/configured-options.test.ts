/** Every value that crosses from the configuration to the data plane: each key changes exactly what it is for. */
import { describe, expect, test } from 'vitest';
import { parse, stringify } from 'yaml';
import { configSchema } from '../../../src/config/config-schema.js';
import { isIpv6Only } from '../../../src/config/listeners.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { fieldsOf } from '../../../src/config-kit/changed-keys.js';
import { dataPlaneOptions } from '../../../src/tracker/configured-options.js';
import { STORE_BYTES_EACH } from '../../../src/tracker/section.js';
import { labPolicy } from '../../support/lab-policy.js';

const LAB_POLICY = labPolicy();

const BASE = `operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker:
  listen: ["udp://127.0.0.1:6969", "http://127.0.0.1:6970", "http://[::]:6971", "http://127.0.0.1:6971"]
  trustedProxies: [192.0.2.0/24]
storage: { directory: /nowhere }
`;
/** Any file. */
const LIST = new URL(import.meta.url).pathname;
const access = { mode: 'open' as const, hashes: new Uint8Array(0), deniedHashes: new Uint8Array(0) };

function optionsFrom(text: string, seed?: number) {
  const config = parseConfig(text);
  return dataPlaneOptions(config, {
    policy: LAB_POLICY,
    access,
    isIpv6Only: (listener, protocol) => isIpv6Only(listener, protocol, config),
    seed,
  });
}

function optionsOf(key?: string, value?: unknown): Record<string, unknown> {
  const yaml = parse(BASE) as Record<string, unknown>;
  if (key !== undefined) {
    let at = yaml;
    const steps = key.split('.');
    for (const step of steps.slice(0, -1)) {
      at[step] ??= {};
      at = at[step] as Record<string, unknown>;
    }
    at[steps.at(-1)!] = value;
  }
  const { topology, cost, ...rest } = optionsFrom(stringify(yaml), 1);
  return { ...rest, isPolicy: topology === LAB_POLICY.topology && cost === LAB_POLICY.cost };
}

/** Key → its new value, and where in the options which value is then. */
const CROSSES: Readonly<Record<string, readonly [value: unknown, option: string, expected: unknown]>> = {
  'tracker.workers': [3, 'workers', 3],
  'tracker.transport': ['portable', 'transport', 'portable'],
  'tracker.interval': ['20m', 'intervalSeconds', 1_200],
  'tracker.minInterval': ['2m', 'minIntervalSeconds', 120],
  'tracker.numWantDefault': [7, 'defaultNumWant', 7],
  'tracker.numWantMax': [99, 'maxNumWant', 99],
  'tracker.connectionId': ['strict', 'connectionId', 'strict'],
  'tracker.fullScrape': [true, 'fullScrape', true],
  'tracker.trustedNetworks': [['192.0.2.0/25'], 'trustedNetworks', ['192.0.2.0/25']],
  'tracker.trustedProxies': [['192.0.2.128/25'], 'proxies', ['192.0.2.128/25']],
  'tracker.denyList.addresses': [['192.0.2.7/32'], 'deniedAddresses', ['192.0.2.7/32']],
  'tracker.snapshotEvery': ['90s', 'snapshotEverySeconds', 90],
  'tracker.limits.maxPeers': [5_000, 'limits.store.maxPeers', 5_000],
  'tracker.limits.maxTorrents': [500, 'limits.store.maxTorrents', 500],
  'tracker.limits.reservedForInnerPercent': [50, 'limits.store.reservedForInner', 0.5],
  'tracker.limits.peersPerAddressPerSwarm': [3, 'limits.maxPeersPerAddressInSwarm', 3],
  'tracker.limits.peersPerAddress': [33, 'limits.maxPeersPerAddress', 33],
  'tracker.limits.peersPerSitePerSwarm': [4, 'limits.maxPeersPerSiteInSwarm', 4],
  'tracker.limits.peersPerSite': [44, 'limits.maxPeersPerSite', 44],
  'tracker.limits.importedPeersPerSwarm': [77, 'limits.maxImportedInSwarm', 77],
  'tracker.limits.minPeerPort': [1_024, 'limits.portFloor', 1_024],
  'tracker.limits.maxConnections': [55, 'limits.maxConnections', 55],
  'tracker.limits.requestTimeout': ['3s', 'limits.requestTimeoutMs', 3_000],
  'tracker.limits.keepAliveTimeout': ['4s', 'limits.keepAliveTimeoutMs', 4_000],
  'upstream.every': ['7m', 'upstreamAskEverySeconds', 420],
  'upstream.exchange': [false, 'upstreamWantedBelow', 0],
  'selection.enoughInnerPeers': [9, 'upstreamWantedBelow', 9],
  'storage.directory': ['/elsewhere', 'snapshotFile', '/elsewhere/swarms.snapshot'],
  lab: [true, 'lab', true],
};
/** Keys of the tracker that cross otherwise, or not: see the tests below and those of access lists, announce URLs and covered ports. */
const ELSEWHERE = [
  'listen',
  'proxyProtocol',
  'tls.certificate',
  'tls.key',
  'torrents',
  'unknownTorrents',
  'denyList.torrents',
  'announceUrls',
  'coverPorts',
];

function at(value: unknown, path: string): unknown {
  return path.split('.').reduce((each, step) => (each as Record<string, unknown>)[step], value);
}

/** Options that follow from others: the size of memory, and what an address is for in a lab. */
const DERIVED = new Set(['limits.arenaBytes', 'ownEndpoints']);

function differences(a: unknown, b: unknown, path = ''): string[] {
  if (typeof a !== 'object' || a === null || Array.isArray(a))
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [path];
  return Object.keys({ ...a, ...(b as object) }).flatMap((key) =>
    differences(
      (a as Record<string, unknown>)[key],
      (b as Record<string, unknown>)[key],
      path === '' ? key : `${path}.${key}`,
    ),
  );
}

describe('the data plane gets', () => {
  test.each(Object.entries(CROSSES))('%s', (key, [value, option, expected]) => {
    const before = optionsOf();
    const after = optionsOf(key, value);
    expect(at(before, option)).not.toEqual(expected);
    expect(at(after, option)).toEqual(expected);
    expect(differences(before, after).filter((each) => !DERIVED.has(each))).toEqual([option]);
  });

  test('swarms in need are reported for the DHT alone, too', () => {
    const off = optionsOf('upstream.exchange', false);
    expect(off.upstreamWantedBelow).toBe(0);
    expect(optionsOf('upstream', { exchange: false, dht: true }).upstreamWantedBelow).toBeGreaterThan(0);
  });

  test('every key of the tracker', () => {
    const keysOf = (schema: Parameters<typeof fieldsOf>[0], path: string): string[] => {
      const fields = fieldsOf(schema);
      if (fields === undefined) return [path];
      return Object.entries(fields).flatMap(([key, field]) => keysOf(field, path === '' ? key : `${path}.${key}`));
    };
    const known = [...Object.keys(CROSSES).map((key) => key.replace('tracker.', '')), ...ELSEWHERE];
    expect(keysOf(fieldsOf(configSchema)!.tracker!, '').filter((key) => !known.includes(key))).toEqual([]);
  });

  test('listeners as they are written, with what each needs', () => {
    expect(optionsOf().listen).toEqual([
      { protocol: 'udp', host: '127.0.0.1', port: 6969 },
      { protocol: 'http', host: '127.0.0.1', port: 6970 },
      { protocol: 'http', host: '::', port: 6971, ipv6Only: true },
      { protocol: 'http', host: '127.0.0.1', port: 6971 },
    ]);
    const [, behind, six] = optionsOf('tracker.proxyProtocol', ['http://127.0.0.1:6970']).listen as object[];
    expect(behind).toEqual({ protocol: 'http', host: '127.0.0.1', port: 6970, proxyProtocol: true });
    expect(six).not.toHaveProperty('proxyProtocol');
  });

  test('the certificate of its https listeners alone', () => {
    const file = new URL('../../vectors/tls/one.cert.pem', import.meta.url).pathname;
    const text = `operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }
tracker: { listen: ["https://127.0.0.1:1", "http://127.0.0.1:2"], tls: { certificate: ${file}, key: ${file} } }
`;
    const { listen } = optionsFrom(text);
    expect(listen[0]).toMatchObject({ tls: { certificateFile: file, keyFile: file } });
    expect(listen[1]).not.toHaveProperty('tls');
  });

  test.each([
    ['open', 'exchange', 'exchange'],
    ['open', 'refuse', 'refuse'],
    ['open', 'track', 'track'],
    // What a list has is known.
    [LIST, 'exchange', 'exchange'],
    [LIST, 'refuse', 'track'],
    ['catalogue', 'refuse', 'track'],
  ])('of torrents: %s the redirected trackers, and what unknownTorrents: %s means', (torrents, unknown, expected) => {
    const { redirectedTrackers } =
      optionsFrom(`${BASE.replace('tracker:', `tracker:\n  torrents: ${torrents}\n  unknownTorrents: ${unknown}`)}
dnsRedirect:
  upstreamResolvers: ["192.0.2.53"]
  trackerAddresses: [203.0.113.21, "2001:db8::21"]
  trackers: [Tracker.Example.org, { name: own.example, address: 203.0.113.22 }]
`);
    expect(redirectedTrackers).toEqual({
      unknownTorrents: expected,
      trackers: [
        { name: 'tracker.example.org', addresses: ['203.0.113.21', '2001:db8::21'] },
        { name: 'own.example', addresses: ['203.0.113.22'] },
      ],
    });
  });

  test('memory for the peers and torrents that it may hold, the policy, the access list and the seed', () => {
    const small = optionsOf('tracker.limits.maxPeers', 1_000) as { limits: { arenaBytes: number } };
    const large = optionsOf('tracker.limits.maxPeers', 2_000) as { limits: { arenaBytes: number } };
    expect(large.limits.arenaBytes - small.limits.arenaBytes).toBe(1_000 * STORE_BYTES_EACH);
    expect(optionsOf()).toMatchObject({ isPolicy: true, access, seed: 1 });
  });
});
