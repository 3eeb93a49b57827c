/** The DNS redirection, and what withdraws its names: a mirror site or a tracker that does not answer is not redirected to. */
import type { Config } from '../config/config-schema.js';
import type { DnsCounters } from '../dns-redirect/counters.js';
import { createDnsRedirect } from '../dns-redirect/dns-redirect.js';
import { compileRedirectPolicy, type RedirectPolicy } from '../dns-redirect/redirect-policy.js';
import type { Clock } from '../domain/clock.js';
import type { Endpoint } from '../domain/endpoint.js';
import type { Health } from './health.js';
import type { Logger } from './logger.js';

type DnsRedirectConfig = NonNullable<Config['dnsRedirect']>;

export interface DnsPart {
  readonly addresses: readonly Endpoint[];
  readonly policy: RedirectPolicy;
  counters(): DnsCounters;
  /** Takes names, addresses and clients; listeners and resolvers stay. @throws OperatorError, with the old ones in force */
  reload(config: DnsRedirectConfig | undefined): void;
  stop(): Promise<void>;
}

export async function startDnsRedirect(
  config: DnsRedirectConfig,
  context: { readonly clock: Clock; readonly logger: Logger; readonly health: Health },
): Promise<DnsPart> {
  let serial = 1;
  const compile = (from: DnsRedirectConfig): RedirectPolicy => {
    const { clients, queriesPerSecondPerClient: _, ...rules } = from;
    return compileRedirectPolicy({ ...rules, ...(clients.length > 0 ? { clients } : {}), serial: serial++ });
  };
  const { health } = context;
  const server = createDnsRedirect({
    listen: config.listen,
    policy: compile(config),
    upstreamResolvers: config.upstreamResolvers,
    clock: context.clock,
    clientQueriesPerSecond: config.queriesPerSecondPerClient,
    log: context.logger,
    isHealthy: (target) => health.isHealthy(target === 'mirror' ? 'mirror site' : 'tracker'),
  });
  await server.start();
  return {
    get addresses() {
      return server.addresses;
    },
    get policy() {
      return server.policy;
    },
    counters: () => server.counters(),
    reload: (next) => {
      if (next) server.setPolicy(compile(next));
    },
    stop: () => server.stop(),
  };
}
