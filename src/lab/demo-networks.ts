/**
 * The networks of the demo's users: sub-domains and other AS of the configuration, and the lab's two foreign networks.
 */
import type { Config } from '../config/config-schema.js';
import { OperatorError } from '../domain/errors.js';
import { formatIpv4, type Prefix, parseIp, prefixContains } from '../domain/ip-address.js';

export interface DemoNetwork {
  readonly name: string;
  readonly kind: 'inner' | 'sibling' | 'foreign';
  /** IPv4, as a word; user `i` has the address `firstAddress + i`. */
  readonly firstAddress: number;
}

/** Leaves room for other hosts at the low addresses of a lab network (the far seed, people's own clients). */
const FIRST_USER = 256;
const FOREIGN_NETWORKS = [
  { name: 'neighbour', address: '127.3.0.0' },
  { name: 'far away', address: '127.4.0.0' },
];

/** @throws OperatorError if the configuration is not a lab on loopback */
export function demoNetworks(config: Config): DemoNetwork[] {
  const { networks, subdomains } = config.operator;
  const home = 'file' in subdomains || subdomains.length === 0 ? [] : subdomains;
  const inner = home.map(({ id, prefixes }) => place(id, 'inner', prefixes));
  const siblings = networks.slice(1).map(({ asn, prefixes }) => place(`AS${asn}`, 'sibling', prefixes));
  if (!config.lab || inner.length === 0) {
    throw new OperatorError(
      'the demo announces users that do not exist, so it runs only if the configuration says lab: true and lists sub-domains; use examples/lab/alias-tracker.yaml',
    );
  }
  const foreign = FOREIGN_NETWORKS.map(({ name, address }) => ({
    name,
    kind: 'foreign' as const,
    firstAddress: parseIp(address).words[0]! + FIRST_USER,
  }));
  return [...inner, ...siblings, ...foreign];
}

function place(name: string, kind: 'inner' | 'sibling', prefixes: readonly Prefix[]): DemoNetwork {
  const prefix = prefixes.find(({ address }) => address.family === 4 && address.words[0]! >>> 24 === 127);
  if (prefix === undefined) {
    throw new OperatorError(`the demo's users are in 127.0.0.0/8, where "${name}" has no prefix`);
  }
  return { name, kind, firstAddress: prefix.address.words[0]! + FIRST_USER };
}

export function userAddress(network: DemoNetwork, index: number): string {
  return formatIpv4(network.firstAddress + index);
}

/** True if an address belongs to one of the operator's own AS. */
export function isInner(config: Config, host: string): boolean {
  const address = parseIp(host);
  return config.operator.networks.some(({ prefixes }) => prefixes.some((prefix) => prefixContains(prefix, address)));
}
