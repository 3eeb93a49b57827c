/** Peers that nobody can connect to, and peers that serve nobody although they say that they have everything. */
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { defaultMix } from '../../../src/policy/default-mix.js';
import { OriginalTracker } from '../../../src/simulator/directories.js';
import { populate } from '../../../src/simulator/population.js';
import { runScenario } from '../../../src/simulator/run-scenario.js';
import { parseScenario } from '../../../src/simulator/scenario.js';
import type { PeerSpecification, Reach } from '../../../src/simulator/simulated-peer.js';
import { SwarmModel } from '../../../src/simulator/swarm-model.js';

const peer = (reach: Reach, seed: boolean): PeerSpecification => ({
  network: 0,
  uplinkBps: 1e6,
  downlinkBps: 8e6,
  arrivalSeconds: 0,
  seed,
  seedForSeconds: Number.POSITIVE_INFINITY,
  reach,
});

function run(...peers: readonly PeerSpecification[]): SwarmModel {
  const random = createRandom(1);
  const parameters = {
    pieceCount: 10,
    pieceBytes: 100_000,
    neighbours: 10,
    numWant: 10,
    maxConnections: 20,
    announceIntervalSeconds: 600,
    minIntervalSeconds: 30,
    endSeconds: 5_000,
  };
  const model = new SwarmModel(parameters, peers, new OriginalTracker(random), random);
  while (model.advance(1_000));
  return model;
}

const scenario = (home: string): string => `
name: reach
content: { pieces: 40, pieceBytes: 250000 }
networks:
  - { name: home, peers: 20, uplinkBps: 1000000, downlinkBps: 8000000, localised: true${home} }
  - { name: other, count: 2, peers: 20, uplinkBps: 1000000, downlinkBps: 8000000 }
origin: { uplinkBps: 4000000 }
endSeconds: 20000
`;

describe('reach', () => {
  it('a silent seed serves nobody', () => {
    expect(run(peer('silent', true), peer('open', false)).incomplete).toBe(1);
    const model = run(peer('silent', true), peer('open', true), peer('open', false));
    expect(model.incomplete).toBe(0);
    expect(model.peers[0]!.uploadedBytes).toBe(0);
  });

  it('a firewalled peer connects to others, and two of them never meet', () => {
    expect(run(peer('firewalled', true), peer('open', false)).incomplete).toBe(0);
    expect(run(peer('open', true), peer('firewalled', false)).incomplete).toBe(0);
    expect(run(peer('firewalled', true), peer('firewalled', false)).incomplete).toBe(1);
  });

  it('are shares of a network; without them a scenario has the peers that it had', () => {
    const plain = populate(parseScenario(scenario(''), 'x'), createRandom(5));
    const zero = populate(parseScenario(scenario(', silentShare: 0, firewalledShare: 0'), 'x'), createRandom(5));
    expect(zero).toEqual(plain);
    const { peers } = populate(
      parseScenario(scenario(', silentShare: 0.3, firewalledShare: 0.5'), 'x'),
      createRandom(5),
    );
    const home = peers.filter(({ network }) => network === 1);
    const counted = (reach: Reach): number => home.filter((one) => one.reach === reach).length;
    expect(counted('silent')).toBe(6);
    expect(counted('open') + counted('firewalled')).toBe(20);
    expect(counted('firewalled')).toBeGreaterThan(4);
    expect(counted('firewalled')).toBeLessThan(16);
  });

  it.each([
    ['firewalledShare: 1.5', /home\.yaml: networks\.0\.firewalledShare: /],
    ['silentShare: -1', /home\.yaml: networks\.0\.silentShare: /],
    ['silentShare: many', /home\.yaml: networks\.0\.silentShare: /],
    ['silent: 0.1', /"silent"/],
  ])('%s is refused by name', (text, message) => {
    expect(() => parseScenario(scenario(`, ${text}`), 'home.yaml')).toThrow(message);
  });

  it('silent inner seeds keep nobody from completing under any policy, and do not count as peers', async () => {
    const text = scenario(', silentShare: 0.6, firewalledShare: 0.3');
    const { policies } = await runScenario(parseScenario(text, 'x'), { defaultMix });
    for (const policy of policies) {
      expect(policy.incomplete, policy.policy).toBe(0);
      expect(policy.completionSeconds).toHaveLength(20);
      expect(policy.completionSeconds[0]).toBeGreaterThan(0);
      expect(policy.networks[0]!.peers).toBe(20);
    }
    const [random, , full] = policies;
    expect(full!.externalShare).toBeLessThan(random!.externalShare / 2);
    expect(full!.medianCompletionSeconds).toBeLessThan(random!.medianCompletionSeconds * 1.5);
  });
});
