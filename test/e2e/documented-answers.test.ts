/** Every answer that the OpenAPI document of a running tracker describes, against what the tracker really answers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { z } from 'zod';
import { databaseFile } from '../../src/store/database-file.js';
import { createCatalogue } from '../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { TokensStore } from '../../src/store/sqlite/tokens-store.js';
import { hashOf, torrentToStore } from '../support/catalogue-entries.js';
import { eventually } from '../support/eventually.js';
import { freePort } from '../support/free-port.js';
import { CONTROL_TOKEN, LAB_CONFIG, PROBE_NORTH, type RunningApp, startLabApp } from '../support/lab-app.js';

type Json = Record<string, unknown>;
interface Operation {
  readonly responses: Record<string, { readonly content?: Record<string, { readonly schema: Json }> }>;
}

const UPSTREAM_TOKEN = 'lab-token-upstream-01';
const SITE_TOKEN = 'lab-token-partner-01';
const infoHash = hashOf(1);
let running: RunningApp;
let paths: Record<string, Record<string, Operation>>;

/** UTC, a period that has begun this minute is on its ramp. */
const timeOfDay = (inHours: number): string => new Date(Date.now() + inHours * 3_600_000).toISOString().slice(11, 16);

beforeAll(async () => {
  const mirrorPort = await freePort();
  const config = LAB_CONFIG.replace(
    'tracker: {',
    'tracker: { announceUrls: ["udp://alias.example.net:6969/announce"],',
  );
  const yaml = `${config}
crawler: { sources: [ { name: partner, type: push, token: ${SITE_TOKEN} } ] }
billing: { schedule: [{ name: open, from: "${timeOfDay(0)}", to: "${timeOfDay(6)}", foreignPeersMax: 50 }] }
upstream: { originalTrackers: [{ name: original, token: ${UPSTREAM_TOKEN} }] }
mirrorSite: { listen: "http://127.0.0.1:${mirrorPort}" }
caches:
  - name: north
    address: 127.1.0.250
    client: transmission
    url: "http://127.0.0.1:${await freePort()}/transmission/rpc"
    quota: 1GB
    allow: { names: ["Torrent *"] }
dnsRedirect:
  listen: [127.0.0.1:0]
  upstreamResolvers: [127.0.0.9]
  clients: [127.0.0.0/8]
  mirrorAddresses: [127.0.0.1]
  trackerAddresses: [127.0.0.1]
  sites: [{ name: www.original.lab, port: ${mirrorPort} }]
  trackers: [tracker.original.lab]
  rpz: { listen: [127.0.0.1:0], secondaries: [{ address: 127.0.0.9 }] }
`;
  running = await startLabApp(yaml, undefined, { fromFile: true });
  const beside = openDatabase(databaseFile(running.config));
  const token = { tokenId: 'aabbccdd', kind: 'viewer', subject: 'eve', subdomains: [], tokenSha256: '00' } as const;
  new TokensStore(beside).add({ ...token, createdMs: Date.now(), revokedMs: null });
  const catalogue = createCatalogue(beside);
  for (let n = 1; n <= 5; n++) catalogue.store(torrentToStore(n), Date.now());
  beside.close();
  for (const [host, leftBytes] of [
    ['127.1.0.1', 0],
    ['127.1.0.2', 5],
    ['127.1.200.3', 5],
    ['127.4.0.1', 0],
  ] as const) {
    await running.announce(host, { infoHash, leftBytes });
  }
  await running.announce('127.1.0.2', { infoHash, leftBytes: 0, event: 'completed' });
  paths = (await answerOf('GET', '/api/v1/openapi.json')).paths as typeof paths;
});
afterAll(() => running.stop());

async function answerOf(method: 'GET' | 'POST', path: string, body?: unknown, token = CONTROL_TOKEN): Promise<Json> {
  const { status, json } = await running.call(method, path, { token, ...(body === undefined ? {} : { body }) });
  expect(status, JSON.stringify(json)).toBeLessThan(300);
  return json as Json;
}

const periodStart = (): string => new Date(Date.now() - 60_000).toISOString();
const density = (changes: Json = {}) => ({
  probe: 'dp-north',
  sequence: 1,
  periodStart: periodStart(),
  periodSeconds: 60,
  subdomains: [{ id: 'north', bytes: 60_000, users: 10 }],
  ...changes,
});

/** Documented path → calls whose answers are compared, in order: what is reported first is seen later. */
const CALLS: Record<string, readonly (() => Promise<Json>)[]> = {
  'post /api/v1/density': [
    () => answerOf('POST', '/api/v1/density', density(), PROBE_NORTH),
    () => answerOf('POST', '/api/v1/density', density(), PROBE_NORTH),
    () => {
      const subdomains = [{ id: 'north', bytes: 5, users: 0 }];
      const odd = density({ sequence: 3, periodStart: new Date(Date.now() - 30_000).toISOString(), subdomains });
      return answerOf('POST', '/api/v1/density', [density({ sequence: 2 }), odd], PROBE_NORTH);
    },
  ],
  'post /api/v1/users': [() => answerOf('POST', '/api/v1/users', { subdomains: [{ id: 'south', users: 9 }] })],
  'post /api/v1/capability': [
    () =>
      answerOf('POST', '/api/v1/capability', { address: '127.1.0.1', availableUplinkBps: 1e12, cpuUtilisation: 0.5 }),
  ],
  'post /api/v1/upstream/peers': [
    () => {
      const peers = [
        { address: '198.51.100.9', port: 6881, seed: true },
        { address: '127.1.0.77', port: 6881 },
      ];
      return answerOf('POST', '/api/v1/upstream/peers', { infoHash, peers, ttlSeconds: 600 }, UPSTREAM_TOKEN);
    },
    () => {
      const peers = [{ address: '127.30.0.9', port: 6_881 }];
      const torrents = [
        { infoHash, peers, removed: 'all' },
        { infoHash: 'x', peers },
      ];
      return answerOf('POST', '/api/v1/upstream/peers', { ttlSeconds: 600, torrents }, UPSTREAM_TOKEN);
    },
  ],
  'get /api/v1/upstream/originals': [
    () => answerOf('GET', '/api/v1/upstream/originals'),
    () => answerOf('GET', `/api/v1/upstream/originals?infoHash=${hashOf(2)}&limit=1`),
  ],
  'get /api/v1/upstream/seeds': [
    async () => {
      await answerOf('POST', '/api/v1/capability', { address: '127.1.0.1', shareWithOriginals: true });
      // The operator's token, because an original tracker gets none of a torrent that is not in the catalogue.
      return answerOf('GET', `/api/v1/upstream/seeds?infoHash=${infoHash}`);
    },
  ],
  'get /api/v1/density': [
    () => answerOf('GET', '/api/v1/density'),
    () => answerOf('GET', `/api/v1/density?since=${new Date(Date.now() - 3_600_000).toISOString()}`),
  ],
  'get /api/v1/capability': [() => answerOf('GET', '/api/v1/capability')],
  'get /api/v1/probes': [() => answerOf('GET', '/api/v1/probes')],
  'get /api/v1/explain': ['127.1.0.1', '127.1.0.9', '127.4.0.1'].map(
    (ip) => () => answerOf('GET', `/api/v1/explain?infoHash=${infoHash}&ip=${ip}`),
  ),
  'get /api/v1/swarms': [() => answerOf('GET', '/api/v1/swarms'), () => answerOf('GET', '/api/v1/swarms?limit=0')],
  'get /api/v1/swarms/{infoHash}': [() => answerOf('GET', `/api/v1/swarms/${infoHash}`)],
  'get /api/v1/torrents': [
    () => answerOf('GET', '/api/v1/torrents'),
    () => answerOf('GET', '/api/v1/torrents?limit=0'),
  ],
  'post /api/v1/catalogue/torrents': [
    () => answerOf('POST', '/api/v1/catalogue/torrents', { withdraw: [hashOf(5)] }, SITE_TOKEN),
  ],
  'post /api/v1/catalogue/actions': [
    () => answerOf('POST', '/api/v1/catalogue/actions', { action: 'pin', infoHash: hashOf(2), reason: 'ours' }),
    () => answerOf('POST', '/api/v1/catalogue/actions', { action: 'deny', infoHash: hashOf(9) }),
  ],
  'get /api/v1/catalogue/torrents/{infoHash}': [() => answerOf('GET', `/api/v1/catalogue/torrents/${hashOf(2)}`)],
  'get /api/v1/catalogue/log': [
    () => answerOf('GET', '/api/v1/catalogue/log'),
    () => answerOf('GET', `/api/v1/catalogue/log?limit=1&infoHash=${hashOf(2)}`),
  ],
  'get /api/v1/catalogue/decisions': [() => answerOf('GET', '/api/v1/catalogue/decisions')],
  'get /api/v1/billing': [() => answerOf('GET', '/api/v1/billing')],
  'get /api/v1/subdomains': [
    () => answerOf('GET', '/api/v1/subdomains'),
    () => answerOf('GET', '/api/v1/subdomains?id=north'),
  ],
  'get /api/v1/series': [
    () => answerOf('GET', '/api/v1/series'),
    () => answerOf('GET', '/api/v1/series?name=announces&name=peers&points=10'),
  ],
  'get /api/v1/marks': [() => answerOf('GET', '/api/v1/marks')],
  'get /api/v1/caches': [() => answerOf('GET', '/api/v1/caches')],
  'post /api/v1/caches/fill': [
    () => answerOf('POST', '/api/v1/caches/fill', { infoHash: hashOf(2), now: true }),
    () => answerOf('POST', '/api/v1/caches/fill', {}),
  ],
  'post /api/v1/caches/{name}/drain': [
    () => answerOf('POST', '/api/v1/caches/north/drain', {}),
    () => answerOf('POST', '/api/v1/caches/north/drain', { undo: true }),
  ],
  'get /api/v1/caches/torrents': [
    () => answerOf('GET', '/api/v1/caches/torrents'),
    () => answerOf('GET', `/api/v1/caches/torrents?cache=north&infoHash=${hashOf(2)}`),
  ],
  'get /api/v1/caches/log': [
    () => answerOf('GET', '/api/v1/caches/log'),
    () => answerOf('GET', `/api/v1/caches/log?cache=north&infoHash=${hashOf(2)}`),
  ],
  'get /api/v1/redirections': [() => answerOf('GET', '/api/v1/redirections')],
  'get /api/v1/redirections/active': [() => answerOf('GET', '/api/v1/redirections/active')],
  'get /api/v1/redirections/queries': [() => answerOf('GET', '/api/v1/redirections/queries')],
  'get /api/v1/redirections/rpz': [() => answerOf('GET', '/api/v1/redirections/rpz')],
  'post /api/v1/redirections/drill': [
    () => answerOf('POST', '/api/v1/redirections/drill', { target: 'mirror', seconds: 0 }),
  ],
  'get /api/v1/redirections/test': ['www.original.lab', 'tracker.original.lab', 'other.lab'].flatMap((name) =>
    ['127.1.0.1', '192.0.2.1'].map(
      (client) => () => answerOf('GET', `/api/v1/redirections/test?name=${name}&client=${client}`),
    ),
  ),
  'post /api/v1/reload': [
    () => answerOf('POST', '/api/v1/reload', { dryRun: true }),
    () => {
      const file = running.configFile;
      writeFileSync(file, readFileSync(file, 'utf8').replace('interval: 1m', 'interval: 2m'));
      return answerOf('POST', '/api/v1/reload', { dryRun: true });
    },
    () => answerOf('POST', '/api/v1/reload', {}),
  ],
  'post /api/v1/pause': [
    () => answerOf('POST', '/api/v1/pause', { what: 'redirection', forSeconds: 600 }),
    () => answerOf('POST', '/api/v1/pause', { what: 'localisation' }),
  ],
  'post /api/v1/drain': [() => answerOf('POST', '/api/v1/drain', {})],
  'get /api/v1/operation': [() => answerOf('GET', '/api/v1/operation')],
  'get /api/v1/alarms': [
    async () => {
      const answer = () => answerOf('GET', '/api/v1/alarms?history=true');
      await eventually('an alarm is open', async () => ((await answer()).open as unknown[]).length > 0);
      return answer();
    },
    () => answerOf('GET', '/api/v1/alarms?history=true&limit=1'),
  ],
  'post /api/v1/resume': [
    () => answerOf('POST', '/api/v1/resume', { what: 'redirection' }),
    () => answerOf('POST', '/api/v1/resume', {}),
  ],
  'get /api/v1/audit': [
    () => answerOf('GET', '/api/v1/audit'),
    () => answerOf('GET', '/api/v1/audit?action=pause&limit=1'),
  ],
  'get /api/v1/parts': [() => answerOf('GET', '/api/v1/parts')],
  'get /api/v1/tokens': [() => answerOf('GET', '/api/v1/tokens')],
  'get /api/v1/savings': [
    () => answerOf('GET', '/api/v1/savings'),
    () => answerOf('GET', `/api/v1/savings?from=${new Date(Date.now() - 86_400_000).toISOString()}`),
  ],
  'get /api/v1/overview': [() => answerOf('GET', '/api/v1/overview')],
  'get /healthz': [() => answerOf('GET', '/healthz')],
  'get /readyz': [() => answerOf('GET', '/readyz')],
  'post /api/v1/probes/{probe}/release': [() => answerOf('POST', '/api/v1/probes/dp-north/release')],
};
/** Text, and the document itself. */
const NOT_JSON = ['get /metrics', 'get /api/v1/openapi.json'];

function schemaOf(call: string): z.ZodType {
  const [method, path] = call.split(' ') as [string, string];
  const documented = Object.entries(paths[path]![method]!.responses).find(([status]) => status.startsWith('2'));
  const schema = documented?.[1].content?.['application/json']?.schema;
  if (schema === undefined) throw new Error(`${call} documents no answer`);
  return z.fromJSONSchema(schema as Parameters<typeof z.fromJSONSchema>[0]);
}

test('every documented call is among those that are compared', () => {
  const documented = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method} ${path}`),
  );
  expect([...Object.keys(CALLS), ...NOT_JSON].sort()).toEqual(documented.sort());
});

test.each(Object.keys(CALLS))('%s answers what is documented, no more and no less', async (call) => {
  const schema = schemaOf(call);
  expect(schema.safeParse({ surprise: 1 }).success, 'a schema that takes anything shows nothing').toBe(false);
  for (const ask of CALLS[call]!) {
    const answer = await ask();
    const result = schema.safeParse(answer);
    expect(result.success ? [] : result.error.issues, JSON.stringify(answer)).toEqual([]);
  }
});

test('what sentences promise is in the answers', async () => {
  const swarm = await answerOf('GET', `/api/v1/swarms/${infoHash}`);
  const groups = swarm.groups as { group: string; seeds: number; leechers: number }[];
  expect(groups.map(({ group }) => group)).toEqual(expect.arrayContaining([expect.stringContaining('north')]));
  expect(groups.reduce((sum, { seeds, leechers }) => sum + seeds + leechers, 0)).toBe(4);
  const { redirections } = await answerOf('GET', '/api/v1/redirections');
  expect(redirections).toMatchObject([{ active: true }, { active: true }]);
  const names = async (query: string): Promise<string[]> =>
    ((await answerOf('GET', `/api/v1/torrents?${query}`)).torrents as { name: string }[]).map(({ name }) => name);
  const all = await names('limit=5');
  expect(await names('limit=2&offset=1')).toEqual(all.slice(1, 3));
  const { scales } = await answerOf('GET', `/api/v1/explain?infoHash=${infoHash}&ip=127.1.0.1`);
  expect(scales).toMatchObject({ score: expect.stringContaining('lower is better') });
  const { status } = await running.call('GET', '/api/v1/swarms?limit=600&offset=600');
  expect(status).toBe(400);
});
