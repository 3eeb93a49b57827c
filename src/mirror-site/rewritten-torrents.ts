/**
 * Torrent files as the mirror site serves them: rewritten once, then cached up to a limit of bytes. A file's ETag
 * depends on everything that its rewritten bytes depend on, so HEAD and conditional requests rewrite nothing. `rewrite`
 * handles large files without delaying other visitors. Concurrent requests for one file share one rewrite.
 */
import { createHash } from 'node:crypto';
import { ClientError } from '../domain/errors.js';
import { forgetOldest } from '../domain/forget-oldest.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Catalogue } from '../store/sqlite/catalogue.js';
import type { StoredTorrentFile } from '../store/sqlite/catalogue-reader.js';
import { type RewriteOptions, rewriteTorrent, rewrittenLength } from '../wire/metainfo-rewrite.js';
import { oncePerTurn } from './once-per-turn.js';

export type Rewrite = (bytes: Uint8Array, options: RewriteOptions, about: string) => Promise<Uint8Array>;

/**
 * Most visitors want popular torrents: four files of the largest size by default, or more than a thousand usual ones.
 */
export const MAX_KEPT_BYTES = 64 * 2 ** 20;
/**
 * Up to this size, rewriting takes at most about 10 ms (a torrent of file names only), less than passing it to a
 * thread.
 */
export const MAX_INLINE_BYTES = 64 * 2 ** 10;
/** Lengths that are remembered: those of a large catalogue. */
const MAX_LENGTHS = 100_000;
/** ETags that are remembered: those of the popular torrents. */
const MAX_ETAGS = 10_000;
/** Part of each ETag; increase it when the rewriting changes its output. */
const REWRITING = 1;

/** @param source name of the crawler's source */
export type KeepOriginal = (source: string) => boolean;

/** A rewritten file, as far as it is known without rewriting. */
export interface ServedTorrent {
  readonly infoHash: InfoHash;
  readonly name: string;
  /** Name of the crawler's source. */
  readonly source: string;
  /** Strong, including its quotes. */
  readonly etag: string;
  /** When the original file was fetched: milliseconds since the Unix epoch. */
  readonly fetchedMs: number;
  /** Unknown before the first rewrite if the file was stored by a version that did not measure it. */
  readonly bytes: number | undefined;
}

export interface RewrittenTorrentsOptions extends Pick<RewriteOptions, 'announceUrls'> {
  readonly catalogue: Pick<Catalogue, 'torrentFile' | 'torrentBytes' | 'trackerTiers' | 'publishedVersion'>;
  /** Whether torrents of this source keep their original trackers after the alias tracker. */
  readonly keepOriginal?: KeepOriginal | undefined;
  /** For files above {@link MAX_INLINE_BYTES}; may reject with ClientError `reader-busy` or `too-costly`. */
  readonly rewrite: Rewrite;
  readonly maxKeptBytes?: number;
}

export class RewrittenTorrents {
  readonly #options: RewrittenTorrentsOptions;
  /** By ETag, the most recently requested last. */
  readonly #kept = new Map<string, Uint8Array>();
  readonly #underWay = new Map<string, Promise<Uint8Array | undefined>>();
  /** By ETag, also of files that are no longer cached. */
  readonly #lengths = new Map<string, number>();
  /** By what they are made of. */
  readonly #etags = new Map<string, string>();
  /** By any hash of theirs; of one version of the catalogue. */
  readonly #found = new Map<InfoHash, ServedTorrent>();
  #foundVersion = '';
  readonly #version: () => string;
  #keptBytes = 0;

  constructor(options: RewrittenTorrentsOptions) {
    this.#options = options;
    this.#version = oncePerTurn(() => options.catalogue.publishedVersion());
  }

  /** Bytes of the files in the cache. */
  get keptBytes(): number {
    return this.#keptBytes;
  }

  /** Rewrites nothing. @returns undefined if the catalogue has no file for it */
  find(infoHash: InfoHash): ServedTorrent | undefined {
    const version = this.#version();
    if (version !== this.#foundVersion) this.#found.clear();
    this.#foundVersion = version;
    const known = this.#found.get(infoHash);
    if (known !== undefined) return known;
    const found = this.#read(infoHash);
    if (found?.bytes !== undefined) {
      this.#found.set(infoHash, found);
      forgetOldest(this.#found, MAX_ETAGS);
    }
    return found;
  }

  #read(infoHash: InfoHash): ServedTorrent | undefined {
    const file = this.#options.catalogue.torrentFile(infoHash);
    if (file === undefined) return undefined;
    const { name, source, untrackedBytes, fetchedMs } = file;
    const etag = this.#etagOf(file);
    const rewriting = this.#rewritingOf(source);
    const originals = rewriting.keepOriginal ? this.#options.catalogue.trackerTiers(file.infoHash) : [];
    const bytes =
      untrackedBytes === null ? this.#kept.get(etag)?.length : rewrittenLength(untrackedBytes, rewriting, originals);
    return { infoHash: file.infoHash, name, source, etag, fetchedMs, bytes };
  }

  /**
   * @returns undefined if the file has left the catalogue meanwhile
   * @throws ClientError for a file that cannot be rewritten; what `rewrite` throws
   */
  async bytesOf(torrent: ServedTorrent): Promise<Uint8Array | undefined> {
    const { etag } = torrent;
    const kept = this.#kept.get(etag);
    if (kept !== undefined) {
      this.#kept.delete(etag);
      this.#kept.set(etag, kept);
      return kept;
    }
    const underWay = this.#underWay.get(etag);
    if (underWay !== undefined) return underWay;
    const rewriting = this.#rewrite(torrent).then((bytes) => {
      if (bytes !== undefined) {
        this.#noteLength(etag, bytes.length);
        this.#keep(etag, bytes);
      }
      return bytes;
    });
    this.#underWay.set(etag, rewriting);
    try {
      return await rewriting;
    } finally {
      this.#underWay.delete(etag);
    }
  }

  /** Of the file as it is served, in bytes; 0: unknown, which only a large file can be, see {@link ServedTorrent.bytes}. */
  async lengthOf(infoHash: InfoHash): Promise<number> {
    const torrent = this.find(infoHash);
    if (torrent === undefined) return 0;
    const known = torrent.bytes ?? this.#lengths.get(torrent.etag);
    if (known !== undefined) return known;
    const original = this.#options.catalogue.torrentBytes(infoHash);
    if (original === undefined || original.length > MAX_INLINE_BYTES) return 0;
    try {
      return this.#noteLength(torrent.etag, rewriteTorrent(original, this.#rewritingOf(torrent.source)).length);
    } catch (thrown) {
      // A broken file: who asks for it gets the error.
      if (thrown instanceof ClientError) return this.#noteLength(torrent.etag, 0);
      throw thrown;
    }
  }

  #noteLength(etag: string, length: number): number {
    if (this.#lengths.size === MAX_LENGTHS) this.#lengths.clear();
    this.#lengths.set(etag, length);
    return length;
  }

  #etagOf({ infoHash, source, version }: StoredTorrentFile): string {
    const key = `${infoHash} ${version} ${source}`;
    const known = this.#etags.get(key);
    if (known !== undefined) return known;
    const identity = [REWRITING, this.#rewritingOf(source), infoHash, version];
    const etag = `"${createHash('sha1').update(JSON.stringify(identity)).digest('hex')}"`;
    this.#etags.set(key, etag);
    forgetOldest(this.#etags, MAX_ETAGS);
    return etag;
  }

  #rewritingOf(source: string): RewriteOptions {
    const { announceUrls, keepOriginal } = this.#options;
    return { announceUrls, keepOriginal: keepOriginal?.(source) ?? false };
  }

  async #rewrite({ infoHash, name, source }: ServedTorrent): Promise<Uint8Array | undefined> {
    const original = this.#options.catalogue.torrentBytes(infoHash);
    if (original === undefined) return undefined;
    const rewriting = this.#rewritingOf(source);
    if (original.length <= MAX_INLINE_BYTES) return rewriteTorrent(original, rewriting);
    return this.#options.rewrite(original, rewriting, `the torrent ${infoHash} ("${name.slice(0, 100)}")`);
  }

  #keep(etag: string, bytes: Uint8Array): void {
    const { maxKeptBytes = MAX_KEPT_BYTES } = this.#options;
    if (bytes.length > maxKeptBytes || this.#kept.has(etag)) return;
    this.#kept.set(etag, bytes);
    this.#keptBytes += bytes.length;
    for (const [oldest, { length }] of this.#kept) {
      if (this.#keptBytes <= maxKeptBytes) return;
      this.#kept.delete(oldest);
      this.#keptBytes -= length;
    }
  }
}
