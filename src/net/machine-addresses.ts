/** The addresses of this machine's interfaces, as they are now. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isWildcard } from './endpoint.js';

export type Interfaces = ReturnType<typeof networkInterfaces>;

/** Each address of each interface, with its prefix length and family. A zone (`%eth0`) is removed. */
export function interfaceAddresses(interfaces: Interfaces = networkInterfaces()): NetworkInterfaceInfo[] {
  return Object.values(interfaces).flatMap((list) =>
    (list ?? []).map((each) => ({ ...each, address: each.address.replace(/%.*$/, '') })),
  );
}

/** As RFC 5952 text. */
export function machineAddresses(): string[] {
  return interfaceAddresses().map(({ address }) => address);
}

/** The addresses at which a listener is reached: its own, or every one of the machine's of that family for a wildcard. */
export function addressesOfListener(host: string): string[] {
  if (!isWildcard(host)) return [host];
  const family = host === '::' ? 'IPv6' : 'IPv4';
  return [host, ...interfaceAddresses().flatMap((each) => (each.family === family ? [each.address] : []))];
}
