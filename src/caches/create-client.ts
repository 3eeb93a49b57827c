/** The client of a cache, by its kind. */
import type { CacheClient } from './cache-client.js';
import { TransmissionClient } from './clients/transmission-client.js';
import type { CacheSettings } from './section.js';

export function createClient(cache: CacheSettings): CacheClient {
  return new TransmissionClient(cache);
}
