/** What a look for other peers of the announcer's address found. */
export class HostScan {
  /** Peers of the same address (IPv6: of the same /64) in the swarm. */
  count = 0;
  /** The record of the same address and identity, 0 where there is none. */
  sameIdentity = 0;
}
