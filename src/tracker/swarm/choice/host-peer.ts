/**
 * The peer of a requester under which the swarm remembers what belongs to a host: gateway places and supply. A client with
 * both families is one host and has its seat at its IPv4 peer, whichever family it announces over, so it is not given twice
 * what one host may have.
 */
import type { Endpoint } from '../memory/endpoint-key.js';

export class HostPeer {
  family: 4 | 6 = 4;
  /** 0 if the requester is not stored. */
  record = 0;
  /** The requester announces over the other family than that of its seat. */
  isOtherFamily = false;

  constructor(public endpoint: Endpoint) {}
}
