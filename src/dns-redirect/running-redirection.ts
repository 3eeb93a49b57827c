/**
 * The DNS redirection in a thread of its own. It withdraws the names of a mirror site or a tracker that does not answer. When
 * the thread ends, another one is started on the same ports, with the current names and health.
 */
import { messageOf } from '../domain/errors.js';
import { type Endpoint, formatEndpoint } from '../net/endpoint.js';
import type { Apply, PartContext, PartListener, PartThread, RunningPart, Supervision } from '../part/part.js';
import { createVitals } from '../threads/thread-vitals.js';
import type { AnnounceListener } from './bittorrent-text.js';
import { createDnsCounterMemory, type DnsCounters, dnsCountersOver } from './counters.js';
import type { TargetHealth } from './dns-redirect-messages.js';
import { DnsThread, type DnsThreadOptions } from './dns-redirect-thread.js';
import type { HealthNeeds, RunningHealth } from './health/running-health.js';
import { NameCounters, type NameCounts } from './name-counters.js';
import type { RedirectPolicy } from './redirect-policy.js';
import type { RedirectConfig } from './section.js';
import type { LimitedPrefix } from './serve/client-rates.js';
import type { ServerSettings } from './server-settings.js';
import { settingsOf } from './settings-of-config.js';

/** The sections that its settings are made of. */
type SettingSections = Pick<RedirectConfig, 'dnsRedirect' | 'operator' | 'storage'>;

/** What it needs of other parts. */
export interface RedirectNeeds extends Pick<PartContext, 'supervise' | 'log'>, Pick<HealthNeeds, 'targets'> {
  /** Where the tracker really listens. */
  readonly trackerListeners: () => readonly AnnounceListener[];
  readonly redirectionHealth: () => Pick<RunningHealth, 'shared' | 'onPlan'>;
  /** The vitals of the thread that serves the mirror site; null if this program serves none. */
  readonly mirrorVitals: () => SharedArrayBuffer | null;
}

export class RunningRedirection implements RunningPart<RedirectConfig>, PartThread {
  /** The addresses and ports of the first start. A restart of the thread listens on the same ones. */
  readonly addresses: readonly Endpoint[];
  readonly supervision: Supervision;
  /** Beat and delay of the thread, in shared memory. */
  readonly vitals: SharedArrayBuffer;
  readonly #needs: RedirectNeeds;
  readonly #counters: DnsCounters;
  /** The options for the next start: those of the first start, with all later changes. */
  #start: DnsThreadOptions;
  #thread: DnsThread;
  #serial: number;
  readonly #unsubscribe: () => void;

  /** @throws OperatorError if the first start fails: the operator has to repair the cause */
  static async start(
    { dnsRedirect: config, operator, storage }: SettingSections,
    needs: RedirectNeeds,
  ): Promise<RunningRedirection> {
    if (config === undefined) throw new Error('the redirection is started only where it is configured');
    const { targets, log, mirrorVitals } = needs;
    const start: DnsThreadOptions = {
      listen: config.listen,
      settings: settingsOf(config, { operator, storage }, 1, needs.trackerListeners()),
      health: healthOf(targets),
      checks: needs.redirectionHealth().shared,
      debug: log.isLevelEnabled('debug'),
      counters: createDnsCounterMemory(),
      vitals: createVitals(),
      mirrorVitals: mirrorVitals(),
    };
    let part: RunningRedirection | undefined;
    const thread = await DnsThread.start(start, log, (reason) => {
      if (part !== undefined) part.#ended(reason);
    });
    part = new RunningRedirection(thread, start, needs);
    return part;
  }

  private constructor(thread: DnsThread, start: DnsThreadOptions, needs: RedirectNeeds) {
    this.#thread = thread;
    this.#needs = needs;
    this.#serial = start.settings.policy.serial;
    this.addresses = thread.addresses;
    this.#start = { ...start, listen: thread.addresses };
    this.vitals = start.vitals;
    this.#counters = dnsCountersOver(start.counters);
    this.supervision = needs.supervise(() => this.#startAgain());
    const leave = [
      needs.targets.onChange(() => this.#setHealth()),
      needs.redirectionHealth().onPlan(() => this.#setSettings(this.#start.settings)),
    ];
    this.#unsubscribe = () => {
      for (const each of leave) each();
    };
  }

  /** False while the thread is down. */
  get isUp(): boolean {
    return this.supervision.isUp;
  }

  get listeners(): readonly PartListener[] {
    const about = 'redirects the listed names, forwards the rest';
    return this.addresses.map((address) => ({ ...address, url: `dns://${formatEndpoint(address)}`, about }));
  }

  get threads(): readonly [this] {
    return [this];
  }

  get policy(): RedirectPolicy {
    return this.#start.settings.policy;
  }

  counters(): DnsCounters {
    return { ...this.#counters, byType: { ...this.#counters.byType } };
  }

  /** Questions about each name since the start. */
  nameCounts(): (NameCounts & { readonly name: string })[] {
    const { policy, nameCounters } = this.#start.settings;
    const counters = new NameCounters(nameCounters);
    return [...policy.names].map(([name, entry]) => ({ name, ...counters.of(entry) }));
  }

  /** Clients over their rate, as of the last second. */
  limitedPrefixes(): readonly LimitedPrefix[] {
    return this.#thread.limitedPrefixes;
  }

  /**
   * Takes all but new addresses to listen on. Without its section it redirects nothing, but it forwards until the restart,
   * because clients still ask it.
   * @throws OperatorError
   */
  prepare({ dnsRedirect: config, operator, storage }: SettingSections): Apply {
    const serial = this.#serial + 1;
    const { settings: before } = this.#start;
    const settings =
      config === undefined
        ? withoutNames(before, serial)
        : settingsOf(config, { operator, storage }, serial, this.#needs.trackerListeners());
    return () => {
      this.#serial = serial;
      const { policy, nameCounters } = this.#start.settings;
      new NameCounters(settings.nameCounters).continueFrom(new NameCounters(nameCounters), policy, settings.policy);
      this.#setSettings(settings);
    };
  }

  /** Ends a stuck thread. Another one is started. */
  abandon(reason: Error): void {
    this.#thread.abandon(reason);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.supervision.stop();
    await this.#thread.stop();
  }

  /** Also sends the health checks, because a reload changes that part first. */
  #setSettings(settings: ServerSettings): void {
    const checks = this.#needs.redirectionHealth().shared;
    this.#start = { ...this.#start, settings, checks };
    this.#thread.setSettings(settings, checks);
  }

  #setHealth(): void {
    const health = healthOf(this.#needs.targets);
    const { mirror, tracker } = this.#start.health;
    if (health.mirror === mirror && health.tracker === tracker) return;
    this.#start = { ...this.#start, health };
    this.#thread.setHealth(health);
  }

  #ended(reason: Error): void {
    this.supervision.failed(reason, `the thread that answers DNS has ended: ${messageOf(reason)}`);
  }

  async #startAgain(): Promise<void> {
    const given = this.#start;
    const thread = await DnsThread.start(given, this.#needs.log, (reason) => this.#ended(reason));
    this.#thread = thread;
    const { settings, health, checks } = this.#start;
    if (settings !== given.settings || checks !== given.checks) thread.setSettings(settings, checks);
    if (health !== given.health) thread.setHealth(health);
  }
}

function withoutNames(before: ServerSettings, serial: number): ServerSettings {
  const policy: RedirectPolicy = { ...before.policy, names: new Map(), serial };
  return { ...before, policy, nameCounters: NameCounters.memoryFor(policy) };
}

function healthOf(targets: RedirectNeeds['targets']): TargetHealth {
  return { mirror: targets.mirrorIsHealthy(), tracker: targets.trackerIsHealthy() };
}
