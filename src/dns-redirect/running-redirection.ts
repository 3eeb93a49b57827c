/**
 * The DNS redirection in a thread of its own. It withdraws the names of a mirror site or a tracker that does not answer. When
 * the thread ends, another one is started on the same ports, with the current names and health.
 */
import { messageOf } from '../domain/errors.js';
import { type Endpoint, formatEndpoint } from '../net/endpoint.js';
import type { Apply, PartContext, PartListener, PartThread, RunningPart, Supervision } from '../part/part.js';
import { createVitals } from '../threads/thread-vitals.js';
import { clientKeyIn } from './client-key.js';
import { createDnsCounterMemory, type DnsCounters, dnsCountersOver } from './counters.js';
import type { DnsThreadStart, TargetHealth } from './dns-redirect-messages.js';
import { DnsThread } from './dns-redirect-thread.js';
import type { HealthNeeds, RunningHealth } from './health/running-health.js';
import { compileRedirectPolicy, type RedirectPolicy } from './redirect-policy.js';
import type { RedirectConfig, RedirectSection } from './section.js';

/** What it needs of other parts. */
export interface RedirectNeeds extends Pick<PartContext, 'supervise' | 'log'>, Pick<HealthNeeds, 'targets'> {
  readonly redirectionHealth: () => Pick<RunningHealth, 'shared' | 'onPlan'>;
  /** Of the thread that serves the mirror site; null if this program serves none. */
  readonly mirrorVitals: () => SharedArrayBuffer | null;
}

export class RunningRedirection implements RunningPart<RedirectConfig>, PartThread {
  /** Of the first start. A restart listens on the same addresses and ports. */
  readonly addresses: readonly Endpoint[];
  readonly supervision: Supervision;
  /** Beat and delay of the thread, in shared memory. */
  readonly vitals: SharedArrayBuffer;
  readonly #needs: RedirectNeeds;
  readonly #counters: DnsCounters;
  /** Of the next start: those of the first one, with all later changes. */
  #start: DnsThreadStart;
  #thread: DnsThread;
  #serial: number;
  readonly #unsubscribe: () => void;

  /** @throws OperatorError if the first start fails: the operator has to repair the cause */
  static async start(
    { dnsRedirect: config, storage }: Pick<RedirectConfig, 'dnsRedirect' | 'storage'>,
    needs: RedirectNeeds,
  ): Promise<RunningRedirection> {
    if (config === undefined) throw new Error('the redirection is started only where it is configured');
    const { targets, log, mirrorVitals } = needs;
    const policy = compile(config, storage, 1);
    const start: DnsThreadStart = {
      listen: config.listen,
      upstreamResolvers: config.upstreamResolvers,
      clientQueriesPerSecond: config.queriesPerSecondPerClient,
      policy,
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

  private constructor(thread: DnsThread, start: DnsThreadStart, needs: RedirectNeeds) {
    this.#thread = thread;
    this.#needs = needs;
    this.#serial = start.policy.serial;
    this.addresses = thread.addresses;
    this.#start = { ...start, listen: thread.addresses };
    this.vitals = start.vitals;
    this.#counters = dnsCountersOver(start.counters);
    this.supervision = needs.supervise(() => this.#startAgain());
    const leave = [
      needs.targets.onChange(() => this.#setHealth()),
      needs.redirectionHealth().onPlan(() => this.#setPolicy(this.policy)),
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

  get thread(): this {
    return this;
  }

  get policy(): RedirectPolicy {
    return this.#start.policy;
  }

  counters(): DnsCounters {
    return { ...this.#counters, byType: { ...this.#counters.byType } };
  }

  /**
   * Takes new names, addresses and clients; listeners and resolvers stay. Without its section it redirects nothing, but it
   * forwards until the restart, because clients still ask it.
   * @throws OperatorError
   */
  prepare({ dnsRedirect: config, storage }: Pick<RedirectConfig, 'dnsRedirect' | 'storage'>): Apply {
    const serial = this.#serial + 1;
    const policy =
      config === undefined ? { ...this.policy, names: new Map(), serial } : compile(config, storage, serial);
    return () => {
      this.#serial = policy.serial;
      this.#setPolicy(policy);
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

  /** With the health of its names, whose part is reloaded before this one. */
  #setPolicy(policy: RedirectPolicy): void {
    const checks = this.#needs.redirectionHealth().shared;
    this.#start = { ...this.#start, policy, checks };
    this.#thread.setPolicy(policy, checks);
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
    const { policy, health, checks } = this.#start;
    if (policy !== given.policy || checks !== given.checks) thread.setPolicy(policy, checks);
    if (health !== given.health) thread.setHealth(health);
  }
}

function compile(section: RedirectSection, { directory }: RedirectConfig['storage'], serial: number): RedirectPolicy {
  const key = section.percent === 100 ? {} : { clientKey: clientKeyIn(directory) };
  return compileRedirectPolicy({ ...section, ...key, serial });
}

function healthOf(targets: RedirectNeeds['targets']): TargetHealth {
  return { mirror: targets.mirrorIsHealthy(), tracker: targets.trackerIsHealthy() };
}
