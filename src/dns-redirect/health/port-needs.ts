/** Which ports of its target a redirected name needs, so that no user loses what the original offers. */
import type { AnnouncePort, AnnounceUsage } from '../coverage/announce-usage.js';
import type { RedirectedName } from '../redirect-policy.js';
import type { PortNeeds } from './health-plan.js';

/**
 * A site needs the port where users open it. A tracker needs, for each torrent that announces to it, one of the ports that
 * the torrent names. Where no torrent of the catalogue does, one of the tracker's own ports stands for them.
 */
export function portNeeds(
  name: string,
  { target, port }: RedirectedName,
  usage: AnnounceUsage,
  trackerPorts: readonly AnnouncePort[],
): PortNeeds {
  if (target === 'mirror') return port === undefined ? [] : [[{ protocol: 'http', port }]];
  const { torrents, groups } = usage.of(name);
  return torrents === 0 ? [trackerPorts] : groups.map(({ ports }) => ports);
}
