/**
 * What the controller needs of the BitTorrent client that a cache runs. Each kind of client (Transmission, qBittorrent, aria2)
 * implements it over its remote control. A client may hold torrents that the controller did not add: they are never touched.
 */
import type { InfoHash } from '../domain/info-hash.js';

/** A torrent that the controller added, as the client reports it. */
export interface HeldTorrent {
  readonly infoHash: InfoHash;
  readonly totalBytes: number;
  /** Verified on disk. */
  readonly haveBytes: number;
  /**
   * `serving` is complete, or incomplete after `stopFilling`. `paused` neither fetches nor serves. `checking` and `queued` count
   * as neither filling nor serving.
   */
  readonly state: 'filling' | 'serving' | 'paused' | 'checking' | 'queued' | 'failed';
  /** Why, if `failed`: one line of limited length. */
  readonly error?: string | undefined;
  /** Since it was added. aria2 counts since its own start. */
  readonly uploadedBytes: number;
  readonly downloadedBytes: number;
}

export interface CacheState {
  /** Name and version, e.g. `Transmission 3.00`. */
  readonly client: string;
  /** Where it accepts peers, 1 – 65535; undefined if the client does not name such a port. */
  readonly peerPort: number | undefined;
  /** Free bytes where it stores torrents; undefined if the client does not say. */
  readonly freeBytes: number | undefined;
  /** Only torrents that the controller added: they carry the mark of {@link MARK} (aria2: a GID made of the info-hash). */
  readonly torrents: readonly HeldTorrent[];
}

export interface AddTorrent {
  readonly infoHash: InfoHash;
  /** The torrent as the catalogue has it, with the trackers that the cache is to announce to. */
  readonly metainfo: Uint8Array;
  /**
   * Inner endpoints (other caches) that it should connect to first. Only qBittorrent can be told; the others learn of them by
   * their next announce.
   */
  readonly peers: readonly { readonly host: string; readonly port: number }[];
}

/** Every call rejects with an `OperatorError` that names the cache and says what to do, within {@link CALL_TIMEOUT_MS}. */
export interface CacheClient {
  state(signal: AbortSignal): Promise<CacheState>;
  /** Adds, or resumes if it is there. Content that is already on disk is checked, not fetched again. */
  add(torrent: AddTorrent, signal: AbortSignal): Promise<void>;
  /**
   * Fetches nothing more, and serves what it has. aria2 cannot serve without fetching, so an incomplete torrent is paused there.
   * A torrent that is complete is not changed.
   */
  stopFilling(infoHash: InfoHash, signal: AbortSignal): Promise<void>;
  /**
   * Closes all connections of a torrent that the controller added, those to foreign peers among them, and serves on. Inner peers
   * connect again. aria2 checks the content before it serves on.
   */
  disconnect(infoHash: InfoHash, signal: AbortSignal): Promise<void>;
  /** Removes a torrent that the controller added, with its data. One that does not exist is not an error. */
  remove(infoHash: InfoHash, signal: AbortSignal): Promise<void>;
  /**
   * Of the whole client; undefined: no limit. It never stops a client ({@link CacheClient.stopFilling} does): qBittorrent and aria2
   * read 0 as "no limit". Clients round to 1,000 or 1,024 bytes per second, which is also the lowest limit.
   */
  limitDownload(bytesPerSecond: number | undefined, signal: AbortSignal): Promise<void>;
  close(): void;
}

const MAX_PORT = 65_535;

/** @returns undefined for a number that is not a port where peers can connect */
export function peerPortOf(reported: number): number | undefined {
  return Number.isInteger(reported) && reported >= 1 && reported <= MAX_PORT ? reported : undefined;
}

/** The label (Transmission) or tag (qBittorrent) of the torrents that the controller added. */
export const MARK = 'alias-tracker';
/** Of one call, whatever the number of requests that it takes. */
export const CALL_TIMEOUT_MS = 5_000;

/** Whether a cache has everything, in whatever state. */
export function isCompleteTorrent({ totalBytes, haveBytes }: HeldTorrent): boolean {
  return totalBytes > 0 && haveBytes >= totalBytes;
}
