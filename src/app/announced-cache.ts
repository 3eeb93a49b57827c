/** Which cache the exchange announces to original trackers: one that fetches the torrent, because only then foreign peers reach it. */
import type { RunningCache } from '../caches/running-caches.js';
import { addressesOf } from '../caches/section.js';
import type { EndpointToAnnounce } from '../upstream/announced-endpoints.js';

/** @param caches those that run now, in the order of the configuration */
export function announcedCache(
  caches: () => readonly Pick<RunningCache, 'settings' | 'reading'>[],
): EndpointToAnnounce {
  return (infoHash, family) => {
    for (const { settings, reading } of caches()) {
      const { state, health } = reading;
      if (health !== 'up' || state === undefined) continue;
      if (!state.torrents.some((held) => held.infoHash === infoHash && held.state === 'filling')) continue;
      const address = addressesOf(settings).find((each) => each.family === family);
      if (address !== undefined) return { address, port: state.peerPort };
    }
    return undefined;
  };
}
