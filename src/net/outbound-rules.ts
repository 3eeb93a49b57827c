/**
 * Which addresses may be connected to when a stranger names them, in a feed, a torrent or a redirect. A connection to the
 * operator's own network or to this machine comes from inside and passes every firewall (server-side request forgery).
 * The rules apply to each address just before the connection, so neither a name nor a redirect gets around them.
 */
import { isBogon, isLaboratoryAddress } from '../domain/bogon.js';
import { type IpAddress, type Prefix, prefixContains } from '../domain/ip-address.js';

/**
 * @param allowPrivate true for a site that the operator has named as one inside
 * @returns why nothing may connect there, as the end of a sentence that begins with the address; undefined if it may
 */
export type BlockedReason = (address: IpAddress, port: number, allowPrivate?: boolean) => string | undefined;

export interface OutboundRules {
  /** Opens loopback, private and documentation addresses, except the installation's own listeners. */
  readonly lab: boolean;
  readonly ownNetworks: () => readonly Prefix[];
  /** Addresses of this machine's interfaces and targets of redirected names; called each time, because they change. */
  readonly ownAddresses: () => readonly IpAddress[];
  /** True for the listeners of this installation. */
  readonly isOwnListener: (address: IpAddress, port: number) => boolean;
}

export function outboundRules(rules: OutboundRules): BlockedReason {
  const { lab, ownNetworks, isOwnListener } = rules;
  return (address, port, allowPrivate = false) => {
    if (isOwnListener(address, port)) return 'is where this installation listens';
    if (isBogon(address)) {
      if (!lab && !allowPrivate)
        return 'is a private or reserved address; "lab: true" opens private and loopback addresses';
      return isLaboratoryAddress(address) ? undefined : 'is a link-local or reserved address';
    }
    if (allowPrivate) return undefined;
    if (contains(ownNetworks(), address)) return 'is in the operator’s own network (operator.networks)';
    return isOwnAddress(rules, address) ? 'is an address of this installation' : undefined;
  };
}

/**
 * The opposite rules, for peers that announced to the tracker from inside: only the operator's own network is open, private
 * addresses that it names among it. An address of this machine stays blocked, because strangers behind a proxy seem to have it.
 */
export function innerPeerRules(rules: OutboundRules): BlockedReason {
  const { lab, ownNetworks, isOwnListener } = rules;
  return (address, port) => {
    if (isOwnListener(address, port)) return 'is where this installation listens';
    if (lab && isLaboratoryAddress(address)) return undefined;
    if (isOwnAddress(rules, address)) return 'is an address of this installation';
    return contains(ownNetworks(), address) ? undefined : 'is outside the operator’s own network (operator.networks)';
  };
}

function contains(networks: readonly Prefix[], address: IpAddress): boolean {
  return networks.some((prefix) => prefixContains(prefix, address));
}

function isOwnAddress({ ownAddresses }: OutboundRules, { family, words }: IpAddress): boolean {
  return ownAddresses().some((each) => each.family === family && each.words.every((word, i) => word === words[i]));
}
