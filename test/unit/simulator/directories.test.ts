import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { defaultMix } from '../../../src/policy/default-mix.js';
import { AliasTracker } from '../../../src/simulator/directories.js';
import { populate } from '../../../src/simulator/population.js';
import { parseScenario } from '../../../src/simulator/scenario.js';
import type { SimulatedPeer } from '../../../src/simulator/simulated-peer.js';

const scenario = parseScenario(
  `
name: two networks
content: { pieces: 10, pieceBytes: 1000 }
networks:
  - { name: home, peers: 4, uplinkBps: 1000000, downlinkBps: 1000000, localised: true }
  - { name: other, peers: 12, uplinkBps: 1000000, downlinkBps: 1000000 }
origin: { uplinkBps: 1000000 }
`,
  'two-networks',
);

describe('the alias tracker of a simulated network', () => {
  const random = createRandom(7);
  const population = populate(scenario, random);
  const home = population.networks.find(({ name }) => name === 'home')!;
  const peersOf = (network: string, complete: boolean): SimulatedPeer[] =>
    population.peers.flatMap((peer, id) =>
      population.networks[peer.network]!.name === network
        ? [{ ...peer, id, haveCount: complete ? 10 : 0, pieceCount: 10, uploadedBytes: 0, downloadedBytes: 0 }]
        : [],
    ) as unknown as SimulatedPeer[];
  const others = peersOf('other', true);
  const [first, second] = peersOf('home', false) as [SimulatedPeer, SimulatedPeer];

  it('follows the schedule: a border that opens gives foreign peers, and clients are asked back soon after it', () => {
    const night = { name: 'night', fromMinutes: 60, toMinutes: 420, timeZone: 'UTC' };
    const day = { ...night, name: 'day', fromMinutes: 420, toMinutes: 60 };
    const tracker = new AliasTracker({
      population,
      home,
      mix: { ...defaultMix, foreignPeersWhenNoInnerSeed: 3 },
      fullScore: true,
      ratePerGigabyte: 0.02,
      schedule: [night, { ...day, foreignPeersMax: 0, foreignPeersWhenNoInnerSeed: 0 }],
      rampForMs: 0,
      startMs: Date.UTC(2024, 0, 8, 0, 50),
      random,
      intervalSeconds: 1800,
      minIntervalSeconds: 60,
    });
    for (const peer of others) tracker.announce(peer, 'completed', 0, 0);
    for (let i = 0; i < 20; i++) {
      expect(tracker.intervalSeconds()).toBeGreaterThanOrEqual(600);
      expect(tracker.intervalSeconds()).toBeLessThan(600 + 900);
    }
    expect(tracker.announce(first, 'started', 50, 599)).toEqual([]);
    expect(tracker.announce(first, 'none', 50, 600)).not.toEqual([]);
    expect(tracker.announce(second, 'started', 50, 600 + 6 * 3600)).toEqual([first.id]);
  });

  /** How many foreign peers the second inner leecher, a gateway, is given after `meet` has told of the foreign ones. */
  function foreignGiven(meet: (tracker: AliasTracker, peer: SimulatedPeer) => void): number {
    const tracker = new AliasTracker({
      population,
      home,
      mix: { ...defaultMix, foreignPeersWhenNoInnerSeed: 3 },
      fullScore: true,
      ratePerGigabyte: 0.02,
      schedule: [],
      rampForMs: 0,
      startMs: 0,
      random,
      intervalSeconds: 1800,
      minIntervalSeconds: 60,
    });
    for (const peer of others) meet(tracker, peer);
    tracker.announce(first, 'started', 50, 1);
    return tracker.announce(second, 'started', 50, 2).filter((id) => id !== first.id).length;
  }

  it('knows the seeds among those who ask it: two of them take a gateway’s three places', () => {
    expect(foreignGiven((tracker, peer) => tracker.announce(peer, 'completed', 0, 0))).toBe(2);
  });

  it('does not know the seeds among those it has heard of, as in exchange with an original tracker', () => {
    expect(foreignGiven((tracker, peer) => tracker.recordPeer(peer, 'completed', 0))).toBe(3);
  });
});
