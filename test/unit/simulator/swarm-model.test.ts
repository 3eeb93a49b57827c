import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { OriginalTracker } from '../../../src/simulator/directories.js';
import { EventQueue } from '../../../src/simulator/event-queue.js';
import type { PeerSpecification } from '../../../src/simulator/simulated-peer.js';
import { type Directory, SwarmModel } from '../../../src/simulator/swarm-model.js';

const parameters = {
  pieceCount: 40,
  pieceBytes: 100_000,
  neighbours: 10,
  numWant: 10,
  maxConnections: 20,
  announceIntervalSeconds: 600,
  minIntervalSeconds: 30,
  endSeconds: 50_000,
};

function leecher(network: number, changes: Partial<PeerSpecification> = {}): PeerSpecification {
  return { network, uplinkBps: 1e6, downlinkBps: 8e6, arrivalSeconds: 0, seed: false, seedForSeconds: 0, ...changes };
}

const seed = leecher(0, { seed: true, seedForSeconds: Number.POSITIVE_INFINITY });

function run(peers: readonly PeerSpecification[], randomSeed = 1): SwarmModel {
  const random = createRandom(randomSeed);
  const model = new SwarmModel(parameters, peers, new OriginalTracker(random), random);
  while (model.advance(1_000));
  return model;
}

describe('event queue', () => {
  it('gives events in the order of time, equal times in the order they came', () => {
    const queue = new EventQueue<string>();
    const random = createRandom(3);
    const times = Array.from({ length: 500 }, () => random.below(50));
    times.forEach((time, i) => {
      queue.push(time, `${time}:${i}`);
    });
    const out = times.map(() => queue.pop()!.split(':').map(Number) as [number, number]);
    expect(queue.pop()).toBeUndefined();
    expect(out).toEqual(
      times.map((time, i) => [time, i] as [number, number]).sort((a, b) => a[0] - b[0] || a[1] - b[1]),
    );
  });
});

describe('swarm model', () => {
  it('one leecher and one seed: the download takes the content over the uplink, and the first wait for an unchoke', () => {
    const model = run([seed, leecher(0)]);
    const transferSeconds = (parameters.pieceCount * parameters.pieceBytes * 8) / seed.uplinkBps;
    expect(model.peers[1]!.completedAtSeconds).toBeGreaterThanOrEqual(transferSeconds);
    expect(model.peers[1]!.completedAtSeconds).toBeLessThan(transferSeconds + 11);
    expect(model.peers[1]!.downloadedBytes).toBeCloseTo(parameters.pieceCount * parameters.pieceBytes, 0);
  });

  it('every byte is uploaded once and downloaded once, and only bytes between networks are external', () => {
    const model = run([seed, ...Array.from({ length: 40 }, (_, i) => leecher(i % 4))]);
    expect(model.incomplete).toBe(0);
    const up = model.peers.reduce((sum, peer) => sum + peer.uploadedBytes, 0);
    const down = model.peers.reduce((sum, peer) => sum + peer.downloadedBytes, 0);
    expect(down).toBeCloseTo(40 * parameters.pieceCount * parameters.pieceBytes, -1);
    expect(up).toBeCloseTo(down, 3);
    for (let network = 0; network < 4; network++) {
      let column = 0;
      for (let from = 0; from < 4; from++) if (from !== network) column += model.matrixBytes[from * 4 + network]!;
      expect(column).toBeGreaterThan(0);
      expect(model.inwardBytes[network]).toBeCloseTo(column, 3);
    }
  });

  it('no link carries more than its rate', () => {
    const model = run([seed, ...Array.from({ length: 20 }, () => leecher(0, { seedForSeconds: 1e9 }))]);
    const seconds = model.nowSeconds;
    for (const peer of model.peers)
      expect((peer.uploadedBytes * 8) / seconds).toBeLessThanOrEqual(peer.uplinkBps * 1.0001);
    for (const peer of model.peers)
      expect((peer.downloadedBytes * 8) / seconds).toBeLessThanOrEqual(peer.downlinkBps * 1.0001);
  });

  it('the same seed gives the same run, another one does not', () => {
    const peers = [seed, ...Array.from({ length: 30 }, (_, i) => leecher(i % 3, { arrivalSeconds: i }))];
    const times = (model: SwarmModel): number[] => model.peers.map((peer) => peer.completedAtSeconds);
    expect(times(run(peers, 5))).toEqual(times(run(peers, 5)));
    expect(times(run(peers, 6))).not.toEqual(times(run(peers, 5)));
  });

  it('peers that leave interrupt their transfers, and the pieces are finished elsewhere', () => {
    const patient = leecher(0, { seedForSeconds: 1e9 });
    const hasty = leecher(0, { uplinkBps: 4e6, seedForSeconds: 0 });
    const model = run([seed, hasty, hasty, patient, patient]);
    expect(model.incomplete).toBe(0);
    for (const peer of model.peers.slice(1)) expect(peer.downloadedBytes).toBeCloseTo(4_000_000, 0);
  });

  it('a cache downloads in its times alone, goes on where it was, serves always, and is not waited for', () => {
    const fillTimes = [
      { fromSeconds: 100, toSeconds: 200 },
      { fromSeconds: 500, toSeconds: 600 },
    ];
    const slow = { ...seed, uplinkBps: 160_000 };
    const cache = leecher(1, { arrivalSeconds: 100, fillTimes, seedForSeconds: Number.POSITIVE_INFINITY });
    const random = createRandom(1);
    const late = leecher(1, { arrivalSeconds: 900 });
    const model = new SwarmModel(
      { ...parameters, sampleSeconds: 100 },
      [slow, cache, late],
      new OriginalTracker(random),
      random,
    );
    while (model.advance(1));
    const inward = model.samples.map((networks) => Math.round(networks[1]! / 100_000));
    // 20 kB/s from the seed, after at most a round of choking in each time.
    expect(inward[0]).toBe(0);
    expect(inward[1]).toBeGreaterThan(17);
    expect(inward.slice(1, 5)).toEqual(new Array(4).fill(inward[1]));
    expect(model.peers[1]!.haveCount).toBeGreaterThan(34);
    expect(inward[5]).toBe(Math.round(model.peers[1]!.downloadedBytes / 100_000));
    expect(model.incomplete).toBe(0);
    expect(model.peers[1]!.uploadedBytes).toBeGreaterThan(1e6);
    expect(Number.isNaN(model.peers[1]!.completedAtSeconds)).toBe(true);
  });

  it('a swarm without a seed does not finish, and ends at the end time', () => {
    const model = run([leecher(0), leecher(0)]);
    expect(model.incomplete).toBe(2);
    expect(model.nowSeconds).toBeLessThanOrEqual(parameters.endSeconds);
  });

  it('a seed that nobody knows asks again, and is found', () => {
    const random = createRandom(1);
    const tracker = new OriginalTracker(random);
    // Nobody is told of anybody but the seed, and the seed only when it comes back.
    const shy: Directory = {
      announce: (peer, event, wanted) => {
        const answer = tracker.announce(peer, event, wanted);
        return peer.seed && event === 'none' ? answer : [];
      },
    };
    const model = new SwarmModel(parameters, [seed, leecher(0), leecher(0)], shy, random);
    while (model.advance(1_000));
    expect(model.incomplete).toBe(0);
    expect(model.peers[1]!.completedAtSeconds).toBeGreaterThan(parameters.minIntervalSeconds);
  });

  it('a slot whose neighbour wants nothing any more is given to the next at once', () => {
    const fast = { uplinkBps: 8e6, downlinkBps: 80e6 };
    const model = run([leecher(0, { ...seed, ...fast }), ...Array.from({ length: 9 }, () => leecher(0, fast))]);
    // With slots that stay empty for the rest of a round it takes longer.
    expect(model.incomplete).toBe(0);
    expect(model.nowSeconds).toBeLessThan(16.5);
  });

  it('a peer that finds all others full tries again when one has room', () => {
    const never = 40_000;
    const crowded = {
      ...parameters,
      neighbours: 4,
      maxConnections: 4,
      announceIntervalSeconds: never,
      minIntervalSeconds: never,
    };
    const random = createRandom(2);
    const peers = [
      seed,
      ...Array.from({ length: 7 }, (_, i) => leecher(0, { arrivalSeconds: i, seedForSeconds: 1e9 })),
    ];
    const model = new SwarmModel(crowded, peers, new OriginalTracker(random), random);
    while (model.advance(1_000));
    expect(model.incomplete).toBe(0);
    expect(model.nowSeconds).toBeLessThan(never);
  });
});
