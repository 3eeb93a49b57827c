/** What the controller of the caches needs of the other parts. */
import type { Clock } from '../domain/clock.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import type { Logger } from '../logging/logger.js';
import type { CacheStanding } from '../selection/compile-capability.js';
import type { CacheStore } from '../store/sqlite/cache-store.js';
import type { InnerSwarmsPage } from './demand-book.js';

export interface CrossingFill {
  readonly infoHash: InfoHash;
  /** Of the cache; one that has several is listed with each. */
  readonly address: IpAddress;
}

export interface ControllerNeeds {
  readonly clock: Clock;
  readonly log: Logger;
  readonly store: CacheStore;
  /** See `InnerSwarmListing`. @throws ClientError `unavailable` while the tracker restarts */
  readonly innerSwarms: (cursor: number) => Promise<InnerSwarmsPage>;
  /** Why the operator does not want a torrent; undefined for all others. */
  readonly denial: (infoHash: InfoHash) => string | undefined;
  readonly prices: () => { readonly currency: string; readonly defaultRatePerGigabyte: number };
  /**
   * The torrent with the trackers that a cache announces to; undefined if the catalogue has no file.
   * @throws ClientError `private-torrent`
   */
  readonly cacheMetainfo: (infoHash: InfoHash) => Promise<Uint8Array | undefined>;
  /** By address. */
  readonly setCacheStandings: (standings: ReadonlyMap<string, CacheStanding>) => void;
  readonly setCacheFills: (fills: readonly CrossingFill[]) => void;
}
