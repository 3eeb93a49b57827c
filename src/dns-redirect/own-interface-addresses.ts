/** Which addresses a listening address stands for: itself, or every one of this machine where it is a wildcard. */
import { networkInterfaces } from 'node:os';

export function ownInterfaceAddresses(host: string): string[] {
  if (host !== '0.0.0.0' && host !== '::') return [host];
  const family = host === '::' ? 'IPv6' : 'IPv4';
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return [host, ...addresses.filter((each) => each.family === family).map((each) => each.address.replace(/%.*$/, ''))];
}
