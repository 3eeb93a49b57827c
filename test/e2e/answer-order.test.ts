/** The order of the answer (draft sections 4.3 and 4.4), through real UDP and HTTP announces to the whole application. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { eventually } from '../support/eventually.js';
import { PROBE_NORTH, PROBE_SOUTH, type RunningApp, startLabApp } from '../support/lab-app.js';

const NORTH = '127.1.0.10';
const SOUTH = '127.1.128.10';
const SIBLING = '127.2.0.10';
const FOREIGN = '127.3.0.10';
const infoHash = '11'.repeat(20);

let running: RunningApp;
beforeEach(async () => {
  running = await startLabApp();
});
afterEach(() => running.stop());

async function report(subdomain: 'north' | 'south', bytesPerUserPerSecond: number, sequence: number): Promise<void> {
  const users = 100;
  const periodSeconds = 60;
  const { status } = await running.call('POST', '/api/v1/density', {
    token: subdomain === 'north' ? PROBE_NORTH : PROBE_SOUTH,
    body: {
      probe: `dp-${subdomain}`,
      sequence,
      periodStart: new Date(Date.now() - periodSeconds * 1_000).toISOString(),
      periodSeconds,
      subdomains: [{ id: subdomain, bytes: bytesPerUserPerSecond * users * periodSeconds, users }],
    },
  });
  expect(status).toBe(202);
}

async function capability(address: string, availableUplinkBps: number): Promise<void> {
  const body = { address, port: 6881, cpuUtilisation: 0.1, memoryUtilisation: 0.1, availableUplinkBps };
  expect((await running.call('POST', '/api/v1/capability', { body })).status).toBe(202);
}

describe('the answer to each of four clients', () => {
  it.each(['udp', 'http'] as const)(
    'own AS first, then the operator’s other AS; foreign ones keep to themselves (%s)',
    async (protocol) => {
      for (const from of [NORTH, SOUTH, SIBLING, FOREIGN]) await running.announce(from, { infoHash }, protocol);
      const again = async (from: string): Promise<string[]> =>
        (await running.announce(from, { infoHash, event: 'none' }, protocol)).hosts;
      const north = await again(NORTH);
      const south = await again(SOUTH);
      const sibling = await again(SIBLING);
      expect(north.slice(0, 2)).toEqual([SOUTH, SIBLING]);
      expect(south.slice(0, 2)).toEqual([NORTH, SIBLING]);
      expect(new Set(sibling.slice(0, 2))).toEqual(new Set([NORTH, SOUTH]));
      // Whatever foreign peer an inner client gets comes after every inner one.
      for (const answer of [north, south, sibling])
        expect(answer.indexOf(FOREIGN) === -1 || answer.indexOf(FOREIGN) === 2).toBe(true);
      const gateways = (await again(FOREIGN)).filter((host) => host !== FOREIGN);
      for (const host of gateways) expect([NORTH, SOUTH, SIBLING]).toContain(host);
    },
  );
});

describe('reports change the next answers within a second', () => {
  /** A third inner peer asks; U1 is in north, U2 in south. */
  const U1 = '127.1.0.21';
  const U2 = '127.1.128.22';
  const ASKS = '127.2.0.30';

  async function order(): Promise<string[]> {
    return (await running.announce(ASKS, { infoHash, event: 'none' })).hosts.filter(
      (host) => host === U1 || host === U2,
    );
  }

  it('a density report reverses two peers, a capability report reverses them again (U1 and U2 below figure 5)', async () => {
    for (const from of [U1, U2]) await running.announce(from, { infoHash, leftBytes: 0 });

    await report('south', 2_000, 1);
    await report('north', 40_000, 1);
    await eventually('south before north', async () => (await order())[0] === U2);

    // Sub-domain A is less dense than B: U1 before U2 …
    await report('north', 2_000, 2);
    await report('south', 40_000, 2);
    await eventually('north before south', async () => (await order())[0] === U1);
    for (let i = 0; i < 5; i++) expect(await order()).toEqual([U1, U2]);

    // … until U1's available capability is less than U2's: "preference will be given to seed node U2".
    await capability(U1, 2_000_000);
    await capability(U2, 50_000_000);
    await eventually('U2 before U1', async () => (await order())[0] === U2);
    for (let i = 0; i < 5; i++) expect(await order()).toEqual([U2, U1]);
  });

  it('explain says why, out of the running selection', async () => {
    for (const from of [U1, U2, ASKS, FOREIGN])
      await running.announce(from, { infoHash, leftBytes: from === ASKS ? 5 : 0 });
    const { status, json } = await running.call('GET', `/api/v1/explain?infoHash=${infoHash}&ip=${ASKS}&numwant=10`);
    expect(status).toBe(200);
    const { requester, candidates, peers } = json as {
      requester: { group: string; inner: boolean };
      candidates: { group: string; tier: number; reason: string; chosen: number }[];
      peers: { address: string }[];
    };
    expect(requester).toMatchObject({ group: 'as:64501', inner: true });
    // The asker is in the sibling AS: both sub-domains of the home AS are the same operator's, tier 1.
    for (const group of ['subdomain:north', 'subdomain:south']) {
      expect(candidates).toContainEqual(expect.objectContaining({ group, tier: 1, chosen: 1, reason: 'chosen' }));
    }
    expect(candidates.find(({ tier }) => tier === 2)?.group).toMatch(/unknown|as:/);
    expect(
      peers
        .slice(0, 2)
        .map(({ address }) => address)
        .sort(),
    ).toEqual([U1, U2]);
  });
});
