/** Which of the addresses of a name may be connected to. */
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import type { BlockedReason } from './outbound-rules.js';

export type AllowedAddresses =
  | { readonly allowed: readonly IpAddress[] }
  /** The end of a sentence that begins with the name. */
  | { readonly blocked: string };

/** @param addresses at least one */
export function allowedAddresses(
  addresses: readonly IpAddress[],
  port: number,
  blockedReason: BlockedReason,
): AllowedAddresses {
  const reasons = addresses.map((address) => blockedReason(address, port));
  const allowed = addresses.filter((_, i) => reasons[i] === undefined);
  if (allowed.length > 0) return { allowed };
  return { blocked: `resolves to ${formatIp(addresses[0]!)}, which ${reasons[0]}` };
}

/** @returns the address in the host of a URL, with or without brackets; undefined for a name or an address with a zone */
export function literalAddress(host: string): IpAddress | undefined {
  try {
    return parseIp(host.replace(/^\[|\]$/g, ''));
  } catch {
    return undefined;
  }
}
