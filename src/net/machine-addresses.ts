/** The addresses of this machine's interfaces, as they were a moment ago. */
import { type NetworkInterfaceInfo, networkInterfaces } from 'node:os';
import { isWildcard } from './endpoint.js';

export type Interfaces = ReturnType<typeof networkInterfaces>;

/** Addresses come and go, but the kernel is asked over netlink, which is too slow for each import and each connection. */
const REMEMBERED_MS = 3_000;

/** @param elapsedMs of a clock that nobody sets */
export function rememberedInterfaces(read: () => Interfaces, elapsedMs: () => number): () => Interfaces {
  let known: { readonly interfaces: Interfaces; readonly fromMs: number } | undefined;
  return () => {
    const nowMs = elapsedMs();
    if (known === undefined || nowMs - known.fromMs >= REMEMBERED_MS) known = { interfaces: read(), fromMs: nowMs };
    return known.interfaces;
  };
}

/** Of this machine, at most a few seconds old. */
export const machineInterfaces = rememberedInterfaces(networkInterfaces, () => performance.now());

/** Each address of each interface, with its prefix length and family. A zone (`%eth0`) is removed. */
export function interfaceAddresses(interfaces: Interfaces = machineInterfaces()): NetworkInterfaceInfo[] {
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
