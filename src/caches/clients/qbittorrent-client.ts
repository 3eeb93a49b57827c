/**
 * qBittorrent over its Web API v2, versions 4.2 to 5. Version 5 has other names for the states of stopped torrents
 * (wiki of qBittorrent, "WebUI API").
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { FormData } from 'undici';
import { z } from 'zod';
import type { Clock } from '../../domain/clock.js';
import type { OperatorError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { formatEndpoint } from '../../net/endpoint.js';
import {
  type AddTorrent,
  type CacheClient,
  type CacheState,
  type HeldTorrent,
  MARK,
  peerPortOf,
} from '../cache-client.js';
import { REFUSED_LOGIN_PAUSE_MS } from '../limits.js';
import { quote } from '../quote.js';
import { type ClientAddress, type ClientAnswer, ClientConnection } from './client-connection.js';

const BASE_PATH = '/';
/** Lower limits become 0, which means no limit: qBittorrent stores KiB. */
const SPEED_UNIT_BYTES = 1_024;
/** Of a file: `0` is not fetched, `1` is. */
const [SKIP, FETCH] = ['0', '1'];
/** No limit of ratio or time, whatever the settings of the client. */
const UNLIMITED = '-1';
/** A torrent that was added appears after its file was read. */
const APPEARS_EVERY_MS = 50;
/** Since this version, `torrents/pause` is called `torrents/stop`. */
const VERSION_OF_STOP = 5;

const torrentShape = z.object({
  /** How qBittorrent itself names the torrent; for a hybrid one it is made of the info-hash of version 2. */
  hash: z.string(),
  /** Since version 4.4. */
  infohash_v1: z.string().optional(),
  tags: z.string(),
  state: z.string(),
  /** Of the files that are fetched. */
  size: z.number(),
  total_size: z.number(),
  completed: z.number(),
  uploaded: z.number(),
  downloaded: z.number(),
});
type Torrent = z.output<typeof torrentShape>;
const torrentsShape = z.array(torrentShape);
const filesShape = z.array(z.object({ index: z.int().optional() }));
const propertiesShape = z.object({ pieces_have: z.number(), piece_size: z.number() });
const preferencesShape = z.object({ listen_port: z.number() });
const mainDataShape = z.object({
  rid: z.int(),
  server_state: z.object({ free_space_on_disk: z.number().optional() }).optional(),
});

export interface QbittorrentOptions extends ClientAddress {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  readonly clock: Clock;
}

export class QbittorrentClient implements CacheClient {
  readonly #connection: ClientConnection;
  readonly #options: QbittorrentOptions;
  /** `SID=…`; version 5.2 has another name. */
  #cookie: string | undefined;
  #version = '';
  /** qBittorrent bans an address for an hour after five wrong passwords. */
  #refused: { readonly error: OperatorError; readonly untilMs: number } | undefined;
  /** The next answer about the disk has only what changed since. */
  #mainDataId = 0;
  #freeBytes: number | undefined;
  /**
   * By hash, of torrents that stopped filling: what is on disk, as it was when `downloaded` had this value. Their `completed` counts
   * only the files that are fetched, and another request for each of them in each state would be too many.
   */
  readonly #stoppedBytes = new Map<string, { readonly downloaded: number; readonly haveBytes: number }>();

  constructor(options: QbittorrentOptions) {
    this.#options = options;
    this.#connection = new ClientConnection(options, 'qBittorrent');
  }

  state(signal: AbortSignal): Promise<CacheState> {
    return this.#connection.call(signal, async (within) => {
      const preferences = await this.#get('app/preferences', {}, preferencesShape, within);
      const main = await this.#get('sync/maindata', { rid: String(this.#mainDataId) }, mainDataShape, within);
      this.#mainDataId = main.rid;
      this.#freeBytes = main.server_state?.free_space_on_disk ?? this.#freeBytes;
      const torrents: HeldTorrent[] = [];
      const ours = await this.#ours(within);
      for (const torrent of ours) torrents.push(heldTorrent(torrent, await this.#haveBytes(torrent, within)));
      const known = new Set(ours.map(({ hash }) => hash));
      for (const hash of this.#stoppedBytes.keys()) if (!known.has(hash)) this.#stoppedBytes.delete(hash);
      return {
        client: quote(`qBittorrent ${this.#version}`),
        peerPort: peerPortOf(preferences.listen_port),
        freeBytes: this.#freeBytes,
        torrents,
      };
    });
  }

  add({ infoHash, metainfo, peers }: AddTorrent, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      let there = await this.#find(infoHash, within);
      if (there !== undefined && !isOurs(there)) throw this.#addedByOthers(infoHash);
      if (there === undefined) {
        await this.#upload(infoHash, metainfo, within);
        there = await this.#untilFound(infoHash, within);
      }
      await this.#fetchFiles(there, FETCH, within);
      // Started, whatever the queue of the client. The controller decides how many fill.
      await this.#post('torrents/setForceStart', { hashes: there.hash, value: 'true' }, within);
      if (peers.length === 0) return;
      await this.#post('torrents/addPeers', { hashes: there.hash, peers: peers.map(formatEndpoint).join('|') }, within);
    });
  }

  /** It is a partial seed then (BEP 21). A low speed limit would also limit how fast it reads what others request. */
  stopFilling(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined || !isOurs(there) || isComplete(there)) return;
      await this.#fetchFiles(there, SKIP, within);
    });
  }

  disconnect(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined || !isOurs(there)) return;
      const stop = Number.parseInt(this.#version, 10) >= VERSION_OF_STOP ? 'torrents/stop' : 'torrents/pause';
      await this.#post(stop, { hashes: there.hash }, within);
      await this.#post('torrents/setForceStart', { hashes: there.hash, value: 'true' }, within);
    });
  }

  remove(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined) return;
      if (!isOurs(there)) throw this.#addedByOthers(infoHash);
      await this.#post('torrents/delete', { hashes: there.hash, deleteFiles: 'true' }, within);
    });
  }

  limitDownload(bytesPerSecond: number | undefined, signal: AbortSignal): Promise<void> {
    const limit = bytesPerSecond === undefined ? 0 : Math.max(SPEED_UNIT_BYTES, Math.floor(bytesPerSecond));
    return this.#connection.call(signal, (within) =>
      this.#post('transfer/setDownloadLimit', { limit: String(limit) }, within),
    );
  }

  close(): void {
    this.#connection.close();
  }

  #ours(signal: AbortSignal): Promise<Torrent[]> {
    return this.#get('torrents/info', { tag: MARK }, torrentsShape, signal).then((all) => all.filter(isOurs));
  }

  async #find(infoHash: InfoHash, signal: AbortSignal): Promise<Torrent | undefined> {
    const ours = (await this.#ours(signal)).find((each) => infoHashOf(each) === infoHash);
    if (ours !== undefined) return ours;
    return (await this.#get('torrents/info', { hashes: infoHash }, torrentsShape, signal))[0];
  }

  async #untilFound(infoHash: InfoHash, signal: AbortSignal): Promise<Torrent> {
    for (;;) {
      const found = await this.#find(infoHash, signal);
      if (found !== undefined) return found;
      await sleep(APPEARS_EVERY_MS, undefined, { signal });
    }
  }

  async #upload(infoHash: InfoHash, metainfo: Uint8Array, signal: AbortSignal): Promise<void> {
    const form = new FormData();
    form.set('torrents', new Blob([new Uint8Array(metainfo)]), `${infoHash}.torrent`);
    form.set('tags', MARK);
    form.set('ratioLimit', UNLIMITED);
    form.set('seedingTimeLimit', UNLIMITED);
    form.set('inactiveSeedingTimeLimit', UNLIMITED);
    form.set('contentLayout', 'Original');
    const { text, status } = await this.#authorized('torrents/add', { method: 'POST', body: form, signal });
    if (status === 415) throw this.#connection.error(`refuses the torrent: ${quote(text)}`);
    if (status >= 300 || text === 'Fails.') {
      throw this.#connection.error(
        `does not take ${infoHash}; look at its log (Execution log, or logs in its profile)`,
      );
    }
  }

  async #fetchFiles({ hash }: Torrent, priority: string | undefined, signal: AbortSignal): Promise<void> {
    const files = await this.#get('torrents/files', { hash }, filesShape, signal);
    const id = files.map(({ index }, i) => index ?? i).join('|');
    await this.#post('torrents/filePrio', { hash, id, priority: priority! }, signal);
  }

  async #haveBytes(torrent: Torrent, signal: AbortSignal): Promise<number> {
    const { hash, downloaded, completed, size, total_size } = torrent;
    if (size === total_size) {
      this.#stoppedBytes.delete(hash);
      return completed;
    }
    const known = this.#stoppedBytes.get(hash);
    if (known?.downloaded === downloaded) return known.haveBytes;
    const { pieces_have, piece_size } = await this.#get('torrents/properties', { hash }, propertiesShape, signal);
    // The last piece is shorter.
    const haveBytes = Math.min(pieces_have * piece_size, total_size);
    this.#stoppedBytes.set(hash, { downloaded, haveBytes });
    return haveBytes;
  }

  #addedByOthers(infoHash: InfoHash): OperatorError {
    return this.#connection.addedByOthers(infoHash, `give it the tag "${MARK}"`);
  }

  async #get<Result>(
    call: string,
    query: Readonly<Record<string, string>>,
    shape: z.ZodType<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const answer = await this.#authorized(`${call}?${new URLSearchParams(query)}`, { method: 'GET', signal });
    return this.#connection.read(shape, this.#connection.json(answer, BASE_PATH), call, 'versions 4.2 to 5');
  }

  async #post(call: string, fields: Readonly<Record<string, string>>, signal: AbortSignal): Promise<void> {
    const body = new URLSearchParams(fields);
    const { status, text } = await this.#authorized(call, { method: 'POST', body, signal });
    if (status >= 300) throw this.#connection.error(`refuses ${call} (${status}): ${quote(text)}`);
  }

  /** With a session, which is opened again once it has expired. */
  async #authorized(call: string, init: RequestInit): Promise<ClientAnswer> {
    if (this.#version === '') await this.#open(init.signal);
    const answer = await this.#request(call, init);
    if (answer.status !== 403) return answer;
    await this.#open(init.signal);
    return this.#request(call, init);
  }

  async #open(signal: AbortSignal): Promise<void> {
    await this.#login(signal);
    const { status, text } = await this.#request('app/version', { method: 'GET', signal });
    if (status === 403) {
      throw this.#refusal('wants user and password; write those of its Web UI as user and password');
    }
    const version = /^v?(\d[\w.]*)\s*$/.exec(text)?.[1];
    if (status !== 200 || version === undefined) {
      throw this.#connection.error(
        `does not say its version (${status}); check the host, port and path of url, usually http://HOST:8080/`,
        'invalid-answer',
      );
    }
    this.#version = version;
  }

  /** Without user the client must take this machine without a password. */
  async #login(signal: AbortSignal): Promise<void> {
    const { user, password, clock } = this.#options;
    if (user === undefined || password === undefined) return;
    if (this.#refused !== undefined && clock.nowMs() < this.#refused.untilMs) throw this.#refused.error;
    const body = new URLSearchParams({ username: user, password });
    this.#cookie = undefined;
    const { status, text, cookies } = await this.#request('auth/login', { method: 'POST', body, signal });
    if (status === 403) {
      throw this.#refusal(
        'has banned this machine after wrong passwords; correct user and password, then restart it or wait an hour',
      );
    }
    if (status === 401 || text === 'Fails.') {
      throw this.#refusal('refuses user and password; write those of its Web UI as user and password');
    }
    this.#cookie = cookies.map((cookie) => cookie.split(';')[0]).join('; ') || undefined;
    this.#refused = undefined;
  }

  #refusal(what: string): OperatorError {
    const error = this.#connection.error(what);
    this.#refused = { error, untilMs: this.#options.clock.nowMs() + REFUSED_LOGIN_PAUSE_MS };
    return error;
  }

  /** `Referer` and `Origin` name the client itself, which is what it demands against cross-site requests. */
  #request(call: string, init: RequestInit): Promise<ClientAnswer> {
    const { url } = this.#connection;
    const target = new URL(`${url.pathname.replace(/\/$/, '')}/api/v2/${call}`, url);
    const cookie = this.#cookie === undefined ? {} : { cookie: this.#cookie };
    return this.#connection.request(target, { ...init, headers: { referer: url.href, origin: url.origin, ...cookie } });
  }
}

interface RequestInit {
  readonly method: string;
  readonly body?: FormData | URLSearchParams;
  readonly signal: AbortSignal;
}

function isOurs({ tags }: Torrent): boolean {
  return tags.split(/, ?/).includes(MARK);
}

function isComplete({ completed, total_size }: Torrent): boolean {
  return completed === total_size;
}

function infoHashOf({ infohash_v1, hash }: Torrent): InfoHash {
  return parseInfoHash(infohash_v1 === undefined || infohash_v1 === '' ? hash : infohash_v1);
}

function heldTorrent(torrent: Torrent, haveBytes: number): HeldTorrent {
  const state = STATES[torrent.state] ?? 'queued';
  return {
    infoHash: infoHashOf(torrent),
    totalBytes: torrent.total_size,
    haveBytes,
    state,
    error: state === 'failed' ? FAILURES[torrent.state] : undefined,
    uploadedBytes: torrent.uploaded,
    downloadedBytes: torrent.downloaded,
  };
}

/** What the Web API calls them, in versions 4 and 5. Others, such as `moving`, count as queued. */
const STATES: Readonly<Record<string, HeldTorrent['state']>> = {
  error: 'failed',
  missingFiles: 'failed',
  uploading: 'serving',
  stalledUP: 'serving',
  forcedUP: 'serving',
  pausedUP: 'paused',
  pausedDL: 'paused',
  stoppedUP: 'paused',
  stoppedDL: 'paused',
  checkingUP: 'checking',
  checkingDL: 'checking',
  checkingResumeData: 'checking',
  downloading: 'filling',
  stalledDL: 'filling',
  forcedDL: 'filling',
  metaDL: 'filling',
  forcedMetaDL: 'filling',
  allocating: 'filling',
};

const FAILURES: Readonly<Record<string, string>> = {
  error: 'a file cannot be written or read; look at its disk (full? permissions?) and at its execution log',
  missingFiles: 'its files are missing on disk; remove it there, or put them back and recheck it',
};
