/**
 * Decides on torrents that nobody here knows, announced under the name of a redirected tracker (`tracker.unknownTorrents`). Their
 * clients expect the original tracker. `refuse` tells them so. `exchange` finds out which original they mean, so that it is asked
 * for peers. Nothing here runs for a client that is in the swarm already.
 */
import { forgetOldest } from '../../domain/forget-oldest.js';
import { INFO_HASH_BYTES } from '../../domain/info-hash.js';
import type { AnnounceRequest } from '../announce-request.js';
import {
  type UnknownTorrents as Mode,
  NOTHING_REDIRECTED,
  RedirectedTrackers,
  type RedirectedTrackersData,
} from './redirected-trackers.js';

/** As many as the mirror site remembers. */
export const MAX_PASSED = 50_000;

/** Where an announce came from. Handlers of the protocols are one: they still have the request. */
export interface AnnounceSource {
  /** @returns undefined if it is not under a redirected name; `url` is undefined if the original is not known, or must not be asked */
  announcedUnder(redirected: RedirectedTrackers): { readonly url: string | undefined } | undefined;
}

export class UnknownTorrents {
  private mode: Mode = NOTHING_REDIRECTED.unknownTorrents;
  private redirected = new RedirectedTrackers(NOTHING_REDIRECTED);
  /** Torrents that passed through the mirror site, each as 20 characters. */
  private readonly passed = new Set<string>();
  /** Of the current announce. */
  source: AnnounceSource | null = null;

  use(data: RedirectedTrackersData): void {
    this.mode = data.unknownTorrents;
    this.redirected = new RedirectedTrackers(data);
  }

  /** Torrents that are known although the catalogue does not have them. @param hashes concatenated, 20 bytes each */
  addPassed(hashes: Uint8Array): void {
    for (let at = 0; at + INFO_HASH_BYTES <= hashes.length; at += INFO_HASH_BYTES) this.passed.add(textOf(hashes, at));
    forgetOldest(this.passed, MAX_PASSED);
  }

  get refuses(): boolean {
    return this.mode === 'refuse';
  }

  /** Whether a new client of a torrent that is not in the catalogue is refused. */
  isRefused({ bytes, infoHashOffset }: AnnounceRequest): boolean {
    if (!this.refuses || this.source === null) return false;
    if (this.source.announcedUnder(this.redirected) === undefined) return false;
    return !this.passed.has(textOf(bytes, infoHashOffset));
  }

  /** The announce URL of the original tracker that the client means; undefined if it is not asked. */
  originalOfAnnounce(): string | undefined {
    if (this.mode !== 'exchange') return undefined;
    return this.source?.announcedUnder(this.redirected)?.url;
  }
}

function textOf(bytes: Uint8Array, at: number): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset + at, INFO_HASH_BYTES).toString('latin1');
}
