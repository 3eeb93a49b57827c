/**
 * Every key that a reload puts in force, seen from outside of a running application: what an answer, a page, a listener or a
 * report shows before and after. A row that is missing fails, so no key is live in name only.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { decode } from 'dns-packet';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { stringify } from 'yaml';
import type { Application } from '../../../src/app/application.js';
import { createApp } from '../../../src/app/create-app.js';
import { LIVE_KEYS } from '../../../src/app/restart-keys.js';
import type { Config } from '../../../src/config/config-schema.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { TsigSigner } from '../../../src/dns-redirect/rpz/tsig.js';
import { RCODE_NOTAUTH, RCODE_REFUSED } from '../../../src/dns-redirect/wire/dns-codes.js';
import { nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { createRandom } from '../../../src/domain/random.js';
import { announceOverUdp } from '../../../src/lab/udp-announcer.js';
import { createLogger } from '../../../src/logging/logger.js';
import { PRUNE_EVERY_MS } from '../../../src/reports/limits.js';
import { databaseFile } from '../../../src/store/database-file.js';
import { alarmStore } from '../../../src/store/sqlite/alarm-store.js';
import { createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { operatorLog } from '../../../src/store/sqlite/operator-log.js';
import { ReportsPruning } from '../../../src/store/sqlite/reports-pruning.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';
import { eventually } from '../../support/eventually.js';
import { answerWith, askUdp, type Closing, question, startResolver } from '../dns-redirect/running-redirect.js';

type Yaml = Record<string, unknown>;

const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-live-'));
const TLS = join(import.meta.dirname, '../../vectors/tls');
const HASH = 'a'.repeat(40);
/** Refused by some rows. `HASH` never is: the tracker drops the peers of a refused torrent, and other rows need those of `HASH`. */
const OTHER_HASH = 'b'.repeat(40);
const TOKEN = 'the-control-token';
const NORTH = 'the-token-of-north';
const PARTNER = 'the-partner-token';
const RPZ_SECRET = 'c2VjcmV0LW9mLXRoZS1sYWItMTIzNDU2Nzg5MA==';
const TRANSFERS_HERE = { address: '127.0.0.1:9', notify: false };

/** Peers of `HASH`: a foreign AS for each kind of relationship, one that is billed, and the operator's own. */
const PEERS = [
  '127.1.0.5',
  '127.1.0.6',
  '127.1.200.5',
  '127.3.0.5',
  '127.4.0.5',
  '127.7.0.5',
  '127.8.0.5',
  '127.9.0.5',
];
const ASNS = '127.3.0.0/16,64600\n127.4.0.0/16,64700\n127.7.0.0/16,64601\n127.8.0.0/16,64602\n127.9.0.0/16,64603\n';
const files: Readonly<Record<string, string>> = {
  'asn.csv': ASNS,
  'asn-more.csv': `${ASNS}127.5.0.0/16,64800\n`,
  'prefixes.txt': '127.6.0.0\t16\t64801\n',
  'relationships.txt': '64500|64601|-1\n64500|64602|0\n64603|64500|-1\n',
  'more-relationships.txt': '64500|64601|-1\n64500|64602|0\n64603|64500|-1\n64500|64700|0\n',
  'organisations.txt':
    '# format:org_id|changed|org_name|country|source\nO|20260101|Example|XX|T\n# format:aut|changed|aut_name|org_id|opaque_id|source\n64500|20260101|A|O|x|T\n64700|20260101|B|O|x|T\n',
  'hashes.txt': `${HASH}\n`,
  'denied.txt': `${OTHER_HASH}\n`,
  'logo.svg': '<svg xmlns="http://www.w3.org/2000/svg"/>',
  'own.txt': 'Text of its own\n',
};

let app: Application;
let running: Config;
let resolver: { host: string; port: number };
const logger = createLogger('silent');
const closing: Closing[] = [];
const intervals: number[] = [];
const timeouts: { run: () => void; ms: number }[] = [];
const pruned: number[] = [];
const PINNED = hashOf(7);
const listening: Yaml = {};

function base(): Yaml {
  return {
    operator: {
      name: 'First Telecom',
      networks: [{ asn: 64500, prefixes: ['127.1.0.0/16'] }],
      subdomains: [
        { id: 'north', prefixes: ['127.1.0.0/17'] },
        { id: 'south', prefixes: ['127.1.128.0/17'] },
      ],
    },
    topology: { asnDatabase: 'asn.csv', asRelationships: 'relationships.txt' },
    billing: { neighbours: [{ name: 'One', asns: [64600], ratePerGigabyte: 0.002 }] },
    tracker: {
      listen: ['udp://127.0.0.1:0', 'https://127.0.0.1:0'],
      tls: { certificate: `${TLS}/one.cert.pem`, key: `${TLS}/one.key.pem` },
      minInterval: '1s',
    },
    mirrorSite: {
      listen: ['http://127.0.0.1:0', 'https://127.0.0.1:0'],
      tls: { certificate: `${TLS}/one.cert.pem`, key: `${TLS}/one.key.pem` },
    },
    dnsRedirect: {
      listen: ['127.0.0.1:0'],
      upstreamResolvers: [`${resolver.host}:${resolver.port}`],
      mirrorAddresses: ['127.0.0.21'],
      trackerAddresses: ['127.0.0.22'],
      // Nothing listens on these addresses.
      healthChecks: false,
      sites: ['site.example', 'forum.example'],
      trackers: ['tracker.example'],
      rpz: { listen: ['127.0.0.1:0'] },
    },
    upstream: { originalTrackers: [{ name: 'partner', token: PARTNER }] },
    reports: { probes: [{ id: 'dp-north', subdomains: ['north'], token: NORTH }] },
    control: {
      listen: 'https://127.0.0.1:0',
      token: TOKEN,
      tls: { certificate: `${TLS}/one.cert.pem`, key: `${TLS}/one.key.pem` },
    },
    storage: { directory: 'data' },
    logging: { level: 'silent' },
    lab: true,
    ...listening,
  };
}

function configOf(yaml: Yaml): Config {
  return parseConfig(stringify(yaml), { file: 'live.yaml', baseDirectory: directory });
}

function withKey(key: string, value: unknown, more: Yaml = {}): Yaml {
  const yaml = structuredClone(base());
  for (const [path, each] of Object.entries({ ...more, [key]: value })) {
    const steps = path.split('.');
    let at = yaml;
    for (const step of steps.slice(0, -1)) {
      at[step] ??= {};
      at = at[step] as Yaml;
    }
    at[steps.at(-1)!] = each;
  }
  return yaml;
}

function endpoint(part: string, protocol = ''): { host: string; port: number } {
  const { url } = app.addresses.find((each) => each.part === part && each.url.startsWith(protocol))!;
  const { hostname, port } = new URL(url.replace(/^\w+:/, 'http:'));
  return { host: hostname, port: Number(port) };
}

/** The certificate of the lab is nobody's: fetch would refuse it. */
async function call(
  path: string,
  token = TOKEN,
  body?: unknown,
): Promise<{ status: number; json: Yaml; text: string }> {
  const { request } = await import('node:https');
  const { host, port } = endpoint('control');
  return new Promise((resolve, reject) => {
    const headers = { authorization: `Bearer ${token}`, ...(body ? { 'content-type': 'application/json' } : {}) };
    const method = body === undefined ? 'GET' : 'POST';
    const asked = request({ host, port, path, method, headers, rejectUnauthorized: false, agent: false }, (answer) => {
      let text = '';
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => {
        resolve({ status: answer.statusCode!, json: text.startsWith('{') ? (JSON.parse(text) as Yaml) : {}, text });
      });
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

interface Explained {
  requester: Yaml;
  mix: Yaml;
  billing: Yaml;
  gateways: number;
  candidates: (Yaml & { group: string })[];
}

const explain = async (ip = '127.1.0.9'): Promise<Explained> =>
  (await call(`/api/v1/explain?infoHash=${HASH}&ip=${ip}`)).json as unknown as Explained;
const requester = (ip: string, key: string) => async (): Promise<unknown> => (await explain(ip)).requester[key];
/** Of thirty households: that none is in a control group of half of them happens once in a billion times. */
const households = async (): Promise<unknown[]> =>
  Promise.all(Array.from({ length: 30 }, (_, i) => requester(`127.1.0.${i + 10}`, 'household')()));
const candidate = (group: string, key: string) => async (): Promise<unknown> =>
  (await explain()).candidates.find((each) => each.group === group)?.[key];
const rate = (asn: number) => candidate(`as:${asn}`, 'ratePerGigabyte');

function announce(infoHash: string, from: string, leftBytes = 1_000) {
  return announceOverUdp({
    tracker: endpoint('tracker', 'udp'),
    localAddress: from,
    port: 6881,
    peerId: `-LK0000-${from}`.padEnd(20, '-').slice(0, 20),
    infoHash,
    leftBytes,
    event: 'started',
  } as Parameters<typeof announceOverUdp>[0]);
}

/** Again for each row, because a list that lacks `HASH` drops its swarm. */
async function announcePeers(): Promise<void> {
  for (const from of PEERS) await announce(HASH, from, from === '127.1.200.5' ? 0 : 1_000);
}

const hosts = async (infoHash: string, from: string): Promise<string[]> =>
  (await announce(infoHash, from)).peers.map((peer) => peer.host).sort();
const refused = (infoHash: string, from: string) => async (): Promise<string> =>
  announce(infoHash, from).then(
    () => 'answered',
    (thrown: Error) => thrown.message,
  );

async function commonName(part: string): Promise<string> {
  const { host, port } = endpoint(part, 'https');
  const socket = connect({ host, port, rejectUnauthorized: false });
  await new Promise((resolve, reject) => socket.once('secureConnect', resolve).once('error', reject));
  const name = String(socket.getPeerCertificate().subject.CN);
  socket.destroy();
  return name;
}

async function strictTransport(): Promise<string | undefined> {
  const { request } = await import('node:https');
  const { host, port } = endpoint('mirror-site', 'https');
  return new Promise((resolve, reject) => {
    request({ host, port, path: '/healthz', rejectUnauthorized: false, agent: false }, (answer) => {
      answer.resume().on('end', () => resolve(answer.headers['strict-transport-security']));
    })
      .on('error', reject)
      .end();
  });
}

async function rateFromInside(): Promise<unknown> {
  await announce(PINNED, '127.1.0.5', 0);
  const { torrents } = JSON.parse((await page('/list.json')).replace(/^\d+ /, ''));
  return torrents.find((torrent: { infoHash: string }) => torrent.infoHash === PINNED).insideBitsPerSecond;
}

async function page(path: string, headers: Record<string, string> = {}): Promise<string> {
  const { request } = await import('node:http');
  const { host, port } = endpoint('mirror-site', 'http:');
  return new Promise((resolve, reject) => {
    request({ host, port, path, headers }, (answer) => {
      let text = `${answer.statusCode} `;
      answer.on('data', (chunk) => {
        text += chunk;
      });
      answer.on('end', () => resolve(text));
    })
      .on('error', reject)
      .end();
  });
}

/** The original of forum.example, at the port at which the mirror site stands in for it. */
async function startForum(): Promise<void> {
  const { createServer } = await import('node:http');
  const server = createServer(({ headers }, response) => {
    const link = `magnet:?xt=urn:btih:${HASH}&tr=udp%3A%2F%2Fold.example%3A1`;
    response.setHeader('Content-Type', 'text/html');
    response.end(`<body>original, for ${headers['x-forwarded-for']} <a href="${link}">x</a></body>`);
  });
  await new Promise<void>((resolve) => server.listen(endpoint('mirror-site', 'http:').port, '127.0.0.2', resolve));
  closing.push(async () => {
    server.closeAllConnections();
    server.close();
  });
}

/** What a reader finds in the original's place. */
const inPlace = (text: string) => async (): Promise<boolean> =>
  (await page('/', { Host: `forum.example:${endpoint('mirror-site', 'http:').port}` })).includes(text);

const dns = async (...words: Parameters<typeof question>) =>
  decode((await askUdp(endpoint('dns-redirect'), question(...words)))!);
const address =
  (name: string, key: 'data' | 'ttl' = 'data', more: Parameters<typeof question>[2] = {}) =>
  async (): Promise<unknown> =>
    ((await dns(name, 'A', more)).answers![0] as Yaml | undefined)?.[key];
const rcode = (name: string) => async (): Promise<unknown> => (await dns(name)).rcode;
const DNSSEC_OK = {
  additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 1_232, flags: 0x8000, options: [] }],
} satisfies Parameters<typeof question>[2];

/** Whether one of a few questions at once is answered with the TC bit alone. */
async function sentToTcp(): Promise<boolean> {
  const answers = await Promise.all(Array.from({ length: 12 }, () => dns('site.example')));
  return answers.some(({ flag_tc }) => flag_tc);
}

let askedNames = 0;
const upstreamQuestions: string[] = [];
async function askedUpstreamForTwo(): Promise<number> {
  const name = `n${++askedNames}.example`;
  await dns(name);
  await dns(name);
  return upstreamQuestions.filter((each) => each === name).length;
}

/** Put in the place of the second resolver's address once it listens. */
const OTHER_RESOLVER: string[] = [];

async function reportedUplink(): Promise<unknown> {
  const body = { address: '127.1.0.6', port: 6881, availableUplinkBps: 900_000_000 };
  return (await call('/api/v1/capability', TOKEN, body)).json.clamped;
}

let swarms = 0;
/** How often original trackers are asked for a new swarm. */
async function upstreamAskedFor(): Promise<number> {
  const asked = async (): Promise<number> =>
    Number(/^alias_tracker_upstream_asked_total (\d+)/m.exec((await call('/metrics')).text)![1]);
  const before = await asked();
  await announce((++swarms).toString(16).padStart(40, 'c'), '127.1.0.9');
  return (await asked()) - before;
}

/** How a torrent that nobody knows is answered at 127.0.0.1. */
const refusedUnknown = (): Promise<string> => refused((++swarms).toString(16).padStart(40, 'd'), '127.1.0.9')();

/** Runs the pruning that is due next, without waiting for its minute. */
async function rollUpsKeptMs(): Promise<number> {
  pruned.length = 0;
  timeouts.findLast(({ ms }) => ms === PRUNE_EVERY_MS)!.run();
  return pruned.at(-1)!;
}

interface Row {
  /** The new value; of another key where the name says so. */
  readonly value: unknown;
  readonly more?: Yaml;
  readonly observe: () => Promise<unknown>;
  readonly before: unknown;
  readonly after: unknown;
}

const contains = (text: string) => expect.stringContaining(text);
const found =
  (text: string, path: string, headers = {}) =>
  async (): Promise<boolean> =>
    (await page(path, headers)).includes(text);
const row = (value: unknown, observe: Row['observe'], before: unknown, after: unknown, more: Yaml = {}): Row => ({
  value,
  observe,
  before,
  after,
  more,
});

const exchangeLimit = (key: string) => async (): Promise<unknown> =>
  ((await call('/api/v1/upstream/originals')).json as { limits: Yaml }).limits[key];

const mix = (key: string) => async (): Promise<unknown> => (await explain()).mix[key];

const ROWS: Readonly<Record<string, Row>> = {
  'operator.name': row('Second Telecom', found('Second Telecom', '/feed.xml'), false, true),
  'operator.networks': row(
    [{ asn: 64500, prefixes: ['127.1.0.0/16', '127.5.0.0/16'] }],
    requester('127.5.0.9', 'operator'),
    'unknown',
    'own',
  ),
  'operator.subdomains': row(
    [
      { id: 'north', prefixes: ['127.1.0.0/17'] },
      { id: 'east', prefixes: ['127.1.128.0/17'] },
    ],
    requester('127.1.200.9', 'subdomain'),
    'south',
    'east',
  ),
  'operator.caches': row(
    [{ address: '127.1.0.9' }],
    requester('127.1.0.9', 'group'),
    'subdomain:north',
    'cache:127.1.0.9',
  ),
  caches: row(
    [{ name: 'pop', address: '127.1.0.9', client: 'transmission', url: 'http://127.0.0.1:9/', quota: '1GB' }],
    async () => [
      await requester('127.1.0.9', 'group')(),
      ((await call('/api/v1/caches')).json.caches as Yaml[]).map(({ name }) => name),
    ],
    ['subdomain:north', []],
    ['cache:127.1.0.9', ['pop']],
  ),
  'topology.asnDatabase': row('asn-more.csv', requester('127.5.0.9', 'asn'), 0, 64800),
  'topology.prefixToAs': row('prefixes.txt', requester('127.6.0.9', 'asn'), 0, 64801),
  'topology.asRelationships': row('more-relationships.txt', candidate('as:64700', 'relationship'), 'unknown', 'peer'),
  'topology.asOrganisations': row('organisations.txt', requester('127.4.0.9', 'operator'), 'AS64700', 'own'),
  'topology.reloadEvery': row('11s', async () => intervals.includes(11_000), false, true),
  'billing.currency': row('USD', async () => (await explain()).billing.currency, 'EUR', 'USD'),
  'billing.defaultRatePerGigabyte': row(0.5, rate(64700), 0.02, 0.5),
  'billing.neighbours': row([{ name: 'One', asns: [64600], ratePerGigabyte: 0.7 }], rate(64600), 0.002, 0.7),
  'billing.relationshipRates.customer': row(0.9, rate(64601), 0, 0.9),
  'billing.relationshipRates.peer': row(0.9, rate(64602), 0, 0.9),
  'billing.relationshipRates.provider': row(0.9, rate(64603), 0.02, 0.9),
  'billing.fillRate': row(
    '80Mbit/s',
    async () => (await call('/api/v1/caches')).json.fillRateBytesPerSecond,
    null,
    10_000_000,
  ),
  'billing.rampFor': row('7m', async () => (await call('/api/v1/billing')).json.rampForSeconds, 1_800, 420),
  'billing.schedule': row(
    [{ name: 'always', from: '00:00', to: '24:00' }],
    async () => (await explain()).billing.period,
    null,
    'always',
  ),
  'billing.overrides': row(
    [{ requester: 'north', peer: 'AS64700', treatAs: 'same-operator' }],
    candidate('as:64700', 'tier'),
    2,
    1,
  ),
  // Original trackers are asked for swarms with fewer peers than that; 0: never.
  'selection.enoughInnerPeers': row(0, upstreamAskedFor, 1, 0),
  'selection.foreignPeersMin': row(2, mix('foreign'), 0, 2, ENOUGH()),
  'selection.foreignPeersMax': row(1, mix('foreign'), expect.any(Number), 1, {
    'selection.foreignPeersWhenNoInnerSeed': 1,
  }),
  'selection.foreignPeersWhenNoInnerSeed': row(1, mix('foreign'), 3, 1),
  'selection.gatewaysMax': row(0, mix('reason'), 'no-inner-seed', expect.not.stringMatching('no-inner-seed')),
  'selection.capabilityWeight': row(0, candidate('subdomain:north', 'score'), 28, expect.any(Number), {
    'selection.densityWeight': 1,
  }),
  'selection.densityWeight': row(0, candidate('subdomain:north', 'score'), 28, expect.any(Number), {
    'selection.capabilityWeight': 1,
  }),
  'selection.grain': row('subdomain', candidate('subdomain:south', 'tier'), 0, expect.any(Number)),
  'rollout.percent': row(0, requester('127.1.0.9', 'household'), 'localised', 'plain'),
  'rollout.controlPercent': row(50, async () => (await households()).includes('control'), false, true),
  'rollout.subdomains': row(['south'], requester('127.1.0.9', 'household'), 'localised', 'plain'),
  'rollout.shadow': row(true, requester('127.1.0.9', 'household'), 'localised', 'plain'),
  'tracker.announceUrls': row(['udp://a.example:7/announce'], found('a.example', `/torrent/${PINNED}`), false, true),
  'tracker.torrents': row('hashes.txt', refused(OTHER_HASH, '127.1.0.9'), 'answered', contains('not on this tracker')),
  'tracker.unknownTorrents': row('refuse', refusedUnknown, 'answered', contains('your network answers'), {
    'dnsRedirect.trackers': [{ name: 'tracker.example', address: ['127.0.0.1'] }],
  }),
  'tracker.denyList.addresses': row(
    ['127.1.0.5/32'],
    async () => (await hosts(HASH, '127.1.0.90')).includes('127.1.0.5'),
    true,
    false,
  ),
  'tracker.denyList.torrents': row('denied.txt', refused(OTHER_HASH, '127.1.0.9'), 'answered', contains('not')),
  'tracker.tls.certificate': row(
    `${TLS}/two.cert.pem`,
    () => commonName('tracker'),
    'tracker-one.test',
    'tracker-two.test',
    {
      'tracker.tls.key': `${TLS}/two.key.pem`,
    },
  ),
  'tracker.tls.key': row(`${TLS}/two.key.pem`, () => commonName('tracker'), 'tracker-one.test', 'tracker-two.test', {
    'tracker.tls.certificate': `${TLS}/two.cert.pem`,
  }),
  'mirrorSite.tls': row(
    [
      { certificate: `${TLS}/two.cert.pem`, key: `${TLS}/two.key.pem` },
      { certificate: `${TLS}/one.cert.pem`, key: `${TLS}/one.key.pem` },
    ],
    () => commonName('mirror-site'),
    'tracker-one.test',
    'tracker-two.test',
  ),
  'mirrorSite.hsts': row('1h', strictTransport, undefined, 'max-age=3600'),
  'mirrorSite.passThrough': row('off', inPlace('original, for'), true, false),
  'mirrorSite.passThroughOptOut': row(['127.0.0.1/32'], inPlace('old.example'), false, true),
  'mirrorSite.forwardedFor': row(true, inPlace('for 127.0.0.1'), false, true),
  'mirrorSite.banner': row('From Example Telecom', inPlace('From Example Telecom'), false, true),
  'mirrorSite.title': row('Other title', found('Other title', '/'), false, true),
  'mirrorSite.publicUrl': row('http://public.example', found('http://public.example', '/feed.xml'), false, true),
  'mirrorSite.logo': row('logo.svg', found('src="/logo-', '/'), false, true),
  'mirrorSite.icon': row('logo.svg', found('href="/icon-900fbe', '/'), false, true),
  'mirrorSite.colour': row('#123456', found('--accent:#123456', '/'), false, true),
  'mirrorSite.contact': row('mailto:noc@example.net', found('mailto:noc@example.net', '/'), false, true),
  'mirrorSite.takedown': row('https://example.net/abuse', found('https://example.net/abuse', '/'), false, true),
  'mirrorSite.help': row('own.txt', found('Text of its own', '/help'), false, true),
  'mirrorSite.privacy': row('own.txt', found('Text of its own', '/privacy'), false, true),
  'mirrorSite.usualUplinkBps': row(30_000_000, rateFromInside, null, 30_000_000),
  'upstream.limits.requestsPerSecond': row(7, exchangeLimit('requestsPerSecond'), 20, 7),
  'upstream.limits.concurrentRequests': row(7, exchangeLimit('concurrentRequests'), 8, 7),
  'upstream.limits.requestsPerHour': row(7, exchangeLimit('requestsPerHour'), 20_000, 7),
  'upstream.originalTrackers': row(
    [{ name: 'partner', token: 'another-partner-token' }],
    async () =>
      (
        await call('/api/v1/upstream/peers', 'another-partner-token', {
          infoHash: HASH,
          ttlSeconds: 60,
          peers: [{ address: '127.3.0.9', port: 6881 }],
        })
      ).status,
    401,
    202,
  ),
  'dnsRedirect.clients': row(['127.9.9.9/32'], address('site.example'), '127.0.0.21', '192.0.2.99'),
  'dnsRedirect.optOut': row(['127.0.0.1/32'], address('site.example'), '127.0.0.21', '192.0.2.99'),
  'dnsRedirect.percent': row(0, address('site.example'), '127.0.0.21', '192.0.2.99'),
  'dnsRedirect.schedule': row([neverToday()], address('site.example'), '127.0.0.21', '192.0.2.99'),
  'dnsRedirect.mode': row('shadow', address('site.example'), '127.0.0.21', '192.0.2.99'),
  'dnsRedirect.mirrorAddresses': row(['127.0.0.31'], address('site.example'), '127.0.0.21', '127.0.0.31'),
  'dnsRedirect.trackerAddresses': row(['127.0.0.32'], address('tracker.example'), '127.0.0.22', '127.0.0.32'),
  'dnsRedirect.sites': row(['other.example'], address('other.example'), '192.0.2.99', '127.0.0.21'),
  'dnsRedirect.trackers': row(['other.example'], address('other.example'), '192.0.2.99', '127.0.0.22'),
  'dnsRedirect.ttl': row('7s', address('site.example', 'ttl'), 30, 7),
  'dnsRedirect.upstreamResolvers': row(OTHER_RESOLVER, address('unlisted.example'), '192.0.2.99', '192.0.2.98'),
  'dnsRedirect.signedNames': row('redirect', address('site.example', 'data', DNSSEC_OK), '192.0.2.99', '127.0.0.21'),
  'dnsRedirect.canaries': row(true, rcode('use-application-dns.net'), 'NOERROR', 'NXDOMAIN'),
  'dnsRedirect.allowQueries': row(['127.9.9.9/32'], rcode('site.example'), 'NOERROR', 'REFUSED'),
  'dnsRedirect.queriesPerSecondPerClient': row(1, sentToTcp, false, true),
  'dnsRedirect.rateLimits': row([{ prefix: '127.0.0.0/8', queriesPerSecond: 1 }], sentToTcp, false, true),
  'dnsRedirect.trustedResolvers': row(['127.0.0.0/8'], sentToTcp, true, false, {
    'dnsRedirect.queriesPerSecondPerClient': 1,
  }),
  'dnsRedirect.cacheSize': row('0B', askedUpstreamForTwo, 1, 2),
  'dnsRedirect.rpz.secondaries': row([TRANSFERS_HERE], () => soaOfZone('rcode'), RCODE_REFUSED, 0),
  'dnsRedirect.rpz.keys': row([{ name: 'isp', secret: RPZ_SECRET }], () => soaOfZone('rcode', true), RCODE_NOTAUTH, 0, {
    'dnsRedirect.rpz.secondaries': [TRANSFERS_HERE],
  }),
  'dnsRedirect.rpz.expire': row('15m', () => soaOfZone('expire'), 600, 900, {
    'dnsRedirect.rpz.secondaries': [TRANSFERS_HERE],
  }),
  'reports.probes': row(
    [{ id: 'dp-new', subdomains: ['south'], token: 'the-token-of-another' }],
    async () => ((await call('/api/v1/probes')).json.probes as Yaml[]).some(({ probe }) => probe === 'dp-new'),
    false,
    true,
  ),
  'reports.freshness': row(
    '1s',
    async () => ((await call('/api/v1/density')).json.subdomains as Yaml[])[0]?.freshness,
    1,
    0,
  ),
  // The next pruning is told from when on roll-ups are dropped.
  'reports.history': row('1m', rollUpsKeptMs, 366 * 86_400_000, 60_000),
  'reports.uplinkBpsMax': row(1_000, reportedUplink, [], [{ address: '127.1.0.6', clamped: ['availableUplinkBps'] }]),
  'operation.log': row(
    '1d',
    async () => ((await call('/api/v1/audit?action=of-old')).json.entries as Yaml[]).length,
    1,
    0,
  ),
  'alarms.history': row(
    '1d',
    async () => ((await call('/api/v1/alarms?history=true&id=cache-down')).json.history as Yaml[]).length,
    1,
    0,
  ),
  // Nothing listens there, and a pause is an alarm.
  'alarms.webhook': row(
    { url: 'http://127.0.0.1:9/' },
    async () => {
      await call('/api/v1/pause', TOKEN, { what: 'localisation', forSeconds: 60 });
      return /webhook_messages_total\{result="failed"\} [1-9]/.test((await call('/metrics')).text);
    },
    false,
    true,
  ),
  'control.token': row(
    'the-second-control-token',
    async () => (await call('/api/v1/probes', 'the-second-control-token')).status,
    401,
    200,
  ),
  'control.viewerToken': row(
    'the-viewer-token-of-a-test',
    async () => (await call('/api/v1/probes', 'the-viewer-token-of-a-test')).status,
    401,
    200,
  ),
  'control.tls.certificate': row(
    `${TLS}/two.cert.pem`,
    () => commonName('control'),
    'tracker-one.test',
    'tracker-two.test',
    {
      'control.tls.key': `${TLS}/two.key.pem`,
    },
  ),
  'control.tls.key': row(`${TLS}/two.key.pem`, () => commonName('control'), 'tracker-one.test', 'tracker-two.test', {
    'control.tls.certificate': `${TLS}/two.cert.pem`,
  }),
  'logging.level': row('fatal', async () => logger.level, 'silent', 'fatal'),
};

/** A period that begins on other days than today and tomorrow. */
function neverToday(): Yaml {
  const day = ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'][(new Date().getUTCDay() + 3) % 7];
  return { from: '12:00', to: '12:01', days: [day] };
}

/** What the RPZ server says of its zone. */
async function soaOfZone(what: 'rcode' | 'expire', signed = false): Promise<unknown> {
  const key = {
    name: nameFromText('isp'),
    algorithm: 'hmac-sha256',
    secret: Buffer.from(RPZ_SECRET, 'base64'),
  } as const;
  const plain = question('rpz.alias-tracker', 'SOA');
  const packet = signed ? new TsigSigner(key, undefined).sign(plain, Math.floor(Date.now() / 1_000)) : plain;
  const answer = (await askUdp(endpoint('rpz'), packet))!;
  if (what === 'rcode') return answer[3]! & 15;
  return (decode(answer).answers![0]!.data as { expire: number }).expire;
}

const SIGNATURE = {
  type: 'RRSIG',
  ttl: 60,
  data: {
    typeCovered: 'A',
    algorithm: 13,
    labels: 2,
    originalTTL: 60,
    expiration: 2_000_000_000,
    inception: 1_000_000_000,
    keyTag: 1,
    signersName: 'example',
    signature: Buffer.alloc(64),
  },
};

/** Inner peers are enough, so that the minimum of foreign ones shows. */
function ENOUGH(): Yaml {
  return { 'selection.enoughInnerPeers': 0, 'selection.foreignPeersWhenNoInnerSeed': 0 };
}

async function reload(yaml: Yaml): Promise<readonly string[]> {
  running = configOf(yaml);
  return app.reload(running);
}

beforeAll(async () => {
  for (const [name, text] of Object.entries(files)) writeFileSync(join(directory, name), text);
  const plain = globalThis.setInterval;
  vi.spyOn(globalThis, 'setInterval').mockImplementation(((run: () => void, ms: number) => {
    intervals.push(ms);
    return plain(run, ms);
  }) as typeof setInterval);
  const plainTimeout = globalThis.setTimeout;
  vi.spyOn(globalThis, 'setTimeout').mockImplementation(((run: () => void, ms: number, ...given: []) => {
    timeouts.push({ run, ms });
    return plainTimeout(run, ms, ...given);
  }) as typeof setTimeout);
  vi.spyOn(ReportsPruning.prototype, 'pruneChunk').mockImplementation(({ rollUpsMs }) => {
    pruned.push(Math.round((Date.now() - rollUpsMs) / 10_000) * 10_000);
    return false;
  });
  const addressOf = (name: string): string => (name === 'forum.example' ? '127.0.0.2' : '192.0.2.99');
  resolver = await startResolver(closing, (query) => {
    const { name } = query.questions![0]!;
    upstreamQuestions.push(name);
    // Signed for who asks for it.
    const asksForIt = query.additionals!.some((each) => 'flag_do' in each && each.flag_do === true);
    const answer = { name, type: 'A', ttl: 60, data: addressOf(name) };
    return answerWith(query, '', {
      answers: name === 'site.example' && asksForIt ? [answer, { ...SIGNATURE, name }] : [answer],
    });
  });
  const other = await startResolver(closing, (query) => answerWith(query, '192.0.2.98'));
  OTHER_RESOLVER.push(`${other.host}:${other.port}`);
  running = configOf(base());
  const database = openDatabase(databaseFile(running));
  createCatalogue(database).store(torrentToStore(7), Date.now());
  operatorLog(database).add({
    ...{ atMs: Date.now() - 2 * 86_400_000, actor: 'a', address: null, action: 'of-old', subject: null },
    ...{ result: 'done', details: {} },
  });
  const alarms = alarmStore(database);
  const past = { id: 'cache-down', subject: '', severity: 'warning', text: 't', remedy: 'r', begunMs: 1 };
  alarms.end(alarms.begin(past), 't', Date.now() - 2 * 86_400_000);
  database.close();
  app = createApp(running, { logger, random: createRandom(1) });
  await app.start();
  await startForum();
  const report = {
    probe: 'dp-north',
    sequence: 1,
    periodStart: new Date(Date.now() - 60_000).toISOString(),
    periodSeconds: 60,
    subdomains: [{ id: 'north', bytes: 6_000, users: 10 }],
  };
  expect((await call('/api/v1/density', NORTH, report)).status).toBe(202);
});

afterAll(async () => {
  await app?.stop();
  for (const close of closing) await close();
  vi.restoreAllMocks();
  rmSync(directory, { recursive: true, force: true });
});

test('every live key has a row here', () => {
  expect(Object.keys(ROWS).sort()).toEqual([...LIVE_KEYS].sort());
});

describe('a reload puts in force', () => {
  test.each(Object.entries(ROWS))('%s', async (key, { value, more, observe, before, after }) => {
    // A certificate and its key change together; other rows have the same surroundings before and after.
    const others = key.includes('.tls.') ? {} : (more ?? {});
    expect(await reload(withKey('lab', true, others))).toEqual([]);
    await announcePeers();
    await eventually('the value before', async () => matches(await observe(), before)).catch(() => {});
    expect(await observe()).toEqual(before);
    expect(await reload(withKey(key, value, more ?? {}))).toEqual([]);
    await eventually(`the value after`, async () => matches(await observe(), after)).catch(() => {});
    expect(await observe()).toEqual(after);
    await reload(base());
  });
});

function matches(value: unknown, expected: unknown): boolean {
  try {
    expect(value).toEqual(expected);
    return true;
  } catch {
    return false;
  }
}
