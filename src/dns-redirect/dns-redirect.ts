/**
 * The DNS server that redirects the listed names and forwards all others (draft section 4.2). It listens over UDP and TCP on
 * each address. A new policy replaces the old one whole, between two queries. Every client that reaches it may resolve
 * through it: the operator limits them by the firewall or the listening address.
 */
import type { Clock } from '../domain/clock.js';
import type { Endpoint } from '../net/endpoint.js';
import { listenError } from '../net/listen-error.js';
import { RateLimit } from '../net/rate-limit.js';
import { answerQuery } from './answer-query.js';
import { createDnsCounterMemory, type DnsCounters, dnsCountersOver } from './counters.js';
import { ALWAYS, type RedirectState } from './decide.js';
import { type DnsLog, silentDnsLog } from './dns-log.js';
import { Forwarder } from './forwarder.js';
import { CLIENT_BURST_QUERIES, CLIENT_QUERIES_PER_SECOND } from './limits.js';
import { LoopProbe } from './loop-probe.js';
import type { RedirectPolicy } from './redirect-policy.js';
import { refuseOwnAddresses } from './refuse-own-addresses.js';
import { openTcpListener, type TcpListener } from './tcp-listener.js';
import { openUdpListener, type UdpListener } from './udp-listener.js';

export interface DnsRedirectOptions {
  /** Port 0: a free port, the same for UDP and TCP. */
  readonly listen: readonly Endpoint[];
  readonly policy: RedirectPolicy;
  /** In the order of preference. */
  readonly upstreamResolvers: readonly Endpoint[];
  readonly clock: Clock;
  /** Asked for each redirected question, so it must be fast. Default: every target is healthy at all times. */
  readonly state?: RedirectState;
  readonly log?: DnsLog;
  /** Counters to continue; default: new ones. */
  readonly counters?: DnsCounters;
  /** For each client. Raise it if the clients are resolvers with many users. */
  readonly clientQueriesPerSecond?: number;
  readonly attemptTimeoutMs?: number;
  readonly tcpIdleTimeoutMs?: number;
}

export interface DnsRedirect {
  /** @throws OperatorError if an address cannot be bound, or an upstream resolver is this server itself */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** Where it listens over UDP and TCP; empty before `start`. */
  readonly addresses: readonly Endpoint[];
  readonly policy: RedirectPolicy;
  setPolicy(policy: RedirectPolicy): void;
  /** Probes again for upstream resolvers that forward to this server, as `start` does. */
  probeLoops(): Promise<void>;
  /** A copy. */
  counters(): DnsCounters;
}

export function createDnsRedirect(options: DnsRedirectOptions): DnsRedirect {
  const log = options.log ?? silentDnsLog;
  const counters = options.counters ?? dnsCountersOver(createDnsCounterMemory());
  const forwarder = new Forwarder({
    resolvers: options.upstreamResolvers,
    clock: options.clock,
    ...(options.attemptTimeoutMs === undefined ? {} : { attemptTimeoutMs: options.attemptTimeoutMs }),
  });
  const queriesPerSecond = options.clientQueriesPerSecond ?? CLIENT_QUERIES_PER_SECOND;
  const burst = Math.max(CLIENT_BURST_QUERIES, queriesPerSecond);
  const loopProbe = new LoopProbe(options.upstreamResolvers, forwarder, log);
  let policy = options.policy;
  let listeners: (UdpListener | TcpListener)[] = [];
  let addresses: Endpoint[] = [];
  const parts = {
    policy: () => policy,
    state: options.state ?? ALWAYS,
    forwarder,
    clock: options.clock,
    rate: new RateLimit(queriesPerSecond, burst),
    counters,
    loopProbe,
    log,
  };

  const listenOn = async (endpoint: Endpoint): Promise<Endpoint> => {
    for (let attempt = 1; ; attempt++) {
      const tcp = await openTcpListener(endpoint, {
        answer: (packet, client) => answerQuery(parts, packet, client, 'tcp'),
        onConnectionRefused: () => {
          counters.connectionsRefused++;
        },
        ...(options.tcpIdleTimeoutMs === undefined ? {} : { idleTimeoutMs: options.tcpIdleTimeoutMs }),
      });
      try {
        const bound = { host: endpoint.host, port: tcp.port };
        const udp = await openUdpListener(bound, (packet, client) => answerQuery(parts, packet, client, 'udp'));
        listeners.push(tcp, udp);
        return bound;
      } catch (thrown) {
        await tcp.close();
        // The port that the system chose for TCP may be taken for UDP.
        if (endpoint.port !== 0 || attempt >= 10) throw thrown;
      }
    }
  };

  const stop = async (): Promise<void> => {
    const closing = listeners;
    listeners = [];
    addresses = [];
    await Promise.all(closing.map((listener) => listener.close()));
  };

  return {
    async start() {
      try {
        for (const endpoint of options.listen) {
          addresses.push(
            await listenOn(endpoint).catch((thrown: unknown) => {
              throw listenError({ ...endpoint, protocol: 'dns' }, { cause: thrown, key: 'dnsRedirect.listen' });
            }),
          );
        }
        refuseOwnAddresses(addresses, options.upstreamResolvers);
      } catch (thrown) {
        await stop();
        throw thrown;
      }
      void loopProbe.run();
    },
    stop,
    get addresses() {
      return addresses;
    },
    get policy() {
      return policy;
    },
    setPolicy(next) {
      policy = next;
    },
    probeLoops: () => loopProbe.run(),
    counters: () => ({ ...counters, byType: { ...counters.byType } }),
  };
}
