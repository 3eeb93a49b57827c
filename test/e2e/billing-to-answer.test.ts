/**
 * Costs as an operator writes them, from the configuration file to the answer: rates by neighbour, relationship and time of
 * day, exceptions for pairs, caches that some sub-domains prefer, limits of foreign peers by the hour.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { Clock } from '../../src/domain/clock.js';
import { eventually } from '../support/eventually.js';
import { type RunningApp, startLabApp } from '../support/lab-app.js';

const NORTH = '127.1.0.10';
const SOUTH = '127.1.128.10';
const REST = '127.1.64.10';
const SIBLING = '127.2.0.10';
const CACHE = '127.1.128.99';
/** In the order of their AS: what the operator's table, the relationships and nothing at all say of them. */
const LISTED = '127.3.0.10';
const PEERING = '127.4.0.10';
const PROVIDER = '127.5.0.10';
const BEHIND_PEER = '127.6.0.10';
const UNRELATED = '127.7.0.10';
const infoHash = '2b'.repeat(20);

const OPERATOR = `
operator:
  name: Lab Telecom
  networks:
    - { asn: 64500, prefixes: [127.1.0.0/16] }
    - { asn: 64501, prefixes: [127.2.0.0/16] }
  subdomains:
    - { id: north, prefixes: [127.1.0.0/18] }
    - { id: south, prefixes: [127.1.128.0/17] }
`;
const REST_OF_IT = `
topology: { asnDatabase: asn.csv, asRelationships: as-rel.txt }
tracker: { listen: ["udp://127.0.0.1:0"], interval: 1m, minInterval: 1s }
control: { listen: "http://127.0.0.1:0", token: lab-token-control }
upstream: { exchange: false }
logging: { level: silent }
lab: true
`;

interface Candidate {
  readonly group: string;
  readonly tier: number;
  readonly ratePerGigabyte: number;
  readonly relationship: string;
  readonly overridden?: boolean;
  readonly cache: boolean;
  readonly peers: number;
  readonly chosen: number;
  readonly reason: string;
}

interface Explained {
  readonly billing: { readonly currency: string; readonly period: string | null };
  readonly mix: { readonly foreign: number; readonly reason: string };
  readonly candidates: readonly Candidate[];
  readonly peers: readonly { readonly address: string }[];
}

let running: RunningApp | undefined;
let directory: string | undefined;
afterEach(async () => {
  await running?.stop();
  if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
  running = undefined;
});

/** The time of day stands until it is set. Just before an hour, the tracker looks again and again whether it has come. */
class ManualClock implements Clock {
  #nowMs: number;
  constructor(iso: string) {
    this.#nowMs = Date.parse(iso);
  }
  set(iso: string): void {
    this.#nowMs = Date.parse(iso);
  }
  nowMs(): number {
    return this.#nowMs;
  }
}

async function start(
  billing: string,
  options: { operator?: string; clock?: Clock; listen?: string } = {},
): Promise<RunningApp> {
  directory = mkdtempSync(join(tmpdir(), 'alias-tracker-billing-'));
  const ranges = [3, 4, 5, 6, 7].map((n) => `127.${n}.0.0,127.${n}.255.255,${64_597 + n},"Foreign ${n}"`);
  writeFileSync(join(directory, 'asn.csv'), `${ranges.join('\n')}\n`);
  // 64601 peers with us and sells to 64603; 64602 is our provider.
  writeFileSync(join(directory, 'as-rel.txt'), '64500|64601|0\n64601|64603|-1\n64602|64500|-1\n');
  const rest =
    options.listen === undefined ? REST_OF_IT : REST_OF_IT.replace(/listen: .*minInterval: 1s/, options.listen);
  const yaml = `${options.operator ?? OPERATOR}${rest}${billing}`;
  running = await startLabApp(yaml, directory, options.clock === undefined ? {} : { clock: options.clock });
  return running;
}

async function announce(app: RunningApp, ...hosts: string[]): Promise<void> {
  for (const host of hosts) await app.announce(host, { infoHash });
}

async function explain(app: RunningApp, ip: string): Promise<Explained> {
  const { status, json } = await app.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=${ip}`);
  expect(status).toBe(200);
  return json as Explained;
}

const addresses = ({ peers }: Explained): string[] => peers.map(({ address }) => address);
const groups = ({ candidates }: Explained): string[] => candidates.map(({ group }) => group);
const candidate = ({ candidates }: Explained, group: string): Candidate =>
  candidates.find((each) => each.group === group)!;

describe('rates', () => {
  it('go by the operator’s table, then by relationship (a peer before a provider), then by the default', async () => {
    const app = await start(
      'billing: { defaultRatePerGigabyte: 0.05, neighbours: [ { name: One, asns: [64600], ratePerGigabyte: 0.002 } ], relationshipRates: { provider: 0.03 } }',
    );
    await announce(app, UNRELATED, PROVIDER, LISTED, BEHIND_PEER, PEERING, NORTH);
    const explained = await explain(app, NORTH);
    const rates = explained.candidates.map((each) => [each.group, each.ratePerGigabyte, each.relationship]);
    // The peer and the customers it takes us to cost the same.
    expect(rates.splice(0, 2).sort()).toEqual([
      ['as:64601', 0, 'peer'],
      ['as:64603', 0, 'peer'],
    ]);
    expect(rates).toEqual([
      ['as:64600', 0.002, 'unknown'],
      ['as:64602', 0.03, 'provider'],
      ['as:64604', 0.05, 'unknown'],
    ]);
    expect(explained.billing).toMatchObject({ currency: 'EUR', period: null, ramp: null, next: null });
  });

  it('change with the hour while the tracker runs, for the neighbours that the period names', async () => {
    const clock = new ManualClock('2026-07-01T00:59:59.950+02:00');
    const app = await start(
      `billing:
  defaultRatePerGigabyte: 0.05
  neighbours:
    - { name: One, asns: [64600], ratePerGigabyte: 0.02 }
    - { name: Two, asns: [64602], ratePerGigabyte: 0.01 }
  schedule:
    - { name: night, from: "01:00", to: "07:00", timeZone: Europe/Berlin, neighbours: [One], rateFactor: 0.2 }
`,
      { clock },
    );
    await announce(app, LISTED, PROVIDER, NORTH);
    const before = await explain(app, NORTH);
    expect(groups(before)).toEqual(['as:64602', 'as:64600']);
    clock.set('2026-07-01T01:00:00+02:00');
    await eventually('the night', async () => (await explain(app, NORTH)).billing.period === 'night');
    const after = await explain(app, NORTH);
    expect(groups(after)).toEqual(['as:64600', 'as:64602']);
    expect(candidate(after, 'as:64600').ratePerGigabyte).toBeCloseTo(0.004);
    expect(candidate(after, 'as:64602').ratePerGigabyte).toBe(0.01);
  });
});

describe('limits of foreign peers by time of day', () => {
  const foreign = Array.from({ length: 8 }, (_, i) => `127.3.1.${i + 1}`);
  const inner = [NORTH, SOUTH, REST, ...Array.from({ length: 6 }, (_, i) => `127.1.0.${11 + i}`)];
  const schedule = (limits: string): string =>
    `selection: { enoughInnerPeers: 2, foreignPeersMax: 1 }
billing: { rampFor: 0s, schedule: [ { name: night, from: "01:00", to: "07:00", timeZone: UTC, ${limits} } ] }
`;

  it('foreignPeersMin opens every answer at night, not the gateways’ alone', async () => {
    const clock = new ManualClock('2026-07-01T00:59:59.950Z');
    const app = await start(schedule('foreignPeersMin: 3, foreignPeersMax: 6'), { clock });
    await announce(app, ...foreign, ...inner);
    const plans = await Promise.all(inner.map((host) => explain(app, host)));
    const asker = inner[plans.findIndex(({ mix }) => mix.foreign === 0)]!;
    expect(await explain(app, asker)).toMatchObject({ mix: { reason: 'enough-inner', foreign: 0 } });
    clock.set('2026-07-01T01:00:00Z');
    await eventually('the night', async () => (await explain(app, asker)).billing.period === 'night');
    expect(await explain(app, asker)).toMatchObject({ mix: { reason: 'enough-inner', foreign: 3 } });
    const answer = await app.announce(asker, { infoHash, event: 'none' });
    // By asking it may become a gateway, which is given more.
    expect(answer.hosts.filter((host) => host.startsWith('127.3.')).length).toBeGreaterThanOrEqual(3);
  });

  it('gatewaysMax: 0 at night lets everybody have foreignPeersMax', async () => {
    const app = await start(
      schedule('gatewaysMax: 0, foreignPeersMax: 6').replace('enoughInnerPeers: 2', 'enoughInnerPeers: 9'),
      {
        clock: new ManualClock('2026-07-01T03:00:00Z'),
      },
    );
    await announce(app, ...foreign, ...inner);
    for (const asker of inner) {
      expect(await explain(app, asker)).toMatchObject({ mix: { reason: 'too-few-inner', foreign: 6 } });
    }
  });

  it('a period in which all limits are 0 closes the border, even to a swarm without inner seeds', async () => {
    const clock = new ManualClock('2026-07-01T06:59:59.950Z');
    const closed = 'foreignPeersMin: 0, foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0, gatewaysMax: 0';
    const app = await start(
      `billing: { rampFor: 0s, schedule: [ { name: day, from: "07:00", to: "01:00", timeZone: UTC, ${closed} } ] }\n`,
      { clock },
    );
    await announce(app, ...foreign, inner[0]!);
    expect(await explain(app, inner[0]!)).toMatchObject({ mix: { foreign: foreign.length } });
    clock.set('2026-07-01T07:00:00Z');
    await eventually('the day', async () => (await explain(app, inner[0]!)).billing.period === 'day');
    expect(await explain(app, inner[0]!)).toMatchObject({ mix: { foreign: 0 } });
  });
});

describe('a border between periods', () => {
  const foreign = Array.from({ length: 12 }, (_, i) => `127.3.1.${i + 1}`);
  const inner = [NORTH, SOUTH];
  const MINUTE = 60;
  /** Opens from 0 to 12 foreign peers in half an hour: a peer every two and a half minutes. */
  const OPENING = `
selection: { enoughInnerPeers: 50, foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0, gatewaysMax: 0 }
billing: { schedule: [ { name: night, from: "01:00", to: "07:00", timeZone: UTC, foreignPeersMax: 12 } ] }
`;
  const TRACKER = { listen: 'listen: ["udp://127.0.0.1:0", "http://127.0.0.1:0"], interval: 30m, minInterval: 1m' };

  /** What a seed is told, which nothing else asks back. */
  async function intervals(app: RunningApp): Promise<number[]> {
    const told: number[] = [];
    for (let n = 1; n <= 20; n++) {
      for (const protocol of ['udp', 'http'] as const) {
        const seed = { infoHash: '3c'.repeat(20), leftBytes: 0, port: 7_000 + n };
        told.push((await app.announce('127.3.2.1', seed, protocol)).intervalSeconds);
      }
    }
    return told.sort((a, b) => a - b);
  }

  it('asks clients back after it, opens the answers step by step, and shows where it is', async () => {
    const clock = new ManualClock('2026-07-01T00:49:59.950Z');
    const app = await start(OPENING, { clock, ...TRACKER });
    await announce(app, ...foreign, ...inner);
    expect(await explain(app, NORTH)).toMatchObject({ mix: { foreign: 0 }, billing: { period: null, ramp: null } });
    const before = await intervals(app);
    // Ten minutes before the border, and up to 15 minutes after it; the thread's clock does not stand still.
    expect(before[0]).toBeGreaterThanOrEqual(9 * MINUTE);
    expect(before.at(-1)).toBeLessThanOrEqual(26 * MINUTE);
    expect(before.at(-1)! - before[0]!).toBeGreaterThan(5 * MINUTE);

    await app.stop();
    clock.set('2026-07-01T01:13:59.950Z');
    const open = await start(OPENING, { clock, ...TRACKER });
    await announce(open, ...foreign, ...inner);
    expect(await explain(open, NORTH)).toMatchObject({ mix: { foreign: 5 } });
    clock.set('2026-07-01T01:14:00Z');
    await eventually('the next step', async () => (await explain(open, NORTH)).mix.foreign === 6);
    const answer = await open.announce(SOUTH, { infoHash, event: 'none', numWant: 50 });
    expect(answer.hosts.filter((host) => host.startsWith('127.3.'))).toHaveLength(6);
    const { status, json } = await open.call('GET', '/api/v1/billing');
    expect(status).toBe(200);
    expect(json).toEqual({
      currency: 'EUR',
      rampForSeconds: 1_800,
      period: 'night',
      limits: { foreignPeersMin: 0, foreignPeersMax: 6, foreignPeersWhenNoInnerSeed: 0, gatewaysMax: 0 },
      ramp: {
        direction: 'opening',
        from: '2026-07-01T01:00:00.000Z',
        until: '2026-07-01T01:30:00.000Z',
        percent: 46,
      },
      next: { at: '2026-07-01T07:00:00.000Z', period: null },
      summary:
        'Period night is in force until Wed 07:00 (UTC), then no period. The border is opening: 46 %, complete at Wed 01:30.',
    });
    const text = async (path: string): Promise<unknown> => (await open.call('GET', path)).json;
    expect(await text('/')).toContain('The border is opening: 46 %, complete at Wed 01:30.');
    expect(await text('/')).toContain('Foreign peers in an answer: 0 to 6');
    expect(await text('/metrics')).toContain('alias_tracker_foreign_limit{limit="foreignPeersMax"} 6');
    // Two inner leechers with up to six foreign peers each.
    const foreignOfSwarm = { foreign: { peersMax: 12, gateways: 0, gatewaysWanted: 0 } };
    expect(await text('/api/v1/swarms')).toMatchObject({ swarms: [foreignOfSwarm] });
    expect(await text(`/api/v1/swarms/${infoHash}`)).toMatchObject(foreignOfSwarm);
    expect(await explain(open, NORTH)).toMatchObject(foreignOfSwarm);
    // Those that came early are asked back once the ramp has opened: 16 minutes from now.
    const during = await intervals(open);
    expect(during[0]).toBeGreaterThanOrEqual(15 * MINUTE);
    expect(during.at(-1)).toBeLessThanOrEqual(32 * MINUTE);
  });
});

describe('overrides', () => {
  it('for everybody ("*"): a sub-domain that is hauled over a distant exchange comes after the cheap neighbour', async () => {
    const app = await start(`billing:
  neighbours: [ { name: One, asns: [64600], ratePerGigabyte: 0.002 } ]
  overrides: [ { requester: "*", peer: south, treatAs: foreign, ratePerGigabyte: 0.01 } ]
`);
    await announce(app, SOUTH, '127.1.128.11', LISTED, PROVIDER, SIBLING, NORTH);
    for (const asker of [NORTH, REST, SIBLING]) {
      const explained = await explain(app, asker);
      const order = groups(explained);
      expect(candidate(explained, 'subdomain:south')).toMatchObject({
        tier: 2,
        overridden: true,
        ratePerGigabyte: 0.01,
      });
      expect(order.indexOf('as:64600')).toBeLessThan(order.indexOf('subdomain:south'));
      expect(order.indexOf('subdomain:south')).toBeLessThan(order.indexOf('as:64602'));
    }
    expect(candidate(await explain(app, LISTED), 'subdomain:south').overridden).toBeUndefined();
  });

  it('for a pair: the data centre of another AS counts as one’s own, one way', async () => {
    const app = await start('billing: { overrides: [ { requester: north, peer: AS64600, treatAs: same-as } ] }\n');
    await announce(app, SOUTH, LISTED, PROVIDER, NORTH);
    expect(candidate(await explain(app, NORTH), 'as:64600')).toMatchObject({ tier: 0, overridden: true });
    expect(candidate(await explain(app, SOUTH), 'as:64600').tier).toBe(2);
    expect(candidate(await explain(app, LISTED), 'subdomain:north').overridden).toBeUndefined();
  });

  it('for one of the caches, by its address however it is written', async () => {
    const app = await start(
      `billing:
  overrides:
    - { requester: north, peer: ${CACHE}, treatAs: same-operator }
    - { requester: south, peer: "2001:DB8:0::10", treatAs: foreign }
`,
      {
        operator: OPERATOR.replace('prefixes: [127.1.0.0/16]', 'prefixes: [127.1.0.0/16, "2001:db8::/32"]').concat(
          `  caches: [ { address: ${CACHE} }, { address: "2001:db8::10" } ]\n`,
        ),
      },
    );
    await announce(app, CACHE, SOUTH, NORTH);
    expect(candidate(await explain(app, NORTH), `cache:${CACHE}`)).toMatchObject({
      tier: 1,
      overridden: true,
      cache: true,
    });
    expect(candidate(await explain(app, SOUTH), `cache:${CACHE}`).tier).toBe(0);
  });
});

describe('the operator’s caches', () => {
  const withCache = (preference: string): string => `${OPERATOR}  caches: [ { address: ${CACHE}${preference} } ]\n`;

  it.each([
    ['', [NORTH, SOUTH, REST]],
    [', preferredBy: [south]', [SOUTH]],
    [', preferredBy: []', []],
  ])(
    'come first for the sub-domains that prefer them, after every other inner peer for the rest: "%s"',
    async (preference, preferring) => {
      const app = await start('', { operator: withCache(preference) });
      await announce(app, CACHE, '127.1.0.20', SIBLING, LISTED);
      for (const asker of [NORTH, SOUTH, REST]) {
        const order = groups(await explain(app, asker));
        expect([asker, order.indexOf(`cache:${CACHE}`)]).toEqual([asker, preferring.includes(asker) ? 0 : 2]);
        expect(order).toHaveLength(4);
      }
      expect(addresses(await explain(app, NORTH))).toContain(CACHE);
    },
  );
});
