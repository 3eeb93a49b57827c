/** The client of a cache, by its kind. */
import type { Clock } from '../domain/clock.js';
import type { CacheClient } from './cache-client.js';
import { Aria2Client } from './clients/aria2-client.js';
import { QbittorrentClient } from './clients/qbittorrent-client.js';
import { TransmissionClient } from './clients/transmission-client.js';
import type { CacheSettings } from './section.js';

export function createClient(cache: CacheSettings, clock: Clock): CacheClient {
  switch (cache.client) {
    case 'transmission':
      return new TransmissionClient(cache);
    case 'qbittorrent':
      return new QbittorrentClient({ ...cache, clock });
    case 'aria2':
      // A check of the section demands it.
      return new Aria2Client({ ...cache, directory: cache.directory! });
  }
}
