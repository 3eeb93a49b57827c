/**
 * The peer under which a swarm stores what belongs to the requester's host: its role as a gateway and its evidence. A client
 * with both families is one host. It is stored under its IPv4 peer, whichever family it announces over, so that it does not
 * get twice what one host may have.
 */
import type { Endpoint } from '../memory/endpoint-key.js';

export class HostPeer {
  family: 4 | 6 = 4;
  /** 0 if the requester is not stored. */
  record = 0;
  /** The requester announces over the other family than that of this peer. */
  isOtherFamily = false;

  constructor(public endpoint: Endpoint) {}
}
