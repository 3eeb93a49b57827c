/** The rules for connections to addresses that strangers name, from the configuration and this machine's interfaces. */
import type { NetworkInterfaceInfo } from 'node:os';
import type { Config } from '../config/config-schema.js';
import { listenersOf } from '../config/listeners.js';
import { messageOf } from '../domain/errors.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import { type Endpoint, isWildcard } from '../net/endpoint.js';
import { type Interfaces, interfaceAddresses, machineInterfaces } from '../net/machine-addresses.js';
import { type BlockedReason, innerPeerRules, type OutboundRules, outboundRules } from '../net/outbound-rules.js';
import { trackerTargets } from '../net/own-endpoints.js';

/**
 * @param config called for each connection, because a reload changes networks
 * @param interfaces called for each connection, because addresses come and go
 */
export function outboundOf(config: () => Config, interfaces: () => Interfaces = machineInterfaces): BlockedReason {
  return unlessUnknown(outboundRules(rulesOf(config, interfaces)));
}

/** For peers that announced to the tracker from inside. Parameters as of {@link outboundOf}. */
export function innerPeersOf(config: () => Config, interfaces: () => Interfaces = machineInterfaces): BlockedReason {
  return unlessUnknown(innerPeerRules(rulesOf(config, interfaces)));
}

function rulesOf(config: () => Config, interfaces: () => Interfaces): OutboundRules {
  return {
    lab: config().lab,
    ownNetworks: () => config().operator.networks.flatMap(({ prefixes }) => prefixes),
    ownAddresses: () => [
      ...interfaceAddresses(interfaces())
        .filter(isOneOfThisMachine)
        .map(({ address }) => parseIp(address)),
      ...listenerAddresses(config()),
      ...redirectionAddresses(config()),
    ],
    isOwnListener: (address, port) => isOwnListener(config(), interfaces, address, port),
  };
}

function unlessUnknown(rules: BlockedReason): BlockedReason {
  return (address, port, allowPrivate) => {
    try {
      return rules(address, port, allowPrivate);
    } catch (thrown) {
      // Interfaces are read over netlink, which a sandbox may forbid: an address that cannot be checked stays blocked.
      return `cannot be checked: the interfaces of this machine cannot be read (${messageOf(thrown)})`;
    }
  };
}

/**
 * A service address on the loopback interface is a single one (anycast, /32 and /128). A whole network on that interface is
 * a laboratory's, which simulates the Internet in one namespace.
 */
function isOneOfThisMachine({ internal, cidr }: NetworkInterfaceInfo): boolean {
  return !internal || cidr === null || /\/(?:32|128)$/.test(cidr);
}

function listenerAddresses(config: Config): IpAddress[] {
  return ownListeners(config).flatMap(({ host }) => (isWildcard(host) ? [] : [parseIp(host)]));
}

function redirectionAddresses({ dnsRedirect }: Config): readonly IpAddress[] {
  return dnsRedirect ? [...dnsRedirect.mirrorAddresses, ...trackerTargets(dnsRedirect)] : [];
}

function isOwnListener(config: Config, interfaces: () => Interfaces, address: IpAddress, port: number): boolean {
  const text = formatIp(address);
  const here = ownListeners(config).filter((each) => each.port === port);
  if (here.some(({ host }) => !isWildcard(host) && formatIp(parseIp(host)) === text)) return true;
  const onWildcard = here.some(({ host }) => isWildcard(host));
  return (
    onWildcard && (isLoopback(address) || interfaceAddresses(interfaces()).some(({ address }) => address === text))
  );
}

/** Without the stand-ins of the lab, which are strangers. */
function ownListeners({ labServices: _, ...config }: Config): readonly Endpoint[] {
  return listenersOf(config);
}

/** All of 127.0.0.0/8 reaches this machine, although its interfaces list only one address of it. */
function isLoopback({ family, words }: IpAddress): boolean {
  return family === 4 && words[0]! >>> 24 === 127;
}
