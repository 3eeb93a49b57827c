/**
 * The health of the redirected names as a part of the program, beside the server that answers and the one that transfers
 * zones: which names have a target that serves their users. The result depends on the names, on the ports that torrents of
 * the catalogue name, on the parts of this program that are targets, and on the health checks.
 */

import { setTimeout as sleep } from 'node:timers/promises';
import type { Alarm } from '../../domain/alarm.js';
import { ClientError, messageOf } from '../../domain/errors.js';
import { formatIp, type IpAddress } from '../../domain/ip-address.js';
import { configuredResolvers } from '../../net/configured-resolvers.js';
import type { Apply, PartContext, RunningPart } from '../../part/part.js';
import { periodInForce } from '../../selection/billing-schedule.js';
import { chosenClients } from '../client-key.js';
import type { AnnouncePort, AnnounceUsage, NameUsage } from '../coverage/announce-usage.js';
import { readUsage, type TrackersOfTorrents } from '../coverage/read-usage.js';
import {
  type ClientRules,
  compileRedirectPolicy,
  type RedirectedName,
  type RedirectPolicy,
  type RedirectTarget,
} from '../redirect-policy.js';
import type { RedirectConfig, RedirectSection } from '../section.js';
import { DeniedTrackers } from './denied-trackers.js';
import type { Drill } from './health-messages.js';
import { type HealthPlan, healthPlan } from './health-plan.js';
import { HealthWatch, type SharedHealth } from './health-watch.js';
import { HttpsOriginals } from './https-originals.js';
import { portNeeds } from './port-needs.js';
import { alarmsOf, ORIGINAL_HAS_HTTPS } from './withdrawn-names.js';

export interface HealthNeeds extends Pick<PartContext, 'supervise' | 'log' | 'clock'> {
  readonly catalogue: TrackersOfTorrents;
  /** Where the tracker really listens. */
  readonly trackerListeners: () => readonly AnnouncePort[];
  /** Why nothing may connect to an original there; undefined if it may. */
  readonly blockedReason: (address: IpAddress, port: number) => string | undefined;
  /** Whether the parts of this program that are targets work. */
  readonly targets: {
    mirrorIsHealthy(): boolean;
    trackerIsHealthy(): boolean;
    onChange(listener: () => void): () => void;
  };
  /** Why nothing is redirected, if the operator has paused it or drains the tracker. */
  readonly redirectionOff: () => RedirectionOff | undefined;
}

export interface RedirectionOff {
  /** One sentence. */
  readonly text: string;
  /** Null: until resumed. */
  readonly untilMs: number | null;
}

type HealthConfig = Pick<RedirectConfig, 'dnsRedirect' | 'upstream' | 'storage'>;

/** What is known of the originals of redirected names. */
interface Originals {
  readonly denied: DeniedTrackers;
  readonly https: HttpsOriginals;
}

/** The catalogue changes many times in a row during a crawl. */
const RECOUNT_AFTER_MS = 1_000;
const ASK_ORIGINALS_EVERY_MS = 3_600_000;
/** The start waits at most this long for the originals, so that no name is redirected and at once withdrawn again. */
const ORIGINALS_FIRST_MS = 2_000;

export class RunningHealth implements RunningPart<HealthConfig> {
  readonly listeners = [];
  /** The thread of the checks. */
  readonly thread: HealthWatch;
  readonly #needs: HealthNeeds;
  readonly #healthChecks: boolean;
  readonly #planListeners = new Set<() => void>();
  readonly #originals: Originals;
  readonly #originalsTimer: NodeJS.Timeout;
  #policy: RedirectPolicy;
  #clients: ClientRules;
  #usage: AnnounceUsage;
  #recount: NodeJS.Timeout | undefined;
  #stopped = false;

  static async start(config: HealthConfig, needs: HealthNeeds): Promise<RunningHealth> {
    const { dnsRedirect } = config;
    if (dnsRedirect === undefined) throw new Error('started only where it is configured');
    const policy = namesOf(dnsRedirect);
    const usage = await readUsage(needs.catalogue, trackersOf(policy));
    const resolvers = configuredResolvers(config);
    const originals = {
      denied: new DeniedTrackers(resolvers),
      https: new HttpsOriginals(resolvers, needs.blockedReason),
    };
    const asked = askOriginals(originals, policy, dnsRedirect.healthChecks);
    await Promise.race([asked, sleep(ORIGINALS_FIRST_MS, undefined, { ref: false })]);
    const plan = planOf(policy, usage, originals, needs.trackerListeners(), dnsRedirect.healthChecks);
    const watch = await HealthWatch.start(plan, needs);
    const health = new RunningHealth(policy, usage, originals, watch, config, needs);
    void asked.then((changed) => health.#originalsAsked(changed));
    return health;
  }

  get threads(): readonly [HealthWatch] {
    return [this.thread];
  }

  private constructor(
    policy: RedirectPolicy,
    usage: AnnounceUsage,
    originals: Originals,
    watch: HealthWatch,
    config: HealthConfig,
    needs: HealthNeeds,
  ) {
    this.#policy = policy;
    this.#clients = clientsOf(config) ?? policy.clients;
    this.#usage = usage;
    this.thread = watch;
    this.#healthChecks = config.dnsRedirect?.healthChecks === true;
    this.#needs = needs;
    this.#originals = originals;
    this.#originalsTimer = setInterval(() => void this.#askOriginals(), ASK_ORIGINALS_EVERY_MS).unref();
  }

  /** The redirected names, without regard to clients and times, because health does not depend on them. */
  get policy(): RedirectPolicy {
    return this.#policy;
  }

  /** Who is redirected, with `dnsRedirect.percent`. */
  get clients(): ClientRules {
    return this.#clients;
  }

  /** Why nothing is redirected now, whatever the health; undefined in the usual case. */
  get off(): RedirectionOff | undefined {
    return this.#needs.redirectionOff();
  }

  /** The memory and the plan that the thread that answers DNS reads. */
  get shared(): SharedHealth {
    return this.thread.shared;
  }

  usageOf(name: string): NameUsage {
    return this.#usage.of(name);
  }

  /** Whether users of the name would be served there. @param address its index in the name's addresses */
  isHealthy(entry: RedirectedName, address: number): boolean {
    const { targets } = this.#needs;
    const isWell = entry.target === 'mirror' ? targets.mirrorIsHealthy() : targets.trackerIsHealthy();
    return isWell && this.thread.isUp(entry, address);
  }

  /** Whether at least one address serves the name's users. */
  isActive(entry: RedirectedName): boolean {
    return entry.addresses.some((_, i) => this.isHealthy(entry, i));
  }

  /** Why the name is not redirected, or not to all of its addresses; undefined if nothing is wrong. */
  problemOf(name: string, entry: RedirectedName): string | undefined {
    if (entry.target === 'tracker' && this.#originals.denied.has(name)) {
      return 'its TXT record asks nobody to announce there (BITTORRENT DENY ALL, BEP 34)';
    }
    if (!this.#healthChecks) return undefined;
    const lost = this.usageOf(name).groups.find(({ ports }) => ports.length === 0);
    if (lost !== undefined && entry.target === 'tracker') {
      return `${lost.torrents} of its torrents announce only where this tracker cannot listen`;
    }
    const failed = entry.addresses.flatMap((address, i) => {
      if (this.thread.isUp(entry, i)) return [];
      const checks = this.thread.checksOf(entry, i).filter(({ isUp }) => isUp === false);
      return checks.length > 0
        ? checks.map(({ target, protocol, url, reason }) => {
            const why = target === 'mirror' && protocol === 'https' ? ORIGINAL_HAS_HTTPS : '';
            return `${why}${url}: ${reason}`;
          })
        : [`${formatIp(address)} has not answered yet`];
    });
    return failed.length === 0 ? undefined : [...new Set(failed)].join(', ');
  }

  alarms(): readonly Alarm[] {
    return alarmsOf(this.#policy, this);
  }

  /** Called with the time when a name or an address may have changed its health. @returns unsubscribe */
  onChange(listener: (atMs: number) => void): () => void {
    const { targets, clock } = this.#needs;
    const leave = [targets.onChange(() => listener(clock.nowMs())), this.thread.onChange(listener)];
    return () => {
      for (const each of leave) each();
    };
  }

  /** Called when {@link shared} is another one, without a reload. @returns unsubscribe */
  onPlan(listener: () => void): () => void {
    this.#planListeners.add(listener);
    return () => void this.#planListeners.delete(listener);
  }

  drills(): Drill[] {
    return this.thread.drills();
  }

  /** Whether a period of the schedule covers the current time, or the schedule is empty. */
  isOpen(): boolean {
    const { schedule } = this.#policy;
    return schedule.length === 0 || periodInForce(schedule, this.#needs.clock.nowMs()) !== undefined;
  }

  /** @param seconds 0 ends it. It also ends by itself. @throws ClientError `unprocessable` without checks */
  drill(target: RedirectTarget, seconds: number): void {
    if (!this.#healthChecks) {
      throw new ClientError('unprocessable', 'dnsRedirect.healthChecks is false, so nothing would notice a drill');
    }
    this.thread.drill(target, this.#needs.clock.nowMs() + seconds * 1_000);
  }

  /** Without its section nothing is redirected. */
  async prepare(config: HealthConfig): Promise<Apply> {
    const { dnsRedirect } = config;
    const clients = clientsOf(config);
    const policy = dnsRedirect === undefined ? { ...this.#policy, names: new Map() } : namesOf(dnsRedirect);
    const usage = await readUsage(this.#needs.catalogue, trackersOf(policy));
    return () => {
      this.#policy = policy;
      this.#clients = clients ?? policy.clients;
      this.#follow(usage);
      void this.#askOriginals();
    };
  }

  /** Counts again soon which ports the torrents name. */
  catalogueChanged(): void {
    if (this.#stopped) return;
    this.#recount ??= setTimeout(() => void this.#countAgain(), RECOUNT_AFTER_MS);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    clearTimeout(this.#recount);
    clearInterval(this.#originalsTimer);
    this.#originals.denied.stop();
    this.#originals.https.stop();
    await this.thread.stop();
  }

  async #countAgain(): Promise<void> {
    try {
      const policy = this.#policy;
      const usage = await readUsage(this.#needs.catalogue, trackersOf(policy));
      // A reload meanwhile has counted by itself.
      if (this.#stopped || this.#policy !== policy) return;
      this.#follow(usage);
      for (const listener of this.#planListeners) listener();
    } catch (thrown) {
      this.#needs.log.error({ err: thrown }, `DNS redirection: the announce URLs cannot be read: ${messageOf(thrown)}`);
    } finally {
      this.#recount = undefined;
    }
  }

  async #askOriginals(): Promise<void> {
    this.#originalsAsked(await askOriginals(this.#originals, this.#policy, this.#healthChecks));
  }

  #originalsAsked(changed: boolean): void {
    if (!changed || this.#stopped) return;
    this.#follow(this.#usage);
    for (const listener of this.#planListeners) listener();
    this.thread.announceChange();
  }

  #follow(usage: AnnounceUsage): void {
    this.#usage = usage;
    const ports = this.#needs.trackerListeners();
    this.thread.follow(planOf(this.#policy, usage, this.#originals, ports, this.#healthChecks));
  }
}

/** A zone or an answer for one client needs no more than that some clients are redirected. */
function namesOf(section: RedirectSection): RedirectPolicy {
  return compileRedirectPolicy({ ...section, percent: 100 });
}

/** @throws OperatorError if the key that chooses the clients cannot be read */
function clientsOf({ dnsRedirect, storage }: HealthConfig): ClientRules | undefined {
  return dnsRedirect && compileRedirectPolicy({ ...dnsRedirect, ...chosenClients(dnsRedirect, storage) }).clients;
}

function planOf(
  policy: RedirectPolicy,
  usage: AnnounceUsage,
  { denied, https }: Originals,
  trackerPorts: readonly AnnouncePort[],
  healthChecks: boolean,
): HealthPlan {
  return healthPlan(policy, (name, entry) => {
    // A group without ports is never satisfied.
    if (entry.target === 'tracker' && denied.has(name)) return [[]];
    return healthChecks ? portNeeds(name, entry, usage, trackerPorts, (each) => https.has(each)) : [];
  });
}

/** @returns whether something is known that was not. Never rejects */
async function askOriginals(
  { denied, https }: Originals,
  policy: RedirectPolicy,
  healthChecks: boolean,
): Promise<boolean> {
  const changed = await Promise.all([
    denied.refresh(trackersOf(policy)),
    healthChecks ? https.refresh(namesOfTarget(policy, 'mirror')) : false,
  ]);
  return changed.includes(true);
}

function trackersOf(policy: RedirectPolicy): string[] {
  return namesOfTarget(policy, 'tracker');
}

function namesOfTarget({ names }: RedirectPolicy, target: RedirectTarget): string[] {
  return [...names].filter(([, entry]) => entry.target === target).map(([name]) => name);
}
