/** What the peers inside the network have reported of their uplinks, for the mirror site's estimate of a rate. */
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp } from '../domain/ip-address.js';
import type { ReportsService } from '../reports/reports-service.js';
import { usableUplinkBps } from '../selection/compile-capability.js';
import type { DataPlane } from '../tracker/data-plane.js';

/** Enough for an estimate. */
const MAX_PEERS = 500;

/** How many of the inner peers of a swarm have reported, and what they can upload together, in bits per second. */
export async function reportedUplinks(
  infoHash: InfoHash,
  dataPlane: Pick<DataPlane, 'innerPeers'>,
  reports: Pick<ReportsService, 'capabilityReading' | 'nodes'>,
  clock: Clock,
): Promise<{ count: number; bps: number }> {
  const uplinks = { count: 0, bps: 0 };
  // Most networks have no node that reports: then the tracker need not be asked for addresses.
  if (reports.nodes === 0) return uplinks;
  const nowMs = clock.nowMs();
  for (const { family, words } of await dataPlane.innerPeers(infoHash, MAX_PEERS)) {
    const reading = reports.capabilityReading(formatIp({ family, words }), nowMs);
    const bps = reading && usableUplinkBps(reading);
    if (bps === undefined) continue;
    uplinks.count++;
    uplinks.bps += bps;
  }
  return uplinks;
}
