/** Which ports of its target a redirected name needs, so that no user loses what the original offers. */
import type { AnnouncePort, AnnounceUsage } from '../coverage/announce-usage.js';
import type { RedirectedName } from '../redirect-policy.js';
import type { PortNeeds } from './health-plan.js';

const HTTPS: AnnouncePort = { protocol: 'https', port: 443 };

/**
 * A site needs the port where users open it, and HTTPS if its original has it: browsers use HTTPS again where they used it before,
 * and with HSTS they use nothing else. A tracker needs, for each torrent that announces to it, one of the ports that
 * the torrent names. If no torrent of the catalogue names the tracker, one of the ports of `tracker.listen` must work.
 * @param hasHttps whether the original of the name does, as far as is known
 */
export function portNeeds(
  name: string,
  { target, port, ignoresHttps = false }: RedirectedName,
  usage: AnnounceUsage,
  trackerPorts: readonly AnnouncePort[],
  hasHttps: (name: string) => boolean,
): PortNeeds {
  if (target === 'mirror') {
    const https = hasHttps(name) && !ignoresHttps ? [[HTTPS]] : [];
    return port === undefined ? https : [[{ protocol: 'http', port }], ...https];
  }
  const { torrents, groups } = usage.of(name);
  return torrents === 0 ? [trackerPorts] : groups.map(({ ports }) => ports);
}
