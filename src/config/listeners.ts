/**
 * Every socket that a configuration opens, whichever part opens it, so that clashes are found before the start and `::`
 * leaves IPv4 to a listener that names it. The order of listeners never matters.
 */

import type { ConfiguredSocket, Report } from '../config-kit/config-part.js';
import { formatPath } from '../config-kit/config-problem.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import { type Endpoint, formatEndpoint, isWildcard } from '../net/endpoint.js';
import type { Config } from './config-schema.js';
import { CONFIG_PARTS } from './parts.js';

/** Addresses in their shortest form. */
export function listenersOf(config: Config): ConfiguredSocket[] {
  return CONFIG_PARTS.flatMap(({ sockets }) => sockets?.(config) ?? []).map(({ path, protocol, host, port }) => ({
    path,
    protocol,
    host: formatIp(parseIp(host)),
    port,
  }));
}

/** Whether a listener on `::` leaves IPv4 to another one that the configuration names on the same port. */
export function isIpv6Only(listener: Endpoint, protocol: 'udp' | 'tcp', config: Config): boolean {
  if (listener.port === 0 || formatIp(parseIp(listener.host)) !== '::') return false;
  return listenersOf(config).some(
    (other) => other.protocol === protocol && other.port === listener.port && !other.host.includes(':'),
  );
}

/** Pairs of listeners that cannot both be opened; port 0 takes a free port and clashes with nothing. */
function clashingListeners(config: Config): (readonly [ConfiguredSocket, ConfiguredSocket])[] {
  const listeners = listenersOf(config).filter(({ port }) => port !== 0);
  return listeners.flatMap((a, i) =>
    listeners
      .slice(i + 1)
      .filter((b) => a.protocol === b.protocol && a.port === b.port && hostsOverlap(a.host, b.host))
      .map((b) => [a, b] as const),
  );
}

function hostsOverlap(a: string, b: string): boolean {
  if (a.includes(':') !== b.includes(':')) return false;
  return a === b || isWildcard(a) || isWildcard(b);
}

export function listenersDoNotClash(config: Config, report: Report): void {
  const told = new Set<string>();
  for (const [first, second] of clashingListeners(config)) {
    const path = formatPath(second.path);
    // DNS clashes over UDP and TCP alike; the operator repairs it once.
    if (told.has(path)) continue;
    told.add(path);
    const where = formatEndpoint(first);
    report(
      second.path,
      `${formatPath(first.path)} listens on ${where} (${first.protocol.toUpperCase()}) already; choose another address or port`,
    );
  }
}
