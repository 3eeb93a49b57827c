/**
 * The DNS server that redirects the listed names and forwards all others (draft section 4.2). It listens over UDP and TCP on
 * each address. New settings replace the old ones whole, between two queries.
 */
import { randomBytes } from 'node:crypto';
import type { Clock } from '../domain/clock.js';
import { NetworkSet } from '../domain/network-set.js';
import { type Endpoint, isWildcard } from '../net/endpoint.js';
import { listenError } from '../net/listen-error.js';
import { addressesOfListener } from '../net/machine-addresses.js';
import type { DatagramListener, Transport } from '../transport/transport.js';
import { AnswerWriter } from './answer-template.js';
import { createDnsCounterMemory, type DnsCounters, dnsCountersOver } from './counters.js';
import { ALWAYS, type RedirectState } from './decide.js';
import { type DnsLog, silentDnsLog } from './dns-log.js';
import { Forwarder } from './forward/forwarder.js';
import { LoopProbe } from './forward/loop-probe.js';
import { LOOP_PROBE_EVERY_MS, MAX_SHOWN_LIMITED_PREFIXES } from './limits.js';
import { NameCounters } from './name-counters.js';
import { refuseOwnAddresses } from './refuse-own-addresses.js';
import { ClientRates, type LimitedPrefix } from './serve/client-rates.js';
import { Responder } from './serve/responder.js';
import { ServerCookies } from './serve/server-cookies.js';
import { TcpConnections } from './serve/tcp-connections.js';
import { openTcpListener } from './serve/tcp-listener.js';
import { UdpService } from './serve/udp-service.js';
import type { ServerSettings } from './server-settings.js';
import type { TcpServer } from './tcp-server.js';

export interface DnsRedirectOptions {
  /** Port 0: a free port, the same for UDP and TCP. */
  readonly listen: readonly Endpoint[];
  readonly settings: ServerSettings;
  /** Carries UDP. It runs from `start` to `stop`. */
  readonly transport: Transport;
  readonly clock: Clock;
  /** Asked for each query of a listed name, so it must be fast. Default: every target is healthy at all times. */
  readonly state?: RedirectState;
  readonly log?: DnsLog;
  /** Counters to continue; default: new ones. */
  readonly counters?: DnsCounters;
  readonly attemptEveryMs?: number;
  readonly maxQuestionsInFlight?: number;
  readonly tcpIdleTimeoutMs?: number;
}

export interface DnsRedirect {
  /** @throws OperatorError if an address cannot be bound, or an upstream resolver is this server itself */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where it listens over UDP and TCP; empty before `start`. */
  readonly addresses: readonly Endpoint[];
  setSettings(settings: ServerSettings): void;
  /** Probes again for upstream resolvers that forward to this server, as `start` does and then each minute. */
  probeLoops(): Promise<void>;
  /** A copy. */
  counters(): DnsCounters;
  /** The clients over their rate. Those with the most questions over it come first. */
  limitedPrefixes(): LimitedPrefix[];
}

/** The transport's loop handles messages of other threads and timers this often. */
const TICK_MS = 20;
const MAX_PORT_ATTEMPTS = 10;
/** Such an address means something only with its interface. */
const LINK_LOCAL = /^fe[89ab]/i;

export function createDnsRedirect(options: DnsRedirectOptions): DnsRedirect {
  return new Server(options);
}

class Server implements DnsRedirect {
  readonly #options: DnsRedirectOptions;
  readonly #counters: DnsCounters;
  readonly #forwarder: Forwarder;
  readonly #rates: ClientRates;
  readonly #loopProbe: LoopProbe;
  readonly #responder: Responder;
  readonly #connections = new TcpConnections();
  #settings: ServerSettings;
  #addresses: Endpoint[] = [];
  #tcp: TcpServer[] = [];
  #running: Promise<void> | undefined;
  #probeTimer: NodeJS.Timeout | undefined;

  constructor(options: DnsRedirectOptions) {
    const { settings, clock, log = silentDnsLog } = options;
    const counters = options.counters ?? dnsCountersOver(createDnsCounterMemory());
    this.#options = options;
    this.#settings = settings;
    this.#counters = counters;
    this.#rates = new ClientRates(settings.rates);
    this.#forwarder = new Forwarder({
      resolvers: settings.upstreamResolvers,
      transport: options.transport,
      clock,
      log,
      cacheBytes: settings.cacheBytes,
      onCoalesced: () => {
        counters.coalesced++;
      },
      ...(options.attemptEveryMs === undefined ? {} : { attemptEveryMs: options.attemptEveryMs }),
      ...(options.maxQuestionsInFlight === undefined ? {} : { maxInFlight: options.maxQuestionsInFlight }),
    });
    this.#loopProbe = new LoopProbe(this.#forwarder, clock, log);
    this.#responder = new Responder(
      {
        state: options.state ?? ALWAYS,
        forwarder: this.#forwarder,
        clock,
        rates: this.#rates,
        writer: new AnswerWriter(
          new ServerCookies(
            () => randomBytes(16),
            () => Math.floor(clock.nowMs() / 1_000),
          ),
        ),
        counters,
        loopProbe: this.#loopProbe,
        log,
      },
      settings.policy,
      new NameCounters(settings.nameCounters),
      new NetworkSet(settings.allowQueries),
    );
  }

  get addresses(): readonly Endpoint[] {
    return this.#addresses;
  }

  async start(): Promise<void> {
    try {
      for (const endpoint of this.#options.listen) this.#addresses.push(await this.#listenOn(endpoint));
      refuseOwnAddresses(this.#addresses, this.#settings.upstreamResolvers);
    } catch (thrown) {
      await this.stop();
      throw thrown;
    }
    this.#running = this.#options.transport.run(() => {}, TICK_MS);
    // An error of the loop is a defect of its thread: nothing can be answered without it.
    this.#running.catch((thrown: unknown) => {
      setImmediate(() => {
        throw thrown;
      });
    });
    void this.#loopProbe.run();
    this.#probeTimer = setInterval(() => void this.#loopProbe.run(), LOOP_PROBE_EVERY_MS).unref();
  }

  async stop(): Promise<void> {
    clearInterval(this.#probeTimer);
    const closing = this.#tcp;
    this.#tcp = [];
    this.#addresses = [];
    this.#options.transport.stop();
    await Promise.all(closing.map((listener) => listener.close()));
    this.#forwarder.close();
    await this.#running?.catch(() => undefined);
  }

  setSettings(settings: ServerSettings): void {
    this.#settings = settings;
    this.#responder.setPolicy(settings.policy, new NameCounters(settings.nameCounters));
    this.#responder.setAllowed(new NetworkSet(settings.allowQueries));
    this.#rates.setRules(settings.rates);
    this.#forwarder.setResolvers(settings.upstreamResolvers);
    this.#forwarder.cache.setMaxBytes(settings.cacheBytes);
  }

  probeLoops(): Promise<void> {
    return this.#loopProbe.run();
  }

  counters(): DnsCounters {
    return { ...this.#counters, byType: { ...this.#counters.byType } };
  }

  limitedPrefixes(): LimitedPrefix[] {
    return this.#rates.limited(MAX_SHOWN_LIMITED_PREFIXES);
  }

  async #listenOn(endpoint: Endpoint): Promise<Endpoint> {
    for (let attempt = 1; ; attempt++) {
      let tcp: TcpServer | undefined;
      const opened: DatagramListener[] = [];
      try {
        tcp = await this.#openTcp(endpoint);
        for (const host of this.#udpHosts(endpoint.host)) {
          const address = { protocol: 'udp', host, port: tcp.port, ipv6Only: true } as const;
          opened.push(await new UdpService(this.#responder).listen(this.#options.transport, address));
        }
        this.#tcp.push(tcp);
        return { host: endpoint.host, port: tcp.port };
      } catch (thrown) {
        await tcp?.close();
        for (const listener of opened) listener.close();
        // The port that the system chose for TCP may be taken for UDP.
        if (tcp !== undefined && endpoint.port === 0 && attempt < MAX_PORT_ATTEMPTS) continue;
        throw listenError({ ...endpoint, protocol: 'dns' }, { cause: thrown, key: 'dnsRedirect.listen' });
      }
    }
  }

  /**
   * Clients ignore an answer from another address than they asked. A transport that cannot choose the source of an answer
   * gets a socket for each address of this machine instead of one for all.
   */
  #udpHosts(host: string): readonly string[] {
    const { transport, log = silentDnsLog } = this.#options;
    if (!isWildcard(host) || transport.answersFromAskedAddress) return [host];
    const hosts = addressesOfListener(host).filter((each) => each !== host && !LINK_LOCAL.test(each));
    if (hosts.length === 0) return [host];
    log.warn(
      { addresses: hosts },
      `dnsRedirect.listen: ${host} takes the addresses that this machine has now; a new address needs a restart`,
    );
    return hosts;
  }

  #openTcp(endpoint: Endpoint): Promise<TcpServer> {
    const { clock, tcpIdleTimeoutMs } = this.#options;
    return openTcpListener(endpoint, {
      responder: this.#responder,
      rates: this.#rates,
      clock,
      connections: this.#connections,
      onCrowded: () => {
        this.#counters.connectionsCrowded++;
      },
      ...(tcpIdleTimeoutMs === undefined ? {} : { idleTimeoutMs: tcpIdleTimeoutMs }),
    });
  }
}
