/** What is allowed in a configuration but seldom meant: `check-config` warns of it. */

import { formatPath } from '../config-kit/config-problem.js';
import { reservedWithin } from '../domain/bogon.js';
import { formatIp, formatPrefix, type IpAddress, parseIp } from '../domain/ip-address.js';
import { isWildcard } from '../net/endpoint.js';
import type { Config } from './config-schema.js';
import { CONFIG_PARTS } from './parts.js';

/** One line each: `path: what is odd, and what to do if it is not meant`. */
export function adviceOn(config: Config): string[] {
  const ofParts = CONFIG_PARTS.flatMap(({ advice }) => (advice ?? []).flatMap((advise) => advise(config)));
  return [...ofParts, ...reservedNetworks(config), ...sitesWithoutTheirPort(config), ...addressesNotListenedOn(config)];
}

/** A redirected name leads browsers to the port of the original site: 80, or 443 with https, which nobody but it can serve. */
function sitesWithoutTheirPort({ dnsRedirect, mirrorSite, labServices }: Config): string[] {
  // The lab's own site is on the mirror site's port.
  if (labServices || !dnsRedirect || dnsRedirect.sites.length === 0) return [];
  if (mirrorSite === undefined) {
    return [
      'dnsRedirect.sites: there is no mirrorSite here; port 80 of dnsRedirect.mirrorAddresses must be served elsewhere',
    ];
  }
  const { port } = mirrorSite.listen;
  if (port === 80) return [];
  return [
    `dnsRedirect.sites: browsers open port 80 of dnsRedirect.mirrorAddresses, and mirrorSite listens on port ${port}; listen on http://0.0.0.0:80, or forward port 80 to it`,
  ];
}

/** Names are answered with addresses; something must listen on each, here or behind it. */
function addressesNotListenedOn({ dnsRedirect, mirrorSite, tracker }: Config): string[] {
  const unserved = (key: string, addresses: readonly IpAddress[], hosts: readonly string[]): string[] => {
    if (hosts.length === 0 || hosts.some(isWildcard)) return [];
    const listening = hosts.map((host) => formatIp(parseIp(host)));
    return addresses
      .map(formatIp)
      .filter((address) => !listening.includes(address))
      .map((address) => `dnsRedirect.${key}: nothing here listens on ${address}; forward it, or listen there`);
  };
  if (!dnsRedirect) return [];
  const sites = dnsRedirect.sites.length > 0 && mirrorSite ? [mirrorSite.listen.host] : [];
  const trackers = dnsRedirect.trackers.length > 0 ? tracker.listen.map(({ host }) => host) : [];
  return [
    ...unserved('mirrorAddresses', dnsRedirect.mirrorAddresses, sites),
    ...unserved('trackerAddresses', dnsRedirect.trackerAddresses, trackers),
  ];
}

function reservedNetworks(config: Config): string[] {
  return config.operator.networks.flatMap(({ prefixes }, i) =>
    prefixes.flatMap((prefix, j) => {
      const reserved = reservedWithin(prefix).map(formatPrefix);
      if (reserved.length === 0) return [];
      const path = formatPath(['operator', 'networks', i, 'prefixes', j]);
      return [
        `${path}: ${formatPrefix(prefix)} contains reserved addresses (${reserved.join(', ')}), which do not count as yours; list them as prefixes of their own if they are`,
      ];
    }),
  );
}
