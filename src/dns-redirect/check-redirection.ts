/** Refuses names that must not be redirected, and addresses that no client can reach. */

import type { Report } from '../config-kit/config-part.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { formatIp, type IpAddress, parsePrefix, prefixContains } from '../domain/ip-address.js';

import type { RedirectConfig } from './section.js';

/** Redirecting this name switches encrypted DNS off in browsers of the network: https://support.mozilla.org/kb/canary-domain-use-application-dnsnet */
const CANARY = 'use-application-dns.net';
/** Names of this machine or of no machine (RFC 6761, RFC 6762, RFC 8375). */
const SPECIAL_NAMES = /(^|\.)(localhost|local|invalid|onion|home\.arpa|in-addr\.arpa|ip6\.arpa)$/;

/**
 * The tracker that some torrents and clients name for the peers of one's own provider. It exists only in the resolvers of
 * providers, in spite of RFC 6762, and has no original.
 */
const RETRACKER = 'retracker.local';

const NOT_UNICAST = (
  [
    ['0.0.0.0/8', 'means "this network"'],
    ['224.0.0.0/4', 'is a multicast address'],
    ['240.0.0.0/4', 'is reserved'],
    ['::/128', 'is the unspecified address'],
    ['ff00::/8', 'is a multicast address'],
    ['fe80::/10', 'is link-local: it means another machine on each link'],
    ['169.254.0.0/16', 'is link-local: it means another machine on each link'],
  ] as const
).map(([prefix, why]) => ({ prefix: parsePrefix(prefix), why }));
const LOOPBACK = ['127.0.0.0/8', '::1/128'].map(parsePrefix);

export function redirectionIsPossible(config: RedirectConfig, report: Report): void {
  const { dnsRedirect } = config;
  if (!dnsRedirect) return;
  const own = config.operator.networks.flatMap(({ prefixes }) => prefixes);
  // A lab's networks are ranges of loopback.
  const isOwn = (address: IpAddress): boolean => config.lab || own.some((prefix) => prefixContains(prefix, address));
  const checkAddresses = (addresses: readonly IpAddress[], path: (at: number) => ConfigPath): void => {
    const seen = new Set<string>();
    addresses.forEach((address, i) => {
      const text = formatIp(address);
      const why = whyNobodyGetsThere(address, isOwn(address));
      if (why !== undefined) report(path(i), `${text} ${why}; give an address that users can reach`);
      if (seen.has(text)) report(path(i), `${text} is listed twice`);
      seen.add(text);
    });
  };
  for (const key of ['mirrorAddresses', 'trackerAddresses'] as const) {
    checkAddresses(dnsRedirect[key], (at) => ['dnsRedirect', key, at]);
  }
  dnsRedirect.trackers.forEach(({ address }, i) => {
    checkAddresses(address ?? [], () => ['dnsRedirect', 'trackers', i, 'address']);
  });
  for (const key of ['sites', 'trackers'] as const) {
    const seen = new Set<string>();
    const names = dnsRedirect[key].map(({ name }) => name);
    names.forEach((name, i) => {
      const fault = key === 'trackers' && name === RETRACKER ? undefined : faultOfName(name);
      if (fault !== undefined) report(['dnsRedirect', key, i], `"${name}" ${fault}`);
      else if (seen.has(name)) report(['dnsRedirect', key, i], `"${name}" is listed twice`);
      else if (key === 'sites' && name.startsWith('www.') && names.includes(name.slice(4))) {
        report(['dnsRedirect', key, i], `"${name}" comes with "${name.slice(4)}", which is listed; remove it`);
      }
      seen.add(name);
    });
  }
}

function whyNobodyGetsThere(address: IpAddress, isOwn: boolean): string | undefined {
  const special = NOT_UNICAST.find(({ prefix }) => prefixContains(prefix, address));
  if (special) return special.why;
  if (!isOwn && LOOPBACK.some((prefix) => prefixContains(prefix, address))) return "is each user's own machine";
  return undefined;
}

function faultOfName(name: string): string | undefined {
  if (name === CANARY) return 'tells browsers whether to use encrypted DNS and is not a site; remove it';
  if (SPECIAL_NAMES.test(name)) return 'is not a name on the Internet; give the name that is in the torrents or links';
  if (!name.includes('.')) return 'is a whole top-level domain; give the name of one site, e.g. "tracker.example.org"';
  return undefined;
}

export function redirectionHasTargets(config: RedirectConfig, report: Report): void {
  const { dnsRedirect } = config;
  if (!dnsRedirect) return;
  const path = (key: string): ConfigPath => ['dnsRedirect', key];
  if (dnsRedirect.sites.length > 0 && dnsRedirect.mirrorAddresses.length === 0) {
    report(path('sites'), 'needs dnsRedirect.mirrorAddresses: the addresses that these names are answered with');
  }
  if (dnsRedirect.trackers.some(({ address }) => address === undefined) && dnsRedirect.trackerAddresses.length === 0) {
    report(path('trackers'), 'needs dnsRedirect.trackerAddresses: the addresses that these names are answered with');
  }
  if (dnsRedirect.listen.length > 0 && dnsRedirect.upstreamResolvers.length === 0) {
    report(path('upstreamResolvers'), 'is missing; every other name is asked there, e.g. ["192.0.2.53"]');
  }
  const written = (addresses: readonly IpAddress[]): string => addresses.map(formatIp).sort().join();
  const ofMirror = written(dnsRedirect.mirrorAddresses);
  dnsRedirect.sites.forEach(({ name }, i) => {
    const tracker = dnsRedirect.trackers.find((each) => each.name === name);
    if (tracker !== undefined && written(tracker.address ?? dnsRedirect.trackerAddresses) !== ofMirror) {
      report(
        ['dnsRedirect', 'sites', i],
        `"${name}" is in dnsRedirect.trackers as well, and the two have different addresses; list it once`,
      );
    }
  });
  const listening = dnsRedirect.listen.map((each) => `${each.host} ${each.port}`);
  dnsRedirect.upstreamResolvers.forEach((each, i) => {
    if (each.port !== 0 && listening.includes(`${each.host} ${each.port}`)) {
      report(
        ['dnsRedirect', 'upstreamResolvers', i],
        'is the redirecting server itself; it would ask itself without end',
      );
    }
  });
  config.upstream.resolvers.forEach((each, i) => {
    if (each.port !== 0 && listening.includes(`${each.host} ${each.port}`)) {
      report(['upstream', 'resolvers', i], 'is the redirecting server itself; name a resolver that does not redirect');
    }
  });
  checkAnnouncedNames(config, report);
}

/** The tracker's own name in announceUrls must not be one that is answered with the mirror site's address. */
function checkAnnouncedNames(config: RedirectConfig, report: Report): void {
  config.tracker.announceUrls.forEach((text, i) => {
    const name = new URL(text).hostname;
    if (config.dnsRedirect?.sites.some((site) => site.name === name)) {
      report(['tracker', 'announceUrls', i], `"${name}" is in dnsRedirect.sites: it would lead to the mirror site`);
    }
  });
}
