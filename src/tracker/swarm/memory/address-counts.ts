/**
 * How many peers each address holds over all swarms, and each IPv6 site (/48) over all swarms and in each. Estimates, see
 * {@link HostCounter}. Sites of the operator's own networks are counted like others: the policy may change which peers are inner
 * while they are stored, and every peer that was added must be subtracted.
 */
import { scramble } from '../../../domain/address-hash.js';
import type { SwarmLimits } from '../swarm-store-options.js';
import type { Endpoint } from './endpoint-key.js';
import { HostCounter } from './host-counter.js';

export class AddressCounts {
  private readonly addresses = new HostCounter();
  private readonly sites = new HostCounter();
  private readonly sitesInSwarms = new HostCounter();

  /** A peer of this endpoint has joined (1) or left (−1) the swarm of an entry. */
  addPeer(entry: number, endpoint: Endpoint, by: 1 | -1): void {
    this.addresses.addToHost(endpoint.hostHash, by);
    if (endpoint.addressWords === 1) return;
    const site = endpoint.siteHash;
    this.sites.addToHost(site, by);
    this.sitesInSwarms.addToHost(inSwarm(site, entry), by);
  }

  /** @param entry 0 for a swarm that does not exist yet. @param isInner of the operator's own networks */
  isOverLimit(entry: number, endpoint: Endpoint, isInner: boolean, limits: SwarmLimits): boolean {
    const { maxPeersPerAddress, maxPeersPerSite, maxPeersPerSiteInSwarm } = limits;
    if (maxPeersPerAddress > 0 && this.addresses.countOfHost(endpoint.hostHash) >= maxPeersPerAddress) return true;
    if (isInner || endpoint.addressWords === 1) return false;
    const site = endpoint.siteHash;
    if (maxPeersPerSite > 0 && this.sites.countOfHost(site) >= maxPeersPerSite) return true;
    if (entry === 0 || maxPeersPerSiteInSwarm === 0) return false;
    return this.sitesInSwarms.countOfHost(inSwarm(site, entry)) >= maxPeersPerSiteInSwarm;
  }
}

/** The offset of an entry identifies its torrent as long as it has peers. */
function inSwarm(siteHash: number, entry: number): number {
  return scramble(siteHash ^ Math.imul(entry, 0x9e3779b1));
}
