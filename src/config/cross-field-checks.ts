/**
 * Rules between keys. Each rule is one function. All rules run, and the error lists every problem.
 */

import type { Report } from '../config-kit/config-part.js';
import { suggestName } from '../config-kit/suggest-name.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { isReservedPrefix } from '../domain/bogon.js';
import { formatPrefix, type Prefix, prefixContains } from '../domain/ip-address.js';
import { formatListenUrl } from '../net/listen-url.js';
import { classifyPath, PATH_ANNOUNCE } from '../wire/http-path.js';
import type { Config } from './config-schema.js';
import { listenersDoNotClash, tokensDiffer } from './identity-checks.js';
import { CONFIG_PARTS } from './parts.js';
import { subdomainReferences } from './subdomain-references.js';
import { MAX_PEERS_AND_TORRENTS } from './tracker-section.js';

const RULES: readonly ((config: Config, report: Report) => void)[] = [
  networksAreAnOperators,
  networksDoNotOverlap,
  subdomainsLieInTheNetworks,
  knownSubdomainsOnly,
  billingNamesAndChoices,
  namesAreUnique,
  announceUrlsAreServed,
  mixIsPossible,
  numWantFits,
  storeFits,
  tlsWhereHttps,
  proxyProtocolHasProxies,
  listenersDoNotClash,
  tokensDiffer,
  controlIsGuarded,
  dhtIsNotThere,
  labOnly,
];

export function checkAcrossFields(config: Config, report: Report): void {
  for (const { checks } of CONFIG_PARTS) for (const check of checks ?? []) check(config, report);
  for (const rule of RULES) rule(config, report);
}

interface PlacedPrefix {
  readonly owner: string;
  readonly prefix: Prefix;
  readonly path: ConfigPath;
}

function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

function networkPrefixes(config: Config): PlacedPrefix[] {
  return config.operator.networks.flatMap((network, i) =>
    network.prefixes.map((prefix, j) => ({
      owner: `AS${network.asn}`,
      prefix,
      path: ['operator', 'networks', i, 'prefixes', j],
    })),
  );
}

function subdomainList(config: Config) {
  const { subdomains } = config.operator;
  return 'file' in subdomains ? [] : subdomains;
}

function subdomainPrefixes(config: Config): PlacedPrefix[] {
  return subdomainList(config).flatMap((subdomain, i) =>
    subdomain.prefixes.map((prefix, j) => ({
      owner: subdomain.id,
      prefix,
      path: ['operator', 'subdomains', i, 'prefixes', j],
    })),
  );
}

/** No operator has more than these of the public Internet; a shorter prefix makes every stranger an inner client. */
const SHORTEST_OWN_PREFIX = { 4: 8, 6: 16 } as const;

function networksAreAnOperators(config: Config, report: Report): void {
  for (const { prefix, path } of networkPrefixes(config)) {
    const shortest = SHORTEST_OWN_PREFIX[prefix.address.family];
    if (prefix.length >= shortest || isReservedPrefix(prefix)) continue;
    report(
      path,
      `${formatPrefix(prefix)} is more than an operator has; write its prefixes, each /${shortest} or longer`,
    );
  }
}

/** Two AS may hold nested prefixes (the longest wins), never the same one. */
function networksDoNotOverlap(config: Config, report: Report): void {
  const placed = networkPrefixes(config);
  for (const [i, a] of placed.entries()) {
    for (const b of placed.slice(i + 1)) {
      if (a.prefix.length === b.prefix.length && overlaps(a.prefix, b.prefix)) {
        report(b.path, `${formatPrefix(b.prefix)} is already a prefix of ${a.owner}; give it to one of them`);
      }
    }
  }
  for (const [i, a] of subdomainPrefixes(config).entries()) {
    for (const b of subdomainPrefixes(config).slice(i + 1)) {
      if (a.owner === b.owner) {
        if (formatPrefix(a.prefix) === formatPrefix(b.prefix))
          report(b.path, `${formatPrefix(b.prefix)} is written twice`);
      } else if (a.prefix.length === b.prefix.length && overlaps(a.prefix, b.prefix)) {
        report(
          b.path,
          `${formatPrefix(b.prefix)} is already a prefix of sub-domain "${a.owner}"; give it to one of them`,
        );
      }
    }
  }
}

function subdomainsLieInTheNetworks(config: Config, report: Report): void {
  const networks = networkPrefixes(config);
  for (const { owner, prefix, path } of subdomainPrefixes(config)) {
    const inside = networks.some(
      (network) => network.prefix.length <= prefix.length && prefixContains(network.prefix, prefix.address),
    );
    if (inside) continue;
    const known = networks.map((network) => formatPrefix(network.prefix)).join(', ');
    report(path, `${formatPrefix(prefix)} of sub-domain "${owner}" lies outside operator.networks (${known})`);
  }
}

function knownSubdomainsOnly(config: Config, report: Report): void {
  // Sub-domains from a file are not known here; the topology loader checks those.
  if ('file' in config.operator.subdomains) return;
  const known = subdomainList(config).map((subdomain) => subdomain.id);
  const check = (id: string, path: ConfigPath): void => {
    if (known.includes(id)) return;
    const near = suggestName(id, known);
    const hint = near === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
    report(path, `"${id}" is not a sub-domain of operator.subdomains; ${hint}`);
  };
  for (const { id, path } of subdomainReferences(config)) check(id, path);
}

function billingNamesAndChoices(config: Config, report: Report): void {
  const known = config.billing.neighbours.map((neighbour) => neighbour.name);
  config.billing.schedule.forEach((entry, i) => {
    entry.neighbours?.forEach((name, j) => {
      if (known.includes(name)) return;
      const near = suggestName(name, known);
      const hint = near === undefined ? `known are: ${known.join(', ') || 'none'}` : `did you mean "${near}"?`;
      report(['billing', 'schedule', i, 'neighbours', j], `"${name}" is not a name of billing.neighbours; ${hint}`);
    });
  });
  config.billing.overrides.forEach((override, i) => {
    if (override.treatAs !== 'foreign' && override.ratePerGigabyte !== undefined) {
      report(['billing', 'overrides', i, 'ratePerGigabyte'], 'has a meaning only with treatAs: foreign');
    }
  });
  const owner = new Map<number, string>();
  config.billing.neighbours.forEach((neighbour, i) => {
    neighbour.asns.forEach((asn, j) => {
      const other = owner.get(asn);
      const path: ConfigPath = ['billing', 'neighbours', i, 'asns', j];
      if (other !== undefined) report(path, `AS${asn} already has a rate as "${other}"; give it one`);
      owner.set(asn, neighbour.name);
      if (config.operator.networks.some((network) => network.asn === asn)) {
        report(path, `AS${asn} is the operator's own (operator.networks); traffic to it is not billed`);
      }
    });
  });
}

function namesAreUnique(config: Config, report: Report): void {
  const lists: readonly [ConfigPath, string, readonly string[]][] = [
    [['operator', 'subdomains'], 'id', subdomainList(config).map((each) => each.id)],
    [['operator', 'networks'], 'asn', config.operator.networks.map((each) => String(each.asn))],
    [['reports', 'probes'], 'id', config.reports.probes.map((each) => each.id)],
    [['crawler', 'sources'], 'name', config.crawler.sources.map((each) => each.name)],
    [['billing', 'schedule'], 'name', config.billing.schedule.map((each) => each.name)],
  ];
  for (const [path, key, names] of lists) {
    names.forEach((name, i) => {
      if (names.indexOf(name) < i) report([...path, i, key], `"${name}" is used twice; each needs a name of its own`);
    });
  }
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'http:': 80, 'https:': 443 };

/** A client announces to exactly the protocol and port of the URL; something must listen there. */
function announceUrlsAreServed(config: Config, report: Report): void {
  const { announceUrls, listen } = config.tracker;
  announceUrls.forEach((text, i) => {
    const url = new URL(text);
    const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port);
    const path: ConfigPath = ['tracker', 'announceUrls', i];
    if (port === undefined) {
      report(path, `"${text}" has no port; UDP has no default, write e.g. udp://${url.hostname}:6969/announce`);
    } else if (
      !listen.some((each) => each.port === 0 || (`${each.protocol}:` === url.protocol && each.port === port))
    ) {
      const served = listen.map(formatListenUrl).join(', ');
      report(
        path,
        `no entry of tracker.listen serves ${url.protocol.replace(':', '')} on port ${port} (it has ${served})`,
      );
    }
    if (url.protocol !== 'udp:' && !isAnnouncePath(url.pathname)) {
      const message = `clients find no scrape URL for "${url.pathname}" (BEP 48); end the path with /announce`;
      report(path, message);
    }
  });
  if (announceUrls.length === 0 && config.crawler.sources.length > 0) {
    const message =
      'is missing; the crawler writes these URLs into torrents, e.g. ["udp://alias.example.net:6969/announce"]';
    report(['tracker', 'announceUrls'], message);
  }
}

function isAnnouncePath(path: string): boolean {
  const bytes = Buffer.from(path);
  return classifyPath(bytes, 0, bytes.length) === PATH_ANNOUNCE;
}

function mixIsPossible(config: Config, report: Report): void {
  const { foreignPeersMin, foreignPeersMax, capabilityWeight, densityWeight } = config.selection;
  if (foreignPeersMin > foreignPeersMax) {
    report(['selection', 'foreignPeersMin'], `${foreignPeersMin} is more than foreignPeersMax (${foreignPeersMax})`);
  }
  if (capabilityWeight + densityWeight === 0) {
    report(['selection', 'capabilityWeight'], 'capabilityWeight and densityWeight are both 0; one must count');
  }
  config.billing.schedule.forEach((entry, i) => {
    const minimum = entry.foreignPeersMin ?? foreignPeersMin;
    const maximum = entry.foreignPeersMax ?? foreignPeersMax;
    if (minimum <= maximum) return;
    const message = `in "${entry.name}" foreignPeersMin (${minimum}) is more than foreignPeersMax (${maximum})`;
    report(['billing', 'schedule', i], message);
  });
}

function storeFits(config: Config, report: Report): void {
  const { maxPeers, maxTorrents } = config.tracker.limits;
  if (maxPeers + maxTorrents <= MAX_PEERS_AND_TORRENTS) return;
  report(
    ['tracker', 'limits', 'maxPeers'],
    `maxPeers and maxTorrents together must not exceed ${MAX_PEERS_AND_TORRENTS}: the store holds no more; lower one of them`,
  );
}

function numWantFits(config: Config, report: Report): void {
  const { numWantDefault, numWantMax, minIntervalMs, intervalMs } = config.tracker;
  if (numWantDefault > numWantMax) {
    report(['tracker', 'numWantDefault'], `${numWantDefault} is more than numWantMax (${numWantMax})`);
  }
  if (minIntervalMs > intervalMs) {
    report(['tracker', 'minInterval'], 'is longer than tracker.interval; clients would never be on time');
  }
}

function tlsWhereHttps(config: Config, report: Report): void {
  const index = config.tracker.listen.findIndex((each) => each.protocol === 'https');
  if (index >= 0 && !config.tracker.tls) {
    report(['tracker', 'listen', index], 'https needs tracker.tls with certificate and key');
  }
  if (config.control?.listen.protocol === 'https' && !config.control.tls) {
    report(['control', 'listen'], 'https needs control.tls with certificate and key');
  }
}

function proxyProtocolHasProxies(config: Config, report: Report): void {
  const { proxyProtocol, listen, trustedProxies } = config.tracker;
  const known = listen.map(formatListenUrl);
  proxyProtocol.map(formatListenUrl).forEach((url, i) => {
    const path: ConfigPath = ['tracker', 'proxyProtocol', i];
    if (!known.includes(url)) report(path, `${url} is not an entry of tracker.listen (it has ${known.join(', ')})`);
    if (trustedProxies.length > 0) return;
    report(path, 'needs tracker.trustedProxies: nobody else may connect where a PROXY header comes first');
  });
}

const LOOPBACK = /^(127\.|::1$)/;

/** Whoever reaches the control API can read who downloads what. */
function controlIsGuarded(config: Config, report: Report): void {
  const { control } = config;
  if (control && control.token === undefined && !LOOPBACK.test(control.listen.host)) {
    report(
      ['control', 'listen'],
      `${control.listen.host} can be reached from outside; give control.token, or listen on 127.0.0.1`,
    );
  }
}

function dhtIsNotThere(config: Config, report: Report): void {
  if (config.upstream.dht) report(['upstream', 'dht'], 'foreign peers come from original trackers only; write false');
}

function labOnly(config: Config, report: Report): void {
  if (config.labServices && !config.lab) {
    report(['labServices'], 'belongs to a lab; write lab: true, or remove it');
  }
}
