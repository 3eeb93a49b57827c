/**
 * The policy of a running tracker: topology and cost, compiled from the configuration, the databases and the reports, and
 * handed to the data plane whole. A density or capability report changes a few arrays; a reload, a changed file or the hour
 * of a billing schedule compiles what depends on it. A data file that is broken leaves the old policy in force.
 */
import type { Config } from '../config/config-schema.js';
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { CapabilityReading } from '../selection/compile-capability.js';
import { type CompiledCost, compileCostTable, type GroupCost } from '../selection/compile-cost-table.js';
import type { DensityReading } from '../selection/compile-density.js';
import type { CostTable } from '../selection/cost-table.js';
import type { AddressDescription, CompiledTopology } from '../topology/compile-topology.js';
import type { TopologyData } from '../topology/topology-table.js';
import type { Logger } from './logger.js';
import type { TopologySource } from './topology-source.js';

/** Where compiled policies go. */
export interface PolicyConsumer {
  setPolicy(topology: TopologyData, cost: CostTable): void;
}

export interface ReadingsSource {
  densityReadings(nowMs: number): ReadonlyMap<string, DensityReading>;
  capabilityReadings(nowMs: number): ReadonlyMap<string, CapabilityReading>;
  onChange(listener: (change: { density: boolean; capability: boolean }) => void): () => void;
}

/** setTimeout holds at most 2^31 − 1 milliseconds; a later change is looked at again then. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

export class Policy {
  readonly #options: { clock: Clock; logger: Logger; readings: ReadingsSource; topology: TopologySource };
  #config: Config;
  #version = 1;
  #cost: CompiledCost;
  #consumer: PolicyConsumer | undefined;
  #timer: NodeJS.Timeout | undefined;
  #unsubscribe: (() => void)[] = [];

  /** @throws OperatorError where a data file or a billing rule cannot be used */
  constructor(
    config: Config,
    options: { clock: Clock; logger: Logger; readings: ReadingsSource; topology: TopologySource },
  ) {
    this.#options = options;
    this.#config = config;
    this.#cost = this.#compile();
  }

  get current(): { readonly topology: TopologyData; readonly cost: CostTable } {
    return { topology: this.#topology.data, cost: this.#cost.table };
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

  /** What an override makes of traffic between two groups; undefined where none binds them as foreign. */
  overriddenRate(requesterGroup: number, group: number): number | undefined {
    return this.#cost.overriddenRate(requesterGroup, group);
  }

  /** What rates are told in, and the name of the period of the schedule that is in force. */
  get billing(): { readonly currency: string; readonly period: string | null } {
    return { currency: this.#config.billing.currency, period: this.#cost.period?.name ?? null };
  }

  /** Hands every policy from now on to the data plane. */
  start(consumer: PolicyConsumer): void {
    this.#consumer = consumer;
    this.#publish();
    const { readings, topology } = this.#options;
    this.#unsubscribe = [
      readings.onChange((change) => this.#takeReadings(change)),
      topology.onChange(() => this.#attempt('the new topology', () => this.#compile())),
    ];
  }

  stop(): void {
    clearTimeout(this.#timer);
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#unsubscribe = [];
    this.#consumer = undefined;
  }

  /** @throws OperatorError, with the old policy still in force */
  async reload(config: Config): Promise<void> {
    const old = this.#config;
    const { topology } = this.#options;
    await topology.reload(config);
    this.#config = config;
    try {
      this.#cost = this.#compile();
    } catch (thrown) {
      this.#config = old;
      await topology.reload(old);
      throw thrown;
    }
    this.#publish();
  }

  #compile(): CompiledCost {
    const { clock, readings, topology } = this.#options;
    const { billing, selection, operator, reports } = this.#config;
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
      capability: readings.capabilityReadings(nowMs),
    });
  }

  #takeReadings({ density, capability }: { density: boolean; capability: boolean }): void {
    const nowMs = this.#options.clock.nowMs();
    const { readings } = this.#options;
    this.#attempt('the new reports', () => {
      let cost = this.#cost;
      if (density) cost = cost.withDensity(++this.#version, readings.densityReadings(nowMs));
      if (capability) cost = cost.withCapability(++this.#version, readings.capabilityReadings(nowMs));
      return cost;
    });
  }

  #attempt(what: string, compile: () => CompiledCost): void {
    try {
      this.#cost = compile();
      this.#publish();
    } catch (thrown) {
      this.#options.logger.error(
        { err: thrown },
        `the old policy stays in force, ${what} cannot be used: ${messageOf(thrown)}`,
      );
    }
  }

  #publish(): void {
    this.#consumer?.setPolicy(this.#topology.data, this.#cost.table);
    clearTimeout(this.#timer);
    const { nextChangeAtMs } = this.#cost;
    if (nextChangeAtMs === undefined || this.#consumer === undefined) return;
    const waitMs = Math.min(LONGEST_TIMER_MS, Math.max(0, nextChangeAtMs - this.#options.clock.nowMs()));
    this.#timer = setTimeout(() => this.#attempt('the billing schedule', () => this.#compile()), waitMs).unref();
  }
}
