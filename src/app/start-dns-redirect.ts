/**
 * The DNS redirection in a thread of its own, and what withdraws its names: a mirror site or a tracker that does not answer
 * is not redirected to. A thread that ends is started again on the same ports, with the names and the health of now.
 */
import type { Config } from '../config/config-schema.js';
import { createDnsCounterMemory, type DnsCounters, dnsCountersOver } from '../dns-redirect/counters.js';
import type { DnsThreadStart, TargetHealth } from '../dns-redirect/dns-redirect-messages.js';
import { DnsThread } from '../dns-redirect/dns-redirect-thread.js';
import { compileRedirectPolicy, type RedirectPolicy } from '../dns-redirect/redirect-policy.js';
import { messageOf } from '../domain/errors.js';
import type { Endpoint } from '../net/endpoint.js';
import { createVitals } from '../threads/thread-vitals.js';
import type { Health } from './health.js';
import type { Apply } from './reload.js';
import { Restarts, type SupervisionContext } from './supervision/restarts.js';

type DnsRedirectConfig = NonNullable<Config['dnsRedirect']>;

/** The part's name in readiness, log and metrics. */
const PART = 'DNS redirection';

export interface DnsContext extends SupervisionContext {
  readonly health: Health;
  /** Of the thread that serves the mirror site; null where this program serves none. */
  readonly mirrorVitals: SharedArrayBuffer | null;
}

export class DnsPart {
  /** As they were at the first start; a new start has the same. */
  readonly addresses: readonly Endpoint[];
  readonly supervision: Restarts;
  /** How the thread is. */
  readonly vitals: SharedArrayBuffer;
  readonly #context: DnsContext;
  readonly #counters: DnsCounters;
  /** Of the next start: as given, with what was set since. */
  #start: DnsThreadStart;
  #thread: DnsThread;
  #serial: number;
  readonly #unsubscribe: () => void;

  /** @throws OperatorError where the first start fails: that is for the operator to repair */
  static async start(config: DnsRedirectConfig, context: DnsContext): Promise<DnsPart> {
    const { health, logger, mirrorVitals } = context;
    const start: DnsThreadStart = {
      listen: config.listen,
      upstreamResolvers: config.upstreamResolvers,
      clientQueriesPerSecond: config.queriesPerSecondPerClient,
      policy: compile(config, 1),
      health: healthOfTargets(health),
      debug: logger.isLevelEnabled('debug'),
      counters: createDnsCounterMemory(),
      vitals: createVitals(),
      mirrorVitals,
    };
    let part: DnsPart | undefined;
    const thread = await DnsThread.start(start, logger, (reason) => {
      if (part !== undefined) part.#ended(reason);
    });
    part = new DnsPart(thread, start, context);
    return part;
  }

  private constructor(thread: DnsThread, start: DnsThreadStart, context: DnsContext) {
    this.#thread = thread;
    this.#context = context;
    this.#serial = start.policy.serial;
    this.addresses = thread.addresses;
    this.#start = { ...start, listen: thread.addresses };
    this.vitals = start.vitals;
    this.#counters = dnsCountersOver(start.counters);
    this.supervision = new Restarts(PART, context, () => this.#startAgain());
    this.#unsubscribe = context.health.onChange(() => this.#setHealth());
  }

  /** False while the thread is down. */
  get isUp(): boolean {
    return this.supervision.isUp;
  }

  get policy(): RedirectPolicy {
    return this.#start.policy;
  }

  counters(): DnsCounters {
    return { ...this.#counters, byType: { ...this.#counters.byType } };
  }

  /**
   * Takes names, addresses and clients; listeners and resolvers stay. Without its section it redirects nothing and goes on
   * forwarding until the restart, because clients still ask it.
   * @throws OperatorError
   */
  prepare(config: DnsRedirectConfig | undefined): Apply {
    const serial = this.#serial + 1;
    const policy = config === undefined ? { ...this.policy, names: new Map(), serial } : compile(config, serial);
    return () => {
      this.#serial = policy.serial;
      this.#start = { ...this.#start, policy };
      this.#thread.setPolicy(policy);
    };
  }

  /** Ends a thread that does not answer any more; another one is started. */
  abandon(reason: Error): void {
    this.#thread.abandon(reason);
  }

  async stop(): Promise<void> {
    this.#unsubscribe();
    await this.supervision.stop();
    await this.#thread.stop();
  }

  #setHealth(): void {
    const health = healthOfTargets(this.#context.health);
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
    const thread = await DnsThread.start(given, this.#context.logger, (reason) => this.#ended(reason));
    this.#thread = thread;
    const { policy, health } = this.#start;
    if (policy !== given.policy) thread.setPolicy(policy);
    if (health !== given.health) thread.setHealth(health);
  }
}

function compile(
  { clients, queriesPerSecondPerClient: _, ...rules }: DnsRedirectConfig,
  serial: number,
): RedirectPolicy {
  return compileRedirectPolicy({ ...rules, ...(clients.length > 0 ? { clients } : {}), serial });
}

function healthOfTargets(health: Pick<Health, 'isHealthy'>): TargetHealth {
  return { mirror: health.isHealthy('mirror site'), tracker: health.isHealthy('tracker') };
}
