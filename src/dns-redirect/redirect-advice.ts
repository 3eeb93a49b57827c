/** Warnings of redirections that are valid but do not work as configured. */
import { listed } from '../config-kit/field-schemas.js';
import { formatIp, formatPrefix, type IpAddress, parseIp, prefixContains } from '../domain/ip-address.js';
import { isWildcard } from '../net/endpoint.js';
import type { RedirectConfig } from './section.js';

type RedirectAdviceConfig = Pick<RedirectConfig, 'dnsRedirect' | 'mirrorSite' | 'tracker' | 'labServices'>;

/** A redirected name leads browsers to the port of the original site: 80, or 443 for those that open it with https. */
export function sitesWithoutTheirPort({ dnsRedirect, mirrorSite, labServices }: RedirectAdviceConfig): string[] {
  // The lab's own site is on the mirror site's port.
  if (labServices || !dnsRedirect || dnsRedirect.sites.length === 0) return [];
  if (mirrorSite === undefined) {
    return [
      'dnsRedirect.sites: this configuration has no mirrorSite, so another machine must serve port 80 of dnsRedirect.mirrorAddresses',
    ];
  }
  const ports = listed(mirrorSite.listen).map(({ value }) => value.port);
  if (ports.includes(80)) return [];
  return [
    `dnsRedirect.sites: browsers open port 80 of dnsRedirect.mirrorAddresses, and mirrorSite listens on port ${ports.join(', ')}; listen on http://0.0.0.0:80, or forward port 80 to it`,
  ];
}

/** Names are answered with addresses; something must listen on each, here or behind it. */
export function addressesNotListenedOn({ dnsRedirect, mirrorSite, tracker }: RedirectAdviceConfig): string[] {
  const unserved = (key: string, addresses: readonly IpAddress[], hosts: readonly string[]): string[] => {
    if (hosts.length === 0 || hosts.some(isWildcard)) return [];
    const listening = hosts.map((host) => formatIp(parseIp(host)));
    return addresses
      .map(formatIp)
      .filter((address) => !listening.includes(address))
      .map((address) => `dnsRedirect.${key}: nothing here listens on ${address}; forward it, or listen there`);
  };
  if (!dnsRedirect) return [];
  const sites =
    dnsRedirect.sites.length > 0 && mirrorSite ? listed(mirrorSite.listen).map(({ value }) => value.host) : [];
  const trackers = dnsRedirect.trackers.length > 0 ? tracker.listen.map(({ host }) => host) : [];
  return [
    ...unserved('mirrorAddresses', dnsRedirect.mirrorAddresses, sites),
    ...unserved('trackerAddresses', dnsRedirect.trackerAddresses, trackers),
  ];
}

/** `allowQueries` and `clients` are different keys. A client that only `clients` has is refused. */
export function clientsThatMayNotAsk({ dnsRedirect }: Pick<RedirectConfig, 'dnsRedirect'>): string[] {
  if (!dnsRedirect || dnsRedirect.listen.length === 0 || dnsRedirect.allowQueries.length === 0) return [];
  const { allowQueries, clients, trustedResolvers } = dnsRedirect;
  const allowed = [...allowQueries, ...trustedResolvers];
  return clients
    .filter(({ address, length }) => !allowed.some((each) => each.length <= length && prefixContains(each, address)))
    .map(
      (prefix) =>
        `dnsRedirect.clients: ${formatPrefix(prefix)} is not in dnsRedirect.allowQueries, so the server refuses these clients; add it there, or leave allowQueries out`,
    );
}
