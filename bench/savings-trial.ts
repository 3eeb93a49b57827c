/**
 * The truth test of the savings estimate: simulated swarms with a control group. The estimate sees what a tracker sees; the truth is
 * what crosses the border when the same users ask an original tracker, less what crosses it when they ask the alias tracker.
 */
import { createRandom, type Random } from '../src/domain/random.js';
import { type Estimated, estimateSavings } from '../src/savings/estimate.js';
import { type TrafficWindow, windowOfTotals } from '../src/savings/traffic-window.js';
import { HouseholdGroups } from '../src/selection/household-groups.js';
import { AliasTracker, OriginalTracker } from '../src/simulator/directories.js';
import { instantMs } from '../src/simulator/hours.js';
import { type Population, populate } from '../src/simulator/population.js';
import type { DefaultMix } from '../src/simulator/run-scenario.js';
import { modelOptionsOf } from '../src/simulator/run-scenario.js';
import { parseScenario, type Scenario } from '../src/simulator/scenario.js';
import { type Directory, SwarmModel } from '../src/simulator/swarm-model.js';
import { createTrafficMemory, TrafficMeter } from '../src/tracker/traffic-meter.js';
import { TrafficReading } from '../src/tracker/traffic-reading.js';

const EVENTS_PER_SLICE = 20_000;

/** The swarms of one trial. All have the same shape; households and arrivals differ. */
export interface TrialShape {
  readonly swarms: number;
  readonly innerPeers: number;
  readonly foreignPeers: number;
  /** Peers arrive evenly over this time. */
  readonly arrivalSeconds: number;
  readonly seedForSeconds: number;
  readonly controlPercent: number;
  readonly pieces: number;
}

const LIKE: TrialShape = {
  swarms: 6,
  innerPeers: 60,
  foreignPeers: 140,
  arrivalSeconds: 1_800,
  seedForSeconds: 900,
  controlPercent: 10,
  pieces: 100,
};

/** Swarms that differ in what decides over savings: how many peers are inside, how long they stay, and how large a swarm is. */
export const TRIAL_SHAPES: Readonly<Record<string, TrialShape>> = {
  'inside-10': { ...LIKE, innerPeers: 30, foreignPeers: 270, swarms: 10, controlPercent: 15 },
  'inside-30': LIKE,
  'inside-60': { ...LIKE, innerPeers: 120, foreignPeers: 80 },
  churn: { ...LIKE, arrivalSeconds: 7_200, seedForSeconds: 60 },
  small: { ...LIKE, innerPeers: 12, foreignPeers: 18, swarms: 40 },
};

export interface TrialResult {
  readonly shape: TrialShape;
  readonly seed: number;
  /** Bytes that crossed the border inwards. */
  readonly foreignAtOriginal: number;
  readonly foreignAtAlias: number;
  readonly downloadedBytes: number;
  /** Bytes that were saved: the difference. */
  readonly trueBytes: number;
  readonly window: TrafficWindow;
  readonly estimated: Estimated;
  /** Whether the 95 % interval has the true value. */
  readonly isCovered: boolean;
}

export async function runTrial(shape: TrialShape, seed: number, mix: DefaultMix): Promise<TrialResult> {
  const memory = createTrafficMemory();
  const meter = new TrafficMeter(memory);
  let foreignAtOriginal = 0;
  let foreignAtAlias = 0;
  let downloadedBytes = 0;
  for (let swarm = 0; swarm < shape.swarms; swarm++) {
    const scenario = scenarioOf(shape, seed * 1_000 + swarm);
    const population = populate(scenario, createRandom(scenario.seed));
    const key = Uint32Array.of(seed, swarm);
    const households = new HouseholdGroups(key, {
      percent: 100,
      controlPercent: shape.controlPercent,
      groups: null,
      shadow: false,
    });
    const original = await run(scenario, population, (random) => new OriginalTracker(random));
    const alias = await run(scenario, population, (random) =>
      aliasOf(scenario, population, random, mix, { households, meter }),
    );
    foreignAtOriginal += original.foreign;
    foreignAtAlias += alias.foreign;
    downloadedBytes += alias.downloaded;
  }
  const window = windowOfTotals(new TrafficReading(memory));
  const estimated = estimateSavings(window, { random: 1, localised: 1 }, undefined);
  const trueBytes = foreignAtOriginal - foreignAtAlias;
  const isCovered =
    !('reason' in estimated) &&
    estimated.savedBytesRange.low <= trueBytes &&
    trueBytes <= estimated.savedBytesRange.high;
  return { shape, seed, foreignAtOriginal, foreignAtAlias, downloadedBytes, trueBytes, window, estimated, isCovered };
}

function scenarioOf(shape: TrialShape, seed: number): Scenario {
  const { innerPeers, foreignPeers, arrivalSeconds, seedForSeconds, pieces } = shape;
  const peers = { uplinkBps: 2_000_000, downlinkBps: 20_000_000, arrivalSeconds, seedForSeconds };
  return parseScenario(
    JSON.stringify({
      name: 'savings trial',
      seed,
      content: { pieces, pieceBytes: 1_048_576 },
      networks: [
        { name: 'inside', peers: innerPeers, localised: true, ...peers },
        { name: 'outside', peers: foreignPeers, ...peers },
      ],
      origin: { uplinkBps: 10_000_000 },
    }),
    'savings trial',
  );
}

async function run(
  scenario: Scenario,
  population: Population,
  directoryOf: (random: Random) => Directory,
): Promise<{ readonly foreign: number; readonly downloaded: number }> {
  const random = createRandom(scenario.seed + 1);
  const model = new SwarmModel(modelOptionsOf(scenario), population.peers, directoryOf(random), random);
  while (model.advance(EVENTS_PER_SLICE)) await new Promise((resolve) => setImmediate(resolve));
  const home = population.networks.find(({ localised }) => localised)!;
  const inner = model.peers.filter(({ network }) => network === home.index);
  return {
    foreign: model.inwardBytes[home.index]!,
    downloaded: inner.reduce((sum, peer) => sum + peer.downloadedBytes, 0),
  };
}

/** As in `run-scenario`: the clients of the operator ask its tracker, all others the original one, and the exchange tells it of those. */
function aliasOf(
  scenario: Scenario,
  population: Population,
  random: Random,
  mix: DefaultMix,
  rollout: { readonly households: HouseholdGroups; readonly meter: TrafficMeter },
): Directory {
  const home = population.networks.find(({ localised }) => localised)!;
  const { announceIntervalSeconds: intervalSeconds, minIntervalSeconds } = scenario.client;
  const { ratePerGigabyte, rampForMs } = scenario.billing;
  const original = new OriginalTracker(random);
  const alias = new AliasTracker({
    population,
    home,
    mix,
    fullScore: true,
    ratePerGigabyte,
    schedule: [],
    rampForMs,
    startMs: instantMs(scenario, 0),
    random,
    intervalSeconds,
    minIntervalSeconds,
    rollout,
  });
  return {
    intervalSeconds: (peer) => (peer.network === home.index ? alias.intervalSeconds() : intervalSeconds),
    announce(peer, event, wanted, nowSeconds) {
      if (peer.network === home.index) return alias.announce(peer, event, wanted, nowSeconds);
      alias.recordPeer(peer, event, nowSeconds);
      return original.announce(peer, event, wanted);
    },
  };
}
