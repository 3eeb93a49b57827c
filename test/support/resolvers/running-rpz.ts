/** The RPZ server as the application runs it, with a database in memory and targets that a test makes unhealthy. */

import type { Config } from '../../../src/config/config-schema.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { RedirectedName } from '../../../src/dns-redirect/redirect-policy.js';
import { RunningRpz } from '../../../src/dns-redirect/rpz/running-rpz.js';
import { createLogger } from '../../../src/logging/logger.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { formatEndpoint } from '../../../src/net/endpoint.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { CLIENTS, EXEMPT, MIRROR, TRACKER } from './expectations.js';

export const SECRET = 'c2VjcmV0LW9mLXRoZS1sYWItMTIzNDU2Nzg5MA==';

export interface TestedRpz {
  readonly running: RunningRpz;
  readonly health: { mirror: boolean; tracker: boolean };
  /** After a change of {@link health}. */
  healthChanged(): void;
  reload(sites: readonly string[]): void;
  /** As if the program were killed. */
  stop(): Promise<void>;
  /** As the program ends by itself. */
  endCleanly(): Promise<void>;
  /** Again on the same address, with the same database. */
  start(): Promise<void>;
}

export interface TestedRpzOptions {
  readonly listen: Endpoint;
  readonly resolver: Endpoint;
  readonly secondaries: readonly object[];
  /** Shorter than a configuration may say, so that a test sees it pass. */
  readonly expireSeconds: number;
  readonly serials?: 'even' | 'odd';
}

export async function startRpz(options: TestedRpzOptions): Promise<TestedRpz> {
  const database = openDatabase(':memory:');
  const listeners = new Set<(atMs: number) => void>();
  const health = { mirror: true, tracker: true };
  const needs = {
    clock: { nowMs: () => Date.now() },
    log: createLogger('silent'),
    database,
    redirections: () => config.dnsRedirect,
    trackerListeners: () => [],
    redirectionHealth: () => ({
      isHealthy: ({ target }: RedirectedName) => health[target],
      onChange: (listener: (atMs: number) => void) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    }),
  };
  let config = configOf(options, ['popular.example']);
  let running = await RunningRpz.start(config, needs, undefined);
  return {
    get running() {
      return running;
    },
    health,
    healthChanged: () => {
      for (const listener of listeners) listener(Date.now());
    },
    reload: (sites) => {
      config = configOf(options, sites);
      running.prepare(config)();
    },
    stop: () => running.stop(),
    endCleanly: async () => {
      await running.beforeExit();
      await running.stop();
    },
    start: async () => {
      running = await RunningRpz.start(config, needs, running);
    },
  };
}

function configOf(
  { listen, resolver, secondaries, expireSeconds, serials }: TestedRpzOptions,
  sites: readonly string[],
): Config {
  const config = parseConfig(
    JSON.stringify({
      operator: { name: 'Lab', networks: [{ asn: 64500, prefixes: [CLIENTS, '203.0.113.0/24'] }] },
      upstream: { resolvers: [formatEndpoint(resolver)] },
      dnsRedirect: {
        clients: [CLIENTS, '2001:db8:100::/48'],
        optOut: [`${EXEMPT}/32`],
        mirrorAddresses: [MIRROR.A, MIRROR.AAAA],
        trackerAddresses: [TRACKER],
        sites,
        trackers: ['tracker.popular.example'],
        ttl: '1s',
        rpz: {
          listen: [formatEndpoint(listen)],
          secondaries,
          keys: [{ name: 'isp', secret: SECRET }],
          serials,
        },
      },
    }),
  );
  const dnsRedirect = config.dnsRedirect!;
  return { ...config, dnsRedirect: { ...dnsRedirect, rpz: { ...dnsRedirect.rpz!, expireSeconds } } };
}
