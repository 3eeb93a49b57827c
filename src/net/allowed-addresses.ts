/** Which of the addresses of a name may be connected to. */
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import type { ClosedBecause } from './outbound-rules.js';

export type OpenAddresses =
  | { readonly open: readonly IpAddress[] }
  /** The end of a sentence that begins with the name. */
  | { readonly closed: string };

/** @param addresses at least one */
export function openAddresses(
  addresses: readonly IpAddress[],
  port: number,
  closedBecause: ClosedBecause,
): OpenAddresses {
  const reasons = addresses.map((address) => closedBecause(address, port));
  const open = addresses.filter((_, i) => reasons[i] === undefined);
  if (open.length > 0) return { open };
  return { closed: `resolves to ${formatIp(addresses[0]!)}, which ${reasons[0]}` };
}

/** @returns the address in the host of a URL, with or without brackets; undefined for a name or an address with a zone */
export function literalAddress(host: string): IpAddress | undefined {
  try {
    return parseIp(host.replace(/^\[|\]$/g, ''));
  } catch {
    return undefined;
  }
}
