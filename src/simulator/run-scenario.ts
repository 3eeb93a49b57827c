/** Runs one scenario under each policy, and summarises the effects on the networks and their users. */
import { createRandom, type Random } from '../domain/random.js';
import type { MixRules } from '../selection/cost-table.js';
import { AliasTracker, OriginalTracker } from './directories.js';
import { instantMs, MINUTE_SECONDS, periodAt, type SimulatedTime, windowTimes } from './hours.js';
import { type HoursResult, summariseHours } from './hours-result.js';
import { type Population, populate } from './population.js';
import type { PolicyName, Scenario } from './scenario.js';
import type { SimulatedPeer } from './simulated-peer.js';
import { type Directory, SwarmModel } from './swarm-model.js';

/** Events between two reports of progress. */
const EVENTS_PER_SLICE = 20_000;
const BYTES_PER_GIGABYTE = 1e9;

/** The rules of the product's defaults; a scenario's `selection` changes them for the policy `full`. */
export type DefaultMix = MixRules;

/** What the alias trackers of a policy do; those of `random` do not exist. */
interface PolicyRules {
  /** Gateways, capability and density; without them the AS alone counts: draft section 4.2 a and b. */
  readonly full: boolean;
  /** They follow `billing.schedule`. */
  readonly hours: boolean;
  /** Caches that fill in the window exist. */
  readonly windowCaches: boolean;
}

const POLICIES: Readonly<Record<Exclude<PolicyName, 'random'>, PolicyRules>> = {
  'as-only': { full: false, hours: false, windowCaches: false },
  full: { full: true, hours: false, windowCaches: false },
  hours: { full: true, hours: true, windowCaches: false },
  'hours-cache': { full: true, hours: true, windowCaches: true },
};

export interface NetworkResult {
  readonly name: string;
  readonly localised: boolean;
  readonly peers: number;
  /** Copies of the content that entered the network. */
  readonly copiesIn: number;
  /** Bytes from outside divided by all bytes that its peers downloaded. */
  readonly externalShare: number;
  readonly bytesIn: number;
}

export interface PolicyResult {
  readonly policy: PolicyName;
  readonly networks: readonly NetworkResult[];
  /** For the localised networks: their mean copies, their share from outside, and its cost. */
  readonly meanCopiesIn: number;
  readonly externalShare: number;
  readonly cost: number;
  /** Seconds from arrival to completion, of the peers of localised networks, sorted. */
  readonly completionSeconds: readonly number[];
  readonly medianCompletionSeconds: number;
  readonly incomplete: number;
  readonly simulatedSeconds: number;
  /** Absent if the schedule has no window during the run. */
  readonly hours?: HoursResult;
}

export interface ScenarioResult {
  readonly scenario: string;
  readonly description: string;
  readonly currency: string;
  readonly contentBytes: number;
  /** The time of day at which the run begins, and when the window is open, in seconds since then. */
  readonly startsAtMinutes: number;
  readonly windows: readonly SimulatedTime[];
  readonly policies: readonly PolicyResult[];
}

export interface RunOptions {
  readonly defaultMix: DefaultMix;
  /** Called between slices; `share` is the part of the downloads that is complete, 0 … 1. */
  readonly onProgress?: (policy: PolicyName, share: number, simulatedSeconds: number) => void;
  readonly signal?: AbortSignal;
}

/** The same scenario and seed give the same result. @throws the signal's reason when aborted */
export async function runScenario(scenario: Scenario, options: RunOptions): Promise<ScenarioResult> {
  const windows = windowTimes(scenario);
  const policies: PolicyResult[] = [];
  for (const policy of scenario.policies) policies.push(await runPolicy(scenario, policy, windows, options));
  const { name, description, content, billing } = scenario;
  return {
    scenario: name,
    description,
    currency: billing.currency,
    contentBytes: content.pieces * content.pieceBytes,
    startsAtMinutes: scenario.startsAtMinutes,
    windows,
    policies,
  };
}

/** What a scenario says of the content and the clients, as the model takes it. */
export function modelOptionsOf({ content, client, endSeconds }: Scenario) {
  return {
    pieceCount: content.pieces,
    pieceBytes: content.pieceBytes,
    neighbours: client.neighbours,
    numWant: client.numWant ?? client.neighbours,
    maxConnections: client.maxConnections,
    announceIntervalSeconds: client.announceIntervalSeconds,
    minIntervalSeconds: client.minIntervalSeconds,
    endSeconds,
  };
}

async function runPolicy(
  scenario: Scenario,
  policy: PolicyName,
  windows: readonly SimulatedTime[],
  options: RunOptions,
): Promise<PolicyResult> {
  // The same users at the same times under every policy.
  const fillTimes = policy !== 'random' && POLICIES[policy].windowCaches ? windows : [];
  const population = populate(scenario, createRandom(scenario.seed), fillTimes);
  const random = createRandom(scenario.seed + 1);
  const model = new SwarmModel(
    {
      ...modelOptionsOf(scenario),
      ...(scenario.billing.schedule.length > 0 ? { sampleSeconds: MINUTE_SECONDS } : {}),
    },
    population.peers,
    directoryFor(scenario, policy, population, random, options.defaultMix),
    random,
  );
  const leechers = model.incomplete;
  while (model.advance(EVENTS_PER_SLICE)) {
    options.onProgress?.(policy, 1 - model.incomplete / leechers, model.nowSeconds);
    await new Promise((resolve) => setImmediate(resolve));
    options.signal?.throwIfAborted();
  }
  options.onProgress?.(policy, 1 - model.incomplete / leechers, model.nowSeconds);
  options.signal?.throwIfAborted();
  return summarise(scenario, policy, population, model, windows);
}

function directoryFor(
  scenario: Scenario,
  policy: PolicyName,
  population: Population,
  random: Random,
  defaultMix: DefaultMix,
): Directory {
  const original = new OriginalTracker(random);
  if (policy === 'random') return original;
  const rules = POLICIES[policy];
  const given = Object.fromEntries(Object.entries(scenario.selection).filter(([, value]) => value !== undefined));
  const full: MixRules = { ...defaultMix, ...given };
  const mix: MixRules = rules.full ? full : { ...full, gatewaysMax: 0 };
  const trackers = new Map<number, AliasTracker>();
  for (const home of population.networks) {
    if (!home.localised) continue;
    const { announceIntervalSeconds: intervalSeconds, minIntervalSeconds } = scenario.client;
    const { ratePerGigabyte, schedule, rampForMs } = scenario.billing;
    trackers.set(
      home.index,
      new AliasTracker({
        population,
        home,
        mix,
        fullScore: rules.full,
        ratePerGigabyte,
        schedule: rules.hours ? schedule : [],
        rampForMs,
        startMs: instantMs(scenario, 0),
        random,
        intervalSeconds,
        minIntervalSeconds,
      }),
    );
  }
  const asked = askedTrackers(scenario, population, trackers);
  return {
    intervalSeconds: (peer) => asked[peer.network]?.intervalSeconds() ?? scenario.client.announceIntervalSeconds,
    announce(peer, event, wanted, nowSeconds) {
      const own = asked[peer.network];
      // The exchange with the original tracker tells each operator the peers of the others,
      for (const tracker of trackers.values()) if (tracker !== own) tracker.recordPeer(peer, event, nowSeconds);
      if (!own) return original.announce(peer, event, wanted);
      // and tells the original tracker theirs; a single operator who redirects DNS shares nothing.
      if (trackers.size > 1) original.recordPeer(peer, event);
      return own.announce(peer, event, wanted, nowSeconds);
    },
  };
}

/** [network] → the alias tracker that its clients ask; undefined means the original tracker */
function askedTrackers(
  scenario: Scenario,
  population: Population,
  trackers: ReadonlyMap<number, AliasTracker>,
): readonly (AliasTracker | undefined)[] {
  return population.networks.map((network) => {
    const asks = network.localised ? network.name : (network.specification ?? scenario.origin).asks;
    const home = population.networks.find((other) => other.localised && other.name === asks);
    return home && trackers.get(home.index);
  });
}

function summarise(
  scenario: Scenario,
  policy: PolicyName,
  population: Population,
  model: SwarmModel,
  windows: readonly SimulatedTime[],
): PolicyResult {
  const contentBytes = scenario.content.pieces * scenario.content.pieceBytes;
  const networks = population.networks
    .filter((network) => network.specification !== undefined)
    .map((network): NetworkResult => {
      const peers = model.peers.filter((peer) => peer.network === network.index && peer.reach !== 'silent');
      const bytesIn = model.inwardBytes[network.index]!;
      const downloaded = sum(peers.map((peer) => peer.downloadedBytes));
      return {
        name: network.name,
        localised: network.localised,
        peers: peers.filter(isUser).length,
        copiesIn: bytesIn / contentBytes,
        externalShare: downloaded === 0 ? 0 : bytesIn / downloaded,
        bytesIn,
      };
    });
  const localised = networks.filter((network) => network.localised);
  const indices = new Set(population.networks.filter((network) => network.localised).map((network) => network.index));
  const own = model.peers.filter((peer) => indices.has(peer.network) && peer.reach !== 'silent');
  const users = own.filter(isUser);
  const bytesIn = sum(localised.map((network) => network.bytesIn));
  const downloaded = sum(own.map((peer) => peer.downloadedBytes));
  const completionSeconds = completionTimes(users);
  const byMinute = bytesByMinute(model, indices);
  return {
    policy,
    networks,
    meanCopiesIn: sum(localised.map((network) => network.copiesIn)) / Math.max(1, localised.length),
    externalShare: downloaded === 0 ? 0 : bytesIn / downloaded,
    cost: costOf(scenario, bytesIn, byMinute),
    completionSeconds,
    medianCompletionSeconds: completionSeconds[Math.floor(completionSeconds.length / 2)] ?? Number.NaN,
    incomplete: users.length - completionSeconds.length,
    simulatedSeconds: model.nowSeconds,
    ...(windows.length > 0 ? { hours: summariseHours(byMinute, windows, users) } : {}),
  };
}

/** Caches that fill in the window wait for nobody. */
function isUser(peer: SimulatedPeer): boolean {
  return peer.fillTimes === undefined;
}

/** Bytes that entered the given networks in each minute. */
function bytesByMinute(model: SwarmModel, networks: ReadonlySet<number>): number[] {
  let before = 0;
  return model.samples.map((inward) => {
    const now = sum([...networks].map((network) => inward[network]!));
    const bytes = now - before;
    before = now;
    return bytes;
  });
}

/** The operator pays the rates of the schedule, whether or not the tracker follows it. */
function costOf(scenario: Scenario, bytesIn: number, byMinute: readonly number[]): number {
  const { schedule, ratePerGigabyte } = scenario.billing;
  if (schedule.length === 0) return (bytesIn / BYTES_PER_GIGABYTE) * ratePerGigabyte;
  const weighted = byMinute.map((bytes, minute) =>
    bytes === 0 ? 0 : bytes * (periodAt(scenario, minute * MINUTE_SECONDS)?.rateFactor ?? 1),
  );
  return (sum(weighted) / BYTES_PER_GIGABYTE) * ratePerGigabyte;
}

function completionTimes(peers: readonly SimulatedPeer[]): number[] {
  return peers
    .filter((peer) => Number.isFinite(peer.completedAtSeconds))
    .map((peer) => peer.completedAtSeconds - peer.arrivalSeconds)
    .sort((a, b) => a - b);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
