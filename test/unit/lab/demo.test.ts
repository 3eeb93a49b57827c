import { describe, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { createRandom } from '../../../src/domain/random.js';
import { demoNetworks, isInner } from '../../../src/lab/demo-networks.js';
import { demoSamples } from '../../../src/lab/demo-probe.js';
import { afterAnswer, createDemoUsers, type DemoUser, nextDue } from '../../../src/lab/demo-users.js';
import { runDemo } from '../../../src/lab/run-demo.js';

const YAML = `
operator:
  name: Lab
  networks: [ { asn: 64500, prefixes: [127.1.0.0/16] }, { asn: 64501, prefixes: [127.2.0.0/16] } ]
  subdomains: [ { id: north, prefixes: [127.1.0.0/17] }, { id: south, prefixes: [127.1.128.0/17] } ]
control: { listen: "http://127.0.0.1:1" }
reports:
  probes:
    - { id: dp-north, subdomains: [north], token: aaaaaaaaaa }
    - { id: dp-south, subdomains: [south], token: bbbbbbbbbb }
    - { id: without-token, subdomains: [south] }
`;
const config = parseConfig(`${YAML}lab: true\n`);
const torrent = { name: 'sintel', infoHash: 'ab'.repeat(20), bytes: 1_000 };

describe('networks', () => {
  test('users are in the sub-domains, the siblings and two foreign networks', () => {
    expect(demoNetworks(config).map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'inner north',
      'inner south',
      'sibling AS64501',
      'foreign neighbour',
      'foreign far away',
    ]);
  });

  test('each user sends from an address of its network', () => {
    const users = createDemoUsers(demoNetworks(config), [torrent], 10, 0, createRandom(1));
    expect(new Set(users.map((user) => user.address)).size).toBe(10);
    for (const user of users) expect(isInner(config, user.address)).toBe(user.network.kind !== 'foreign');
  });

  test('nothing is invented outside a lab', () => {
    expect(() => demoNetworks(parseConfig(YAML))).toThrow(/lab: true/);
  });
});

describe('a user', () => {
  function inner(): DemoUser {
    return createDemoUsers(demoNetworks(config), [torrent], 1, 0, createRandom(1))[0]!;
  }

  test('downloads faster from inner peers than from foreign ones, completes, seeds, leaves and comes back', () => {
    const random = createRandom(1);
    const [slow, fast] = [inner(), inner()];
    afterAnswer(slow, { inner: 0, foreign: 3 }, [torrent], 0, random);
    afterAnswer(fast, { inner: 3, foreign: 0 }, [torrent], 0, random);
    expect(fast.leftBytes).toBeLessThan(slow.leftBytes);
    const events: string[] = [];
    for (let round = 0; round < 12; round++) {
      afterAnswer(fast, { inner: 3, foreign: 0 }, [torrent], 0, random);
      events.push(fast.event);
    }
    expect(events.filter((event) => event !== 'none').slice(0, 3)).toEqual(['completed', 'stopped', 'started']);
  });

  test('without a peer does not get on', () => {
    const user = inner();
    afterAnswer(user, { inner: 0, foreign: 0 }, [torrent], 0, createRandom(1));
    expect(user.leftBytes).toBe(1_000);
  });

  test('waits for its turn', () => {
    const user = inner();
    expect(nextDue([user], user.nextAtMs - 1)).toBeUndefined();
    expect(nextDue([user], user.nextAtMs)).toBe(user);
    afterAnswer(user, { inner: 0, foreign: 0 }, [torrent], user.nextAtMs, createRandom(1));
    expect(user.nextAtMs).toBeGreaterThan(5_000);
  });
});

test('of the probes that have tokens one sub-domain is busy, and another one later', () => {
  const busyAt = (nowMs: number): string =>
    [...demoSamples(config, nowMs, 10)].sort((a, b) => b.bytes - a.bytes)[0]!.subdomain;
  expect(demoSamples(config, 0, 10).map((each) => each.probe)).toEqual(['dp-north', 'dp-south']);
  expect(busyAt(0)).not.toBe(busyAt(45_000));
});

test('where no lab runs, the demo says how to start one', async () => {
  const options = { users: 1, clock: { nowMs: () => 0 }, random: createRandom(1), onState: () => {} };
  const run = runDemo(config, { ...options, signal: new AbortController().signal });
  await expect(run).rejects.toThrow(/nothing answers at http:\/\/127\.0\.0\.1:1: start the lab first with "npm start"/);
});
