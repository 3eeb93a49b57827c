/** docs/security.md, what is believed of probes and nodes: their own sub-domains and their own address, within bounds. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ServeProcess } from '../../support/serve-process.js';
import {
  CONTROL_TOKEN,
  call,
  customer,
  NORTH_TOKEN,
  operatorConfig,
  operatorNetwork,
  SOUTH_TOKEN,
  stranger,
} from './operator-network.js';

const network = await operatorNetwork();
const CACHE = customer(10);
const LINE_BPS = 40_000_000;

interface Density {
  readonly subdomains: readonly { readonly id: string; readonly bytesPerUserPerSecond: number | null }[];
}

describe.skipIf(network === undefined)('of probes and nodes', () => {
  let serve: ServeProcess;
  let sequence = 0;

  beforeAll(async () => {
    const { operator } = operatorConfig();
    serve = new ServeProcess(
      operatorConfig({
        operator: {
          ...operator,
          subdomains: [
            { id: 'north', prefixes: ['5.5.5.0/25'], uplinkBpsMax: LINE_BPS },
            { id: 'south', prefixes: ['5.5.5.128/25'] },
          ],
          caches: [{ address: CACHE }],
        },
      }),
    );
    await serve.start();
  });
  afterAll(async () => {
    await serve.close();
    network!.leave();
  });

  /** @param secondsAgo when its minute ended */
  function density(token: string, probe: string, id: string, bytes: number, secondsAgo = 1) {
    const periodStart = new Date(Date.now() - (60 + secondsAgo) * 1_000).toISOString();
    const subdomains = [{ id, bytes, users: 10 }];
    return call('/api/v1/density', {
      from: stranger(1),
      token,
      body: { probe, sequence: ++sequence, periodStart, periodSeconds: 60, subdomains },
    });
  }

  async function densityOf(id: string): Promise<number | undefined> {
    const { subdomains } = JSON.parse((await call('/api/v1/density', { token: CONTROL_TOKEN })).text) as Density;
    return subdomains.find((each) => each.id === id)?.bytesPerUserPerSecond ?? undefined;
  }

  it('the density of their own sub-domains is believed, that of others and in another name is not', async () => {
    expect((await density(NORTH_TOKEN, 'dp-north', 'north', 600_000)).status).toBe(202);
    expect(await densityOf('north')).toBeCloseTo(1_000);
    expect((await density(SOUTH_TOKEN, 'dp-south', 'north', 600_000_000)).status).toBe(403);
    expect((await density(SOUTH_TOKEN, 'dp-north', 'north', 600_000_000)).status).toBe(403);
    expect((await density('guessed-secret-token-0001', 'dp-north', 'north', 600_000_000)).status).toBe(401);
    expect((await density(SOUTH_TOKEN, 'dp-south', 'nowhere', 1)).status).toBe(403);
    expect(await densityOf('north')).toBeCloseTo(1_000);
    expect(await densityOf('south')).toBeUndefined();
  });

  it('a jump and an impossible value are quarantined, and shown', async () => {
    for (let minutes = 9; minutes >= 1; minutes--) {
      expect((await density(SOUTH_TOKEN, 'dp-south', 'south', 6_000_000, 60 * minutes)).status).toBe(202);
    }
    const before = await densityOf('south');
    for (const bytes of [6_000_000_000, 6e13, 0]) {
      const answer = await density(SOUTH_TOKEN, 'dp-south', 'south', bytes);
      expect(answer.status).toBe(202);
      expect(JSON.parse(answer.text), String(bytes)).toMatchObject({ quarantined: [{ subdomain: 'south' }] });
    }
    expect(await densityOf('south')).toBeCloseTo(before!);
    const { text } = await call('/api/v1/probes', { token: CONTROL_TOKEN });
    expect(text).toMatch(/"dp-south"[\s\S]*(implausible|quarantine)/);
  });

  it('a node speaks for its own address alone, up to what its line carries, and is a cache only where listed', async () => {
    const capability = (from: string, body: object) => call('/api/v1/capability', { from, body });
    const own = await capability(customer(50), { availableUplinkBps: 1e9, role: 'cache' });
    expect(own.status).toBe(202);
    const { clamped } = JSON.parse(own.text) as { clamped: { address: string; clamped: string[] }[] };
    expect(JSON.stringify(clamped)).toContain('availableUplinkBps');
    expect(JSON.stringify(clamped)).toContain('role');
    expect((await capability(customer(51), { address: customer(52), availableUplinkBps: 1 })).status).toBe(403);
    expect((await capability(CACHE, { role: 'cache', availableUplinkBps: 1e9 })).status).toBe(202);
    const { text } = await call('/api/v1/capability', { token: CONTROL_TOKEN });
    const { nodes } = JSON.parse(text) as { nodes: { address: string; role: string; availableUplinkBps: number }[] };
    expect(nodes.map(({ address, role }) => ({ address, role }))).toEqual([
      { address: customer(50), role: 'peer' },
      { address: CACHE, role: 'cache' },
    ]);
    expect(nodes[0]!.availableUplinkBps).toBe(LINE_BPS);
  });

  it('nobody outside the operator’s networks reports a capability', async () => {
    const { status } = await call('/api/v1/capability', { from: stranger(2), body: { availableUplinkBps: 1 } });
    expect(status).toBe(403);
  });

  it('a token of a probe opens no call of the operator', async () => {
    for (const path of ['/api/v1/swarms', '/api/v1/density', '/metrics', '/api/v1/overview', '/api/v1/probes']) {
      expect((await call(path, { token: NORTH_TOKEN })).status, path).toBe(403);
      expect((await call(path)).status, path).toBe(401);
    }
  });
});
