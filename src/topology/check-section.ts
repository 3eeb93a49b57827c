/** Rules for the prefixes of `operator`, and for the sub-domains that it names. */
import type { Report, SubdomainReference } from '../config-kit/config-part.js';
import { formatPath } from '../config-kit/config-problem.js';
import { namesAreUnique } from '../config-kit/unique-names.js';
import type { ConfigPath } from '../config-kit/yaml-source.js';
import { isReservedPrefix, reservedWithin } from '../domain/bogon.js';
import { formatPrefix, type Prefix, prefixContains } from '../domain/ip-address.js';
import type { OperatorConfig } from './section.js';

interface PlacedPrefix {
  readonly owner: string;
  readonly prefix: Prefix;
  readonly path: ConfigPath;
}

function overlaps(a: Prefix, b: Prefix): boolean {
  return a.length <= b.length ? prefixContains(a, b.address) : prefixContains(b, a.address);
}

function networkPrefixes(config: OperatorConfig): PlacedPrefix[] {
  return config.operator.networks.flatMap((network, i) =>
    network.prefixes.map((prefix, j) => ({
      owner: `AS${network.asn}`,
      prefix,
      path: ['operator', 'networks', i, 'prefixes', j],
    })),
  );
}

function subdomainList(config: OperatorConfig) {
  const { subdomains } = config.operator;
  return 'file' in subdomains ? [] : subdomains;
}

function subdomainPrefixes(config: OperatorConfig): PlacedPrefix[] {
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

function networksAreAnOperators(config: OperatorConfig, report: Report): void {
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
function networksDoNotOverlap(config: OperatorConfig, report: Report): void {
  const placed = networkPrefixes(config);
  for (const [i, a] of placed.entries()) {
    for (const b of placed.slice(i + 1)) {
      if (a.prefix.length === b.prefix.length && overlaps(a.prefix, b.prefix)) {
        report(b.path, `${formatPrefix(b.prefix)} is already a prefix of ${a.owner}; write it under one of them`);
      }
    }
  }
  // By the text of the prefix, because an operator may have thousands.
  const owners = new Map<string, string>();
  for (const { owner, prefix, path } of subdomainPrefixes(config)) {
    const text = formatPrefix(prefix);
    const before = owners.get(text);
    if (before === undefined) owners.set(text, owner);
    else if (before === owner) report(path, `${text} is written twice`);
    else report(path, `${text} is already a prefix of sub-domain "${before}"; write it under one of them`);
  }
}

function subdomainsLieInTheNetworks(config: OperatorConfig, report: Report): void {
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

function namesDiffer(config: OperatorConfig, report: Report): void {
  namesAreUnique(
    ['operator', 'subdomains'],
    'id',
    subdomainList(config).map((each) => each.id),
    report,
  );
  namesAreUnique(
    ['operator', 'networks'],
    'asn',
    config.operator.networks.map((each) => String(each.asn)),
    report,
  );
}

export const operatorChecks = [
  networksAreAnOperators,
  networksDoNotOverlap,
  subdomainsLieInTheNetworks,
  namesDiffer,
] as const;

export function reservedNetworks(config: OperatorConfig): string[] {
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

export function cachePreferences({ operator }: OperatorConfig): SubdomainReference[] {
  return operator.caches.flatMap((cache, i) =>
    (cache.preferredBy ?? []).map((id, j) => ({ id, path: ['operator', 'caches', i, 'preferredBy', j] })),
  );
}
