/** The rules for connections on the word of strangers, from the configuration and this machine's interfaces. */
import { networkInterfaces } from 'node:os';
import type { Config } from '../config/config-schema.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import { type ClosedBecause, outboundRules } from '../domain/outbound-rules.js';

const WILDCARDS: ReadonlySet<string> = new Set(['0.0.0.0', '::']);

/** @param config asked for each connection, since networks change with a reload */
export function outboundOf(config: () => Config): ClosedBecause {
  return outboundRules({
    lab: config().lab,
    ownNetworks: () => config().operator.networks.flatMap(({ prefixes }) => prefixes),
    ownAddresses: () => [...machineAddresses(), ...redirectionAddresses(config())],
    isOwnListener: (address, port) => isOwnListener(config(), address, port),
  });
}

function machineAddresses(): IpAddress[] {
  // An address with a zone (fe80::1%eth0) is link-local, which is closed anyway.
  return Object.values(networkInterfaces()).flatMap((list) =>
    (list ?? []).filter(({ address }) => !address.includes('%')).map(({ address }) => parseIp(address)),
  );
}

function redirectionAddresses({ dnsRedirect }: Config): readonly IpAddress[] {
  return dnsRedirect ? [...dnsRedirect.mirrorAddresses, ...dnsRedirect.trackerAddresses] : [];
}

function isOwnListener(config: Config, address: IpAddress, port: number): boolean {
  const text = formatIp(address);
  const here = listenersOf(config).filter((each) => each.port === port);
  if (here.some(({ host }) => !WILDCARDS.has(host) && formatIp(parseIp(host)) === text)) return true;
  const onWildcard = here.some(({ host }) => WILDCARDS.has(host));
  return onWildcard && (isLoopback(address) || machineAddresses().some((each) => formatIp(each) === text));
}

function listenersOf(config: Config): { readonly host: string; readonly port: number }[] {
  const { tracker, mirrorSite, dnsRedirect, control } = config;
  return [
    ...tracker.listen,
    ...(mirrorSite ? [mirrorSite.listen] : []),
    ...(dnsRedirect?.listen ?? []),
    ...(control ? [control.listen] : []),
  ];
}

/** All of 127.0.0.0/8 reaches this machine, though its interfaces name one address of it. */
function isLoopback({ family, words }: IpAddress): boolean {
  return family === 4 && words[0]! >>> 24 === 127;
}
