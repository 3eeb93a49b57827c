/** A cache as its controller sees it: what is configured, and what its client said last. */
import type { IpAddress } from '../domain/ip-address.js';
import type { Allow } from './allow.js';
import type { CacheClient, CacheState } from './cache-client.js';

export interface ControlledCache {
  readonly name: string;
  readonly addresses: readonly IpAddress[];
  readonly allow: Allow;
  readonly quotaBytes: number;
  readonly fillRateBytesPerSecond: number | undefined;
  readonly uplinkBps: number | undefined;
  /** Where it accepts peers; undefined: not known yet. */
  readonly peerPort: number | undefined;
  readonly client: Pick<CacheClient, 'add' | 'stopFilling' | 'disconnect' | 'remove' | 'limitDownload'>;
  readonly health: 'up' | 'down' | 'unknown';
  /** Why it is down. */
  readonly error: string | undefined;
  readonly state: CacheState | undefined;
  /** When it was asked for `state`: what was done to it later may not show there. */
  readonly askedAtMs: number | undefined;
  /** How long its fill window stays open; 0: it is closed. */
  readonly openForMs: number;
}
