/**
 * The policy of a running tracker: topology and cost, compiled from the configuration, the databases and the reports, and
 * sent to the data plane. A report sends only the levels that it changes, a step of a ramp only the limits. A reload, a changed
 * data file or the next period of a billing schedule compiles everything again and replaces it whole. If a file cannot be
 * used, the old policy stays in force.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import { boundToPart } from '../part/current-part.js';
import type { Apply, RunningPart } from '../part/part.js';
import { foreignLimits, type HoursData, limitsAt } from '../selection/border-limits.js';
import { type CacheStanding, type CapabilityReading, CapabilityTable } from '../selection/compile-capability.js';
import { type CompiledCost, compileCostTable, type GroupCost } from '../selection/compile-cost-table.js';
import type { DensityReading } from '../selection/compile-density.js';
import type { CostTable } from '../selection/cost-table.js';
import type { Explanation } from '../selection/explanation.js';
import { type HoursInWords, hoursInWords } from '../selection/hours-in-words.js';
import type { AddressDescription, CompiledTopology } from '../topology/compile-topology.js';
import type { TopologyView } from '../topology/topology-state.js';
import type { TopologyData } from '../topology/topology-table.js';
import { type BillingInWords, explainedInWords } from './explained-in-words.js';
import { type GroupCounts, type PeersByNetwork, peersByNetwork } from './peers-by-network.js';
import type { PolicyConfig } from './section.js';

/** Where compiled policies go. */
export interface PolicyConsumer {
  setPolicy(topology: TopologyData, cost: CostTable): void;
  /** @param cost with the limits in it */
  setHours(cost: CostTable, hours: HoursData): void;
  /** @param cost with the changes in it. @param changes since the last call, as pairs: group, level, group, level … */
  setDensity(cost: CostTable, changes: Uint16Array): void;
  /** @param cost with the changes in it. @param changed addresses, as `CapabilityTable.takeChanges` lists them */
  setCapability(cost: CostTable, changed: Int32Array): void;
}

export interface ReadingsChange {
  readonly density: boolean;
  /** Addresses. */
  readonly capability: ReadonlySet<string>;
}

export interface ReadingsSource {
  densityReadings(nowMs: number): ReadonlyMap<string, DensityReading>;
  capabilityReadings(nowMs: number): ReadonlyMap<string, CapabilityReading>;
  capabilityReading(address: string, nowMs: number): CapabilityReading | undefined;
  onChange(listener: (change: ReadingsChange) => void): () => void;
}

/** The hours are read again after this, because somebody may have set the clock, or the machine was suspended. */
const LONGEST_WAIT_MS = 60_000;

export interface PolicyOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly readings: ReadingsSource;
  /** In force. */
  readonly topology: TopologyView;
  /** The peers that announce here; null until they have been counted. */
  readonly groupCounts?: () => GroupCounts | null;
}

export class Policy implements RunningPart<PolicyConfig> {
  readonly listeners = [];
  readonly #options: PolicyOptions;
  #config: PolicyConfig;
  #version = 1;
  readonly #capability: CapabilityTable;
  #cost: CompiledCost;
  #consumer: PolicyConsumer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: () => void = () => {};
  #isRunning = false;
  /** Timers that the data plane's start causes belong to this part. */
  #inPart: (work: () => void) => void = (work) => work();

  /** @throws OperatorError if a data file or a billing rule cannot be used */
  constructor(config: PolicyConfig, options: PolicyOptions) {
    this.#options = options;
    this.#config = config;
    const readings = options.readings.capabilityReadings(options.clock.nowMs());
    this.#capability = new CapabilityTable(this.#version, readings.size);
    for (const [address, reading] of readings) this.#capability.set(address, reading);
    const cost = this.#compile(config, options.topology);
    this.#cost = cost;
    this.#adopt(config, cost);
    // The data plane starts with these levels, so they are not changes.
    this.#capability.takeChanges();
  }

  get current(): { readonly topology: TopologyData; readonly cost: CostTable } {
    return { topology: this.#topology.data, cost: this.#table };
  }

  /** Reads the capability table each time, because a larger one replaces a full one. */
  get #table(): CostTable {
    return { ...this.#cost.table, reportedCapability: this.#capability.current };
  }

  get #topology(): CompiledTopology {
    return this.#options.topology.compiled;
  }

  describeAddress(address: IpAddress | string): AddressDescription {
    return this.#topology.describe(address);
  }

  describeGroup(group: number): GroupCost {
    return this.#cost.describeGroup(group);
  }

  /** The level that each sub-domain has in answers now. */
  get subdomainLevels(): ReadonlyMap<string, number> {
    const { densityLevel } = this.#cost.table;
    const levels = new Map<string, number>();
    for (const group of this.#topology.groups) {
      if (group?.kind === 'subdomain' && group.subdomain !== undefined) {
        levels.set(group.subdomain, densityLevel[group.number]!);
      }
    }
    return levels;
  }

  /** The peers that announce here; null until they have been counted. */
  get peers(): PeersByNetwork | null {
    const counts = this.#options.groupCounts?.() ?? null;
    return counts === null ? null : peersByNetwork(counts, this.#topology.groups);
  }

  /** The rate that an override sets for traffic between two groups; undefined if no override makes them foreign. */
  overriddenRate(requesterGroup: number, group: number): number | undefined {
    return this.#cost.overriddenRate(requesterGroup, group);
  }

  /** The currency of rates, and the hours. */
  get billing(): BillingInWords {
    return { currency: this.#config.billing.currency, ...this.hours };
  }

  /** The schedule's period that is in force, and the limits of foreign peers. */
  get hours(): HoursInWords {
    return hoursInWords(this.#cost.limits, this.#options.clock.nowMs());
  }

  /** Of the schedule. */
  get rampForMs(): number {
    return this.#config.billing.rampForMs;
  }

  /** Why a client would get which peers, with names, rates and reports. */
  inWords(answer: Explanation, requester: IpAddress): Record<string, unknown> {
    return explainedInWords(answer, requester, this);
  }

  /** Follows reports and the billing schedule until `stop`. May be called again. */
  start(): void {
    this.stop();
    this.#inPart = boundToPart((work) => work());
    this.#isRunning = true;
    this.#publish();
    this.#unsubscribe = this.#options.readings.onChange((change) =>
      this.#attempt('the new reports', () => this.#applyReadings(change)),
    );
  }

  /** Which caches have a controller, by address, and whether they are handed out. Takes effect within a second. */
  setCacheStandings(standings: ReadonlyMap<string, CacheStanding>): void {
    const { clock, readings } = this.#options;
    const nowMs = clock.nowMs();
    this.#capability.setStandings(standings, (address) => readings.capabilityReading(address, nowMs));
    this.#sendCapability();
  }

  /** Sends the policy, and each later one, to the data plane. */
  sendTo(consumer: PolicyConsumer): void {
    this.#consumer = consumer;
    this.#inPart(() => this.#publish());
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#unsubscribe();
    this.#isRunning = false;
  }

  /** The topology hands over each new configuration with its tables: see {@link prepareWith}. */
  prepare(): Apply {
    return () => {};
  }

  /** @param topology that will be in force with `config`. @throws OperatorError if the two do not fit together */
  prepareWith(config: PolicyConfig, topology: TopologyView): Apply {
    const cost = this.#compile(config, topology);
    return () => {
      this.#adopt(config, cost);
      this.#publish();
    };
  }

  /** @throws OperatorError if a billing rule cannot be used with this topology */
  #compile(config: PolicyConfig, topology: TopologyView): CompiledCost {
    const { clock, readings } = this.#options;
    const { billing, selection, operator, reports } = config;
    const nowMs = clock.nowMs();
    return compileCostTable({
      version: ++this.#version,
      nowMs,
      groups: topology.compiled.groups,
      ownAsns: topology.ownAsns,
      billing,
      relationships: topology.relationships,
      mix: selection,
      weights: selection,
      caches: operator.caches.map(({ address, preferredBy }) => ({
        address: formatIp(address),
        preferredBy,
      })),
      density: readings.densityReadings(nowMs),
      densityFreshnessSeconds: reports.freshnessMs / 1000,
      capability: this.#capability.current,
    });
  }

  #adopt(config: PolicyConfig, cost: CompiledCost): void {
    const { clock, readings } = this.#options;
    const nowMs = clock.nowMs();
    this.#config = config;
    // Reports may have arrived since `cost` was compiled.
    this.#cost = cost.withDensity(++this.#version, readings.densityReadings(nowMs));
    const caches = config.operator.caches.map(({ address }) => formatIp(address));
    this.#capability.setCaches(caches, (address) => readings.capabilityReading(address, nowMs));
  }

  #applyReadings({ density, capability }: ReadingsChange): void {
    const nowMs = this.#options.clock.nowMs();
    const { readings } = this.#options;
    for (const address of capability) this.#capability.set(address, readings.capabilityReading(address, nowMs));
    this.#sendCapability();
    if (!density) return;
    const before = this.#cost.table.densityLevel;
    this.#cost = this.#cost.withDensity(++this.#version, readings.densityReadings(nowMs));
    const changes = changedLevels(before, this.#cost.table.densityLevel);
    if (changes.length > 0) this.#consumer?.setDensity(this.#table, changes);
  }

  #sendCapability(): void {
    const changes = this.#capability.takeChanges();
    if (changes.length > 0) this.#consumer?.setCapability(this.#table, changes);
  }

  #recompile(): void {
    this.prepareWith(this.#config, this.#options.topology)();
  }

  #attempt(what: string, change: () => void): void {
    try {
      change();
    } catch (thrown) {
      this.#options.log.error(
        { err: thrown },
        `the old policy stays in force, ${what} cannot be used: ${messageOf(thrown)}`,
      );
    }
  }

  #publish(): void {
    clearTimeout(this.#timer);
    if (!this.#isRunning || this.#consumer === undefined) return;
    this.#sendCapability();
    this.#consumer.setPolicy(this.#topology.data, this.#table);
    this.#sendHours();
  }

  /** Another period has other rates, so everything is compiled again. */
  #followHours(): void {
    // If that fails, try again later.
    this.#followHoursIn(LONGEST_WAIT_MS);
    const { billing, selection } = this.#config;
    const limits = limitsAt(billing, selection, this.#options.clock.nowMs());
    if (limits.period !== this.#cost.limits.period) {
      this.#recompile();
      return;
    }
    this.#cost = this.#cost.withLimits(++this.#version, limits);
    this.#sendHours();
  }

  #sendHours(): void {
    const { limits } = this.#cost;
    const { nextChangeAtMs, returnFromMs } = limits;
    const nowMs = this.#options.clock.nowMs();
    const returnInMs = returnFromMs === undefined ? null : returnFromMs - nowMs;
    this.#consumer?.setHours(this.#table, { limits: foreignLimits(limits), returnInMs });
    if (nextChangeAtMs === undefined) clearTimeout(this.#timer);
    else this.#followHoursIn(Math.min(LONGEST_WAIT_MS, Math.max(0, nextChangeAtMs - nowMs)));
  }

  #followHoursIn(waitMs: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#attempt('the billing schedule', () => this.#followHours()), waitMs).unref();
  }
}

/** The groups whose level changed, as pairs: group, new level, group, new level … */
function changedLevels(before: Uint8Array, now: Uint8Array): Uint16Array {
  const changes: number[] = [];
  for (let group = 0; group < now.length; group++) {
    if (before[group] !== now[group]) changes.push(group, now[group]!);
  }
  return Uint16Array.from(changes);
}
