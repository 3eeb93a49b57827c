/**
 * Which addresses may be connected to when a stranger names them, in a feed, a torrent or a redirect. A connection to the
 * operator's own network or to this machine comes from inside and passes every firewall (server-side request forgery).
 * The rules apply to each address just before the connection, so neither a name nor a redirect gets around them.
 */
import { isBogon, isLaboratoryAddress } from '../domain/bogon.js';
import { type IpAddress, type Prefix, prefixContains } from '../domain/ip-address.js';

/** @returns why nothing may connect there, as the end of a sentence that begins with the address; undefined if it may */
export type BlockedReason = (address: IpAddress, port: number) => string | undefined;

export interface OutboundRules {
  /** Opens loopback, private and documentation addresses, except the installation's own listeners. */
  readonly lab: boolean;
  readonly ownNetworks: () => readonly Prefix[];
  /** Addresses of this machine's interfaces and targets of redirected names; called each time, because they change. */
  readonly ownAddresses: () => readonly IpAddress[];
  /** True for the listeners of this installation. */
  readonly isOwnListener: (address: IpAddress, port: number) => boolean;
}

export function outboundRules({ lab, ownNetworks, ownAddresses, isOwnListener }: OutboundRules): BlockedReason {
  return (address, port) => {
    if (isOwnListener(address, port)) return 'is where this installation listens';
    if (isBogon(address)) {
      if (!lab) return 'is a private or reserved address; "lab: true" opens private and loopback addresses';
      return isLaboratoryAddress(address) ? undefined : 'is a link-local or reserved address';
    }
    if (ownNetworks().some((prefix) => prefixContains(prefix, address))) {
      return 'is in the operator’s own network (operator.networks)';
    }
    const { family, words } = address;
    const isOurs = (each: IpAddress): boolean => each.family === family && each.words.every((w, i) => w === words[i]);
    return ownAddresses().some(isOurs) ? 'is an address of this installation' : undefined;
  };
}
