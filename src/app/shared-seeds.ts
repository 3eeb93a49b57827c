/**
 * The seeds inside the network that may be named to original trackers: the operator's caches, and nodes that agreed to it in
 * their report. Everybody else inside stays unknown to the outside, and so do the seeds of a private torrent (BEP 27).
 */
import { isBogon } from '../domain/bogon.js';
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { ReportsService } from '../reports/reports-service.js';
import type { DataPlane } from '../tracker/data-plane.js';

/** Inner peers that are looked at, seeds first. */
const MAX_PEERS = 500;

export interface SharedSeedsNeeds {
  readonly dataPlane: Pick<DataPlane, 'innerPeers'>;
  readonly reports: Pick<ReportsService, 'capabilityReading'>;
  readonly caches: readonly { readonly address: IpAddress }[];
  readonly isPrivate: (infoHash: InfoHash) => boolean;
  readonly clock: Clock;
  /** True: private addresses are reachable. */
  readonly lab: boolean;
}

export async function sharedSeeds(infoHash: InfoHash, needs: SharedSeedsNeeds) {
  const { dataPlane, reports, caches, isPrivate, clock, lab } = needs;
  if (isPrivate(infoHash)) return [];
  const cacheAddresses = new Set(caches.map(({ address }) => formatIp(address)));
  const nowMs = clock.nowMs();
  const peers = await dataPlane.innerPeers(infoHash, MAX_PEERS);
  return peers.flatMap(({ family, words, port, seed }) => {
    const address: IpAddress = { family, words };
    // Outside, a private address is somebody else, or nobody.
    if (!seed || (isBogon(address) && !lab)) return [];
    const text = formatIp(address);
    const cache = cacheAddresses.has(text);
    const reading = reports.capabilityReading(text, nowMs);
    // Several clients may share an address: a report with a port agrees for the client on that port.
    const agrees = reading?.shareWithOriginals === true && (reading.port === undefined || reading.port === port);
    return cache || agrees ? [{ address, port, cache }] : [];
  });
}
