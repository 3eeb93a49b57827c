/**
 * Which redirected names have a target that serves their users. It follows the names, the torrents of the catalogue, whose
 * ports a tracker needs, and the results of the health checks.
 */
import { messageOf } from '../../domain/errors.js';
import { formatIp } from '../../domain/ip-address.js';
import type { PartContext } from '../../part/part.js';
import type { AnnouncePort, AnnounceUsage, NameUsage } from '../coverage/announce-usage.js';
import { readUsage, type TrackersOfTorrents } from '../coverage/read-usage.js';
import type { RedirectedName, RedirectPolicy } from '../redirect-policy.js';
import { type HealthPlan, healthPlan } from './health-plan.js';
import { portNeeds } from './port-needs.js';
import { type CheckResult, RedirectionHealth, type SharedHealth } from './redirection-health.js';

export interface NameHealthNeeds extends Pick<PartContext, 'supervise' | 'log' | 'clock'> {
  readonly catalogue: TrackersOfTorrents;
}

export interface NameHealthOptions {
  readonly trackerPorts: readonly AnnouncePort[];
  /** False: nothing is tried, and every name counts as healthy. */
  readonly healthChecks: boolean;
}

export interface AddressHealth {
  readonly address: string;
  readonly isUp: boolean;
  readonly checks: readonly CheckResult[];
}

/** The catalogue changes many times in a row during a crawl. */
const RECOUNT_AFTER_MS = 1_000;

export class NameHealth {
  readonly checks: RedirectionHealth | undefined;
  readonly #needs: NameHealthNeeds;
  readonly #options: NameHealthOptions;
  #policy: RedirectPolicy;
  #usage: AnnounceUsage;
  /** Called with what the thread that answers is to read from now on. */
  #onPlan: (checks: SharedHealth | null) => void = () => {};
  #recount: NodeJS.Timeout | undefined;
  #stopped = false;

  static async start(policy: RedirectPolicy, options: NameHealthOptions, needs: NameHealthNeeds): Promise<NameHealth> {
    const usage = await readUsage(needs.catalogue, trackersOf(policy));
    const plan = planOf(policy, usage, options);
    const checks = options.healthChecks ? await RedirectionHealth.start(plan, needs) : undefined;
    return new NameHealth(policy, usage, checks, options, needs);
  }

  private constructor(
    policy: RedirectPolicy,
    usage: AnnounceUsage,
    checks: RedirectionHealth | undefined,
    options: NameHealthOptions,
    needs: NameHealthNeeds,
  ) {
    this.#policy = policy;
    this.#usage = usage;
    this.checks = checks;
    this.#options = options;
    this.#needs = needs;
  }

  get shared(): SharedHealth | null {
    return this.checks?.shared ?? null;
  }

  onPlan(listener: (checks: SharedHealth | null) => void): void {
    this.#onPlan = listener;
  }

  /** First step of a reload. @returns puts the policy in force, and says what the thread that answers is to read then */
  async prepare(policy: RedirectPolicy): Promise<() => SharedHealth | null> {
    const usage = await readUsage(this.#needs.catalogue, trackersOf(policy));
    return () => {
      this.#policy = policy;
      this.#follow(usage);
      return this.shared;
    };
  }

  /** Counts again soon which ports the torrents name. */
  catalogueChanged(): void {
    if (this.#stopped || this.checks === undefined) return;
    this.#recount ??= setTimeout(() => void this.#countAgain(), RECOUNT_AFTER_MS);
  }

  usageOf(name: string): NameUsage {
    return this.#usage.of(name);
  }

  /** One entry for each address of the name. Of no address, where the checks are switched off. */
  addressesOf(entry: RedirectedName): AddressHealth[] {
    const { checks } = this;
    if (checks === undefined) return [];
    return entry.addresses.map((address, i) => ({
      address: formatIp(address),
      isUp: checks.isUp(entry, i),
      checks: checks.checksOf(entry, i),
    }));
  }

  /** Whether at least one address serves the name's users. */
  isUp(entry: RedirectedName): boolean {
    const { checks } = this;
    return checks === undefined || entry.addresses.some((_, i) => checks.isUp(entry, i));
  }

  /** Why the name is not redirected, or not to all of its addresses; undefined if nothing is wrong. */
  problemOf(name: string, entry: RedirectedName): string | undefined {
    const lost = this.usageOf(name).groups.find(({ ports }) => ports.length === 0);
    if (lost !== undefined && entry.target === 'tracker') {
      return `${lost.torrents} of its torrents announce only where this tracker cannot listen`;
    }
    const failed = this.addressesOf(entry).flatMap(({ isUp, checks }) =>
      isUp ? [] : checks.filter((each) => each.isUp === false).map(({ url, reason }) => `${url}: ${reason}`),
    );
    return failed.length === 0 ? undefined : [...new Set(failed)].join(', ');
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#recount);
    await this.checks?.stop();
  }

  async #countAgain(): Promise<void> {
    try {
      const policy = this.#policy;
      const usage = await readUsage(this.#needs.catalogue, trackersOf(policy));
      // A reload meanwhile has counted by itself.
      if (this.#stopped || this.#policy !== policy) return;
      this.#follow(usage);
      this.#onPlan(this.shared);
    } catch (thrown) {
      this.#needs.log.error({ err: thrown }, `DNS redirection: the announce URLs cannot be read: ${messageOf(thrown)}`);
    } finally {
      this.#recount = undefined;
    }
  }

  #follow(usage: AnnounceUsage): void {
    this.#usage = usage;
    this.checks?.follow(planOf(this.#policy, usage, this.#options));
  }
}

function planOf(policy: RedirectPolicy, usage: AnnounceUsage, { trackerPorts }: NameHealthOptions): HealthPlan {
  return healthPlan(policy, (name, entry) => portNeeds(name, entry, usage, trackerPorts));
}

function trackersOf({ names }: RedirectPolicy): string[] {
  return [...names].filter(([, { target }]) => target === 'tracker').map(([name]) => name);
}
