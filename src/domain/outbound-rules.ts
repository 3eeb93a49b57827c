/**
 * Where the installation may connect to on the word of strangers: a feed, a torrent or a redirect names the address. An
 * address of the operator's own network, or of this machine, would be asked from inside, past every firewall (server-side
 * request forgery). The rules are asked for each address that is about to be connected to, so that neither a name nor a
 * redirect gets around them.
 */
import { isBogon, isLaboratoryAddress } from './bogon.js';
import { type IpAddress, type Prefix, prefixContains } from './ip-address.js';

/** @returns why nothing may connect there, as the end of a sentence that begins with the address; undefined where it may */
export type ClosedBecause = (address: IpAddress, port: number) => string | undefined;

export interface OutboundRules {
  /** Opens loopback, private and documentation addresses, but for the installation's own listeners. */
  readonly lab: boolean;
  readonly ownNetworks: () => readonly Prefix[];
  /** Of this machine's interfaces, and where redirected names lead; asked each time, because they change. */
  readonly ownAddresses: () => readonly IpAddress[];
  /** Where this installation itself listens. */
  readonly isOwnListener: (address: IpAddress, port: number) => boolean;
}

export function outboundRules({ lab, ownNetworks, ownAddresses, isOwnListener }: OutboundRules): ClosedBecause {
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
