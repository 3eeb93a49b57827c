import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { ClientError } from '../../../src/domain/errors.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import {
  CONTROL_TOKEN,
  type ControlApiFixture,
  NORTH_TOKEN,
  northReport,
  startFixture,
} from './control-api-fixture.js';

const HASH = 'c12fe1c06bba254a9dc9f519b335aa7c1367a88a';
const asked: unknown[] = [];
const NAMED_SWARM = {
  infoHash: HASH,
  name: '<b>x',
  seeds: 2,
  leechers: 1,
  completed: 0,
  completedInner: 0,
  kept: false,
  upstreamPeers: 0,
  inner: { seeds: 0, leechers: 1 },
  foreign: { peersMax: 1, gateways: 1, gatewaysWanted: 1 },
};

let reasons: string[] = [];
let api: ControlApiFixture;
beforeEach(async () => {
  asked.length = 0;
  reasons = [];
  api = await startFixture({
    readiness: { reasons: () => reasons },
    tracker: {
      explain: async (query) => {
        asked.push(query);
        if (query.ip === '192.0.2.9') throw new ClientError('not-found', 'nobody has announced this torrent');
        return { candidates: [] };
      },
      swarms: async (query) => {
        asked.push(query);
        return { total: 1, swarms: [NAMED_SWARM] };
      },
      swarm: async (infoHash) => (infoHash === HASH ? { infoHash } : undefined),
    },
    upstream: {
      admit: () => undefined,
      pushPeers: async (push, from) => {
        asked.push({ push, from });
        if (push.infoHash.startsWith('0')) throw new ClientError('torrent-not-listed', 'not served here');
        return { accepted: push.peers.length, removed: 0, refused: [{ reason: 'own-network', peers: 2 }] };
      },
    },
    overview: {
      totals: () => ({
        announces: 100,
        peersGiven: 50,
        peersGivenInner: 40,
        swarms: 3,
        peers: 12_345,
        seeds: 7,
        byNetwork: null,
      }),
      savings: async () => ({
        savedBytes: 5e9,
        savedBytesRange: { low: 4e9, high: 6e9 },
        amount: 12.5,
        amountRange: { low: 10, high: 15 },
        currency: 'EUR',
        from: '2026-11-01T00:00:00.000Z',
        to: '2026-12-01T00:00:00.000Z',
        method: 'control-group',
        basis: 'a guess',
      }),
    },
    metrics: [
      {
        name: 'alias_tracker_announces_total',
        help: 'Announces',
        type: 'counter',
        labelNames: ['protocol'],
        read: () => [{ labels: { protocol: 'udp' }, value: 42 }],
      },
    ],
  });
});
afterEach(async () => {
  expect(api.defects).toEqual([]);
  await api.stop();
});
const get = (path: string, token: string | undefined = CONTROL_TOKEN) => api.call('GET', path, { token });

describe('health', () => {
  test('needs no token', async () => {
    expect(await api.call('GET', '/healthz')).toMatchObject({ status: 200, json: { status: 'ok' } });
    expect(await api.call('GET', '/readyz')).toMatchObject({ status: 200, json: { reasons: [] } });
  });

  test('not ready says why', async () => {
    reasons = ['tracker: no listener'];
    expect(await api.call('GET', '/readyz')).toMatchObject({ status: 503, json: { reasons } });
  });
});

describe('a caller without a control token', () => {
  test.each(['/api/v1/density', '/api/v1/probes', '/api/v1/swarms', '/metrics', '/api/v1/explain', '/', '/events'])(
    'does not see %s',
    async (path) => {
      expect((await api.call('GET', path)).status).toBe(401);
      expect((await get(path, 'wrong')).status).toBe(401);
      expect((await get(path, NORTH_TOKEN)).status).toBe(403);
    },
  );

  test('is asked for a token by "Bearer"', async () => {
    expect((await api.call('GET', '/')).headers.get('www-authenticate')).toContain('Bearer');
    expect((await api.call('GET', '/api/v1/swarms')).headers.get('www-authenticate')).toContain('Bearer');
  });
});

describe('a control API on loopback without any token', () => {
  test('opens the operator’s calls to this machine, but not to names that point here, and not the probes’', async () => {
    const open = await startFixture({ openToLoopback: () => true });
    expect((await open.call('GET', '/api/v1/probes')).status).toBe(200);
    expect((await open.call('POST', '/api/v1/density', { json: northReport() })).status).toBe(401);
    // fetch sets Host itself; a raw request stands for a page that was lured here by DNS.
    const { request } = await import('node:http');
    const status = await new Promise((resolve, reject) => {
      const call = request(`${open.url}/api/v1/probes`, { headers: { host: 'evil.example' } }, (response) => {
        response.resume();
        resolve(response.statusCode);
      });
      call.on('error', reject).end();
    });
    expect(status).toBe(401);
    await open.stop();
  });
});

describe('calls that are not there', () => {
  test('404 and 405 are problems too', async () => {
    expect(await get('/api/v2/density')).toMatchObject({ status: 404, json: { type: '/problems/not-found' } });
    const wrong = await api.call('DELETE', '/api/v1/density', { token: CONTROL_TOKEN });
    expect(wrong).toMatchObject({ status: 405, json: { status: 405 } });
    expect(wrong.headers.get('allow')).toBe('POST, GET');
    expect((await get('/api/v1/swarms/%E0%A4%A')).status).toBe(400);
  });

  test('of a part that is switched off say so', async () => {
    const answer = await get('/api/v1/redirections');
    expect(answer).toMatchObject({ status: 404, json: { detail: expect.stringContaining('switched off') } });
  });
});

describe('explain and lists', () => {
  test('explain gets canonical arguments', async () => {
    const query = `infoHash=${HASH.toUpperCase()}&ip=::ffff:203.0.113.5&port=51413&numwant=7`;
    expect((await get(`/api/v1/explain?${query}`)).status).toBe(200);
    expect(asked).toEqual([{ infoHash: HASH, ip: '203.0.113.5', port: 51_413, numwant: 7 }]);
  });

  test.each([
    ['infoHash=zz&ip=203.0.113.5', 'infoHash'],
    [`infoHash=${HASH}&ip=nowhere`, 'ip'],
    [`infoHash=${HASH}&ip=203.0.113.5&numwant=-1`, 'numwant'],
    [`infoHash=${HASH}&ip=203.0.113.5&port=65536`, 'port'],
    [`ip=203.0.113.5`, 'infoHash'],
  ])('explain?%s names the field', async (query, field) => {
    expect(await get(`/api/v1/explain?${query}`)).toMatchObject({ status: 400, json: { field } });
  });

  test('what the tracker refuses is said', async () => {
    const answer = await get(`/api/v1/explain?infoHash=${HASH}&ip=192.0.2.9`);
    expect(answer).toMatchObject({ json: { detail: 'nobody has announced this torrent' } });
    expect(answer.status).toBe(404);
  });

  test('swarms by pages, and one of them', async () => {
    expect((await get('/api/v1/swarms?limit=5&offset=10')).json).toMatchObject({ swarms: [{ infoHash: HASH }] });
    expect(asked.at(-1)).toEqual({ limit: 5, offset: 10 });
    expect((await get('/api/v1/swarms?limit=x')).json).toMatchObject({ field: 'limit' });
    expect((await get(`/api/v1/swarms/${HASH}`)).json).toEqual({ infoHash: HASH });
    expect((await get(`/api/v1/swarms/${'0'.repeat(40)}`)).status).toBe(404);
  });
});

describe('peers pushed by an original tracker', () => {
  const push = {
    infoHash: HASH.toUpperCase(),
    peers: [{ address: '::ffff:192.0.2.1', port: 6881, seed: true }],
    ttlSeconds: 1800,
  };
  const post = (json: unknown, token: string) => api.call('POST', '/api/v1/upstream/peers', { json, token });

  test('are handed over under its name', async () => {
    expect(await post(push, 'upstream-token')).toMatchObject({
      status: 202,
      json: { accepted: 1, refused: [{ reason: 'own-network', peers: 2 }] },
    });
    expect(asked).toEqual([
      {
        from: 'original',
        push: { infoHash: HASH, peers: [{ address: parseIp('192.0.2.1'), port: 6881, seed: true }], ttlSeconds: 1800 },
      },
    ]);
  });

  test.each([
    [{ ...push, infoHash: 'x' }, 'infoHash'],
    [{ ...push, peers: [{ address: '192.0.2.1', port: 0 }] }, 'peers[0].port'],
    [{ ...push, ttlSeconds: 1e9 }, 'ttlSeconds'],
    [{ ...push, ttlSeconds: undefined }, 'ttlSeconds'],
    [{ ...push, removed: 'some' }, 'removed'],
    [{ torrents: [] }, 'torrents'],
    [{ torrents: [push], more: 1 }, 'more'],
  ])('are checked', async (json, field) => {
    expect(await post(json, 'upstream-token')).toMatchObject({ status: 400, json: { field } });
    expect(asked).toEqual([]);
  });

  test('of a torrent that the tracker does not serve are refused', async () => {
    expect(await post({ ...push, infoHash: '0'.repeat(40) }, 'upstream-token')).toMatchObject({
      status: 422,
      json: { detail: 'not served here' },
    });
  });

  test('of several torrents are taken one by one: what is wrong with one does not lose the others', async () => {
    const peers = [{ address: '192.0.2.1', port: 6881 }];
    const torrents = [
      { infoHash: HASH, peers },
      { infoHash: 'x', peers },
      { infoHash: '0'.repeat(40), peers },
      { infoHash: HASH, peers: [{ address: '192.0.2.300', port: 1 }] },
      7,
      { infoHash: HASH, removed: [{ address: '192.0.2.9', port: 9 }], ttlSeconds: 5 },
      { infoHash: HASH, removed: 'all' },
    ];
    const nothing = { accepted: 0, removed: 0, refused: [] };
    const taken = { infoHash: HASH, removed: 0, refused: [{ reason: 'own-network', peers: 2 }] };
    expect(await post({ ttlSeconds: 60, torrents }, 'upstream-token')).toMatchObject({
      status: 202,
      json: {
        accepted: 1,
        removed: 0,
        torrents: [
          { ...taken, accepted: 1 },
          { ...nothing, problem: { type: '/problems/bad-request', field: 'torrents[1].infoHash' } },
          { ...nothing, infoHash: '0'.repeat(40), problem: { type: '/problems/torrent-not-listed', status: 422 } },
          { ...nothing, infoHash: HASH, problem: { field: 'torrents[3].peers[0].address' } },
          { ...nothing, problem: { field: 'torrents[4]' } },
          { ...taken, accepted: 0 },
          { ...taken, accepted: 0 },
        ],
      },
    });
    expect(asked.map((each) => (each as { push: { ttlSeconds: number; removed?: unknown } }).push)).toMatchObject([
      { ttlSeconds: 60 },
      { ttlSeconds: 60 },
      { ttlSeconds: 5, removed: [{ address: parseIp('192.0.2.9'), port: 9 }] },
      { ttlSeconds: 60, removed: 'all' },
    ]);
  });

  test('are compressed, or refused if they are too many', async () => {
    const peers = Array.from({ length: 5_000 }, (_, n) => ({ address: `192.0.${n >> 8}.${n & 255}`, port: 6881 }));
    const torrents = Array.from({ length: 5 }, (_, n) => ({ infoHash: String(n + 1).repeat(40), peers }));
    const send = (count: number) =>
      api.call('POST', '/api/v1/upstream/peers', {
        body: gzipSync(JSON.stringify({ ttlSeconds: 60, torrents: torrents.slice(0, count) })),
        headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
        token: 'upstream-token',
      });
    expect(await send(4)).toMatchObject({ status: 202, json: { accepted: 20_000 } });
    expect(await send(5)).toMatchObject({ status: 413, json: { type: '/problems/too-large' } });
  });

  test('come only from those who may', async () => {
    expect((await post(push, NORTH_TOKEN)).status).toBe(403);
  });
});

describe('capability', () => {
  const post = (json: unknown, token?: string) =>
    api.call('POST', '/api/v1/capability', token === undefined ? { json } : { json, token });
  const readings = () => api.service.capabilityReadings(api.clock.now);

  test('from the node itself, with or without its address', async () => {
    expect(await post({ address: '127.0.0.1', port: 51413, availableUplinkBps: 2e7, role: 'cache' })).toMatchObject({
      status: 202,
      json: { accepted: 1, clamped: [{ address: '127.0.0.1', clamped: ['role'] }] },
    });
    expect((await post({ cpuUtilisation: 0.2, temperature: 40 })).status).toBe(202);
    expect(readings().get('127.0.0.1')).toMatchObject({ cpuUtilisation: 0.2, role: 'peer' });
  });

  test('of others only by an operator’s token, one or many', async () => {
    const others = [{ address: '203.0.113.10' }, { address: '2001:DB8::1', availableUplinkBps: 1e15 }];
    expect(await post(others)).toMatchObject({ status: 403, json: { field: '[0].address' } });
    expect((await post(others[0], NORTH_TOKEN)).status).toBe(403);
    expect(readings().size).toBe(0);
    expect((await post(others, CONTROL_TOKEN)).status).toBe(202);
    expect([...readings().keys()]).toEqual(['203.0.113.10', '2001:db8::1']);
    expect(readings().get('2001:db8::1')!.availableUplinkBps).toBe(1e9);
    expect((await get('/api/v1/capability')).json).toMatchObject({ total: 2 });
  });

  test.each([
    [{ address: '127.0.0.1', cpuUtilisation: 1.5 }, 'cpuUtilisation'],
    [{ address: '127.0.0.1', memoryUtilisation: '0.5' }, 'memoryUtilisation'],
    [{ address: '127.0.0.1', availableUplinkBps: -1 }, 'availableUplinkBps'],
    [{ address: '127.0.0.1', port: 70_000 }, 'port'],
    [{ address: 'home' }, 'address'],
    [{ role: 'king' }, 'role'],
  ])('%j is 400 and names the field', async (json, field) => {
    expect(await post(json)).toMatchObject({ status: 400, json: { field } });
    expect(readings().size).toBe(0);
  });

  test('a node that floods is told to wait', async () => {
    const statuses = [];
    for (let i = 0; i < 12; i++) statuses.push((await post({ cpuUtilisation: 0 })).status);
    expect(statuses.filter((status) => status === 202)).toHaveLength(10);
    const late = await post({ cpuUtilisation: 0 });
    expect(late.status).toBe(429);
    expect(Number(late.headers.get('retry-after'))).toBeGreaterThan(0);
    api.clock.now += 5_000;
    expect((await post({ cpuUtilisation: 0 })).status).toBe(202);
  });

  test('a stranger’s large body is not read', async () => {
    expect((await post({ address: '127.0.0.1', note: 'x'.repeat(10_000) })).status).toBe(413);
  });
});

describe('users of the BRAS', () => {
  const post = (json: unknown, token = NORTH_TOKEN) => api.call('POST', '/api/v1/users', { json, token });

  test('are used if the probe counts none', async () => {
    const subdomains = [{ id: 'north', bytes: 600_000 }];
    await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, json: northReport({ subdomains }) });
    expect((await post({ subdomains: [{ id: 'north', users: 20 }] })).status).toBe(202);
    expect((await get('/api/v1/density')).json).toMatchObject({
      subdomains: [{ id: 'north', bytesPerUserPerSecond: 100, users: 20, usersFrom: 'bras' }],
    });
  });

  test('only for one’s own sub-domains', async () => {
    expect(await post({ subdomains: [{ id: 'south', users: 1 }] })).toMatchObject({
      status: 403,
      json: { field: 'subdomains[0].id' },
    });
    expect(await post({ subdomains: [{ id: 'west', users: 1 }] }, CONTROL_TOKEN)).toMatchObject({ status: 403 });
  });
});

describe('what has come in', () => {
  beforeEach(async () => {
    await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, json: northReport() });
  });

  test('history with ?since=', async () => {
    const { json } = await get('/api/v1/density?since=2026-11-22T09:00:00Z');
    expect(json).toMatchObject({
      history: [{ start: '2026-11-22T10:00:00.000Z', subdomain: 'north', seconds: 300, users: 4210 }],
      truncated: false,
    });
    expect((await get('/api/v1/density?since=2026-11-22T09:00:00Z&subdomain=south')).json).toMatchObject({
      history: [],
    });
    expect((await get('/api/v1/density?since=yesterday')).json).toMatchObject({ field: 'since' });
  });

  test('probes', async () => {
    expect((await get('/api/v1/probes')).json).toMatchObject({
      probes: [
        { probe: 'dp-both', alarms: [{ kind: 'never-reported' }], lastReceived: null },
        { probe: 'dp-north', alarms: [], highestSequence: 17, lastReceived: '2026-11-22T10:05:00.000Z' },
      ],
    });
    const release = (probe: string) => api.call('POST', `/api/v1/probes/${probe}/release`, { token: CONTROL_TOKEN });
    expect((await release('dp-north')).status).toBe(200);
    expect(await release('nobody')).toMatchObject({ status: 404, json: { field: 'probe' } });
  });

  test('metrics', async () => {
    const { text } = await get('/metrics');
    expect(text).toContain('alias_tracker_announces_total{protocol="udp"} 42');
    expect(text).toMatch(/alias_tracker_density_bytes_per_user_second\{subdomain="north"\} 97\.7/);
    expect(text).toContain('alias_tracker_probe_alarm{probe="dp-both",alarm="never-reported"} 1');
    expect(text).toContain('process_cpu_seconds_total');
    // Asked twice, a counter is still what it is.
    expect((await get('/metrics')).text).toContain('alias_tracker_announces_total{protocol="udp"} 42');
  });
});

describe('the page', () => {
  const basic = { authorization: `Basic ${Buffer.from(`me:${CONTROL_TOKEN}`).toString('base64')}` };

  test('shows what an operator looks for, and nothing of strangers as HTML', async () => {
    const page = await api.call('GET', '/', { headers: basic });
    expect(page.status).toBe(200);
    expect(page.headers.get('content-security-policy')).toContain("default-src 'none'");
    for (const text of ['80 %', '12.3 k', 'announces a second']) {
      expect(page.text).toContain(text);
    }
    expect(page.text).not.toContain('<b>x');
    expect(page.text).toContain('&lt;b&gt;x');
  });

  test('its numbers', async () => {
    expect((await get('/api/v1/overview')).status).toBe(200);
    api.clock.now += 2_000;
    expect((await get('/api/v1/overview')).json).toMatchObject({ innerShare: 0.8, announcesPerSecond: 0 });
  });
});
