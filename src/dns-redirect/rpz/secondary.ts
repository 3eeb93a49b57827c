/** A resolver that transfers the zones: its address, and the key that authenticates it. */
import { formatIp, parseIp } from '../../domain/ip-address.js';
import type { Endpoint } from '../../net/endpoint.js';
import type { DomainName } from '../wire/domain-name.js';

export interface Secondary {
  /** Where NOTIFY is sent. Transfers come from the same address and any port. */
  readonly endpoint: Endpoint;
  /** Undefined: the address alone authenticates it. */
  readonly key: DomainName | undefined;
  /** False for a resolver that does not understand NOTIFY. */
  readonly notify: boolean;
}

/** Whether requests from this address may come from it. */
export function isAt({ endpoint }: Secondary, address: string): boolean {
  return formatIp(parseIp(endpoint.host)) === address;
}
