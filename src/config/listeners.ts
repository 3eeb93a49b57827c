/**
 * Every socket that a configuration opens, whichever part opens it, so that clashes are found before the start and `::`
 * leaves IPv4 to a listener that names it. The order of listeners never matters.
 */

import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import { type Endpoint, isWildcard } from '../net/endpoint.js';
import type { Config } from './config-schema.js';

export interface ConfiguredListener extends Endpoint {
  readonly path: ConfigPath;
  /** `https` and `http` are TCP; DNS listens over both. */
  readonly protocol: 'udp' | 'tcp';
}

export function listenersOf(config: Config): ConfiguredListener[] {
  const { tracker, mirrorSite, dnsRedirect, control, labServices } = config;
  const listeners: ConfiguredListener[] = [];
  const add = (path: ConfigPath, { host, port }: Endpoint, ...protocols: ('udp' | 'tcp')[]): void => {
    for (const protocol of protocols) listeners.push({ path, protocol, host: formatIp(parseIp(host)), port });
  };
  tracker.listen.forEach((each, i) => {
    add(['tracker', 'listen', i], each, each.protocol === 'udp' ? 'udp' : 'tcp');
  });
  if (mirrorSite) add(['mirrorSite', 'listen'], mirrorSite.listen, 'tcp');
  dnsRedirect?.listen.forEach((each, i) => {
    add(['dnsRedirect', 'listen', i], each, 'udp', 'tcp');
  });
  if (control) add(['control', 'listen'], control.listen, 'tcp');
  if (labServices) {
    labServices.originalSite.listen.forEach((each, i) => {
      add(['labServices', 'originalSite', 'listen', i], each, 'tcp');
    });
    add(['labServices', 'originalTracker', 'listen'], labServices.originalTracker.listen, 'udp', 'tcp');
    add(['labServices', 'resolver'], labServices.resolver, 'udp', 'tcp');
    add(['labServices', 'seed'], labServices.seed, 'tcp');
  }
  return listeners;
}

/** Whether a listener on `::` leaves IPv4 to another one that the configuration names on the same port. */
export function isIpv6Only(listener: Endpoint, protocol: 'udp' | 'tcp', config: Config): boolean {
  if (listener.port === 0 || formatIp(parseIp(listener.host)) !== '::') return false;
  return listenersOf(config).some(
    (other) => other.protocol === protocol && other.port === listener.port && !other.host.includes(':'),
  );
}

/** Pairs of listeners that cannot both be opened; port 0 takes a free port and clashes with nothing. */
export function clashingListeners(config: Config): (readonly [ConfiguredListener, ConfiguredListener])[] {
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
