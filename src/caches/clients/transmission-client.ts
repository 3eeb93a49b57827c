/**
 * Transmission over its RPC, versions 3.00 (rpc-version 16) to 4.1. The names are those of version 4.0 and before, which 4.1 still
 * takes (docs/rpc-spec.md of Transmission).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { OperatorError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import {
  type AddTorrent,
  type CacheClient,
  type CacheState,
  type HeldTorrent,
  MARK,
  peerPortOf,
} from '../cache-client.js';
import { quote } from '../quote.js';
import { type ClientAddress, type ClientAnswer, ClientConnection } from './client-connection.js';

const PATH = '/transmission/rpc';
const VERSIONS = 'versions 3.00 to 4.1';
/** Since version 3.00: the first one with labels. */
const FIRST_RPC_VERSION = 16;
/** The RPC counts speeds in kilobytes of 1,000 bytes. */
const SPEED_UNIT_BYTES = 1_000;
/** `seedRatioMode` and `seedIdleMode`: seeds whatever the ratio, and however long nobody asked. */
const UNLIMITED = 2;
/** An empty list means all files. */
const ALL_FILES: readonly number[] = [];
/** `error` of a torrent: the disk. 1 and 2 come from a tracker, and the torrent goes on. */
const LOCAL_ERROR = 3;
/** A `status`, which are the numbers of `tr_torrent_activity`. */
const STOPPED = 0;
/** How often it is asked whether a torrent has stopped. */
const STOPS_EVERY_MS = 50;

const FIELDS = [
  'hashString',
  'labels',
  'status',
  'error',
  'errorString',
  'totalSize',
  'haveValid',
  'leftUntilDone',
  'uploadedEver',
  'downloadedEver',
] as const;

const torrentShape = z.object({
  hashString: z.string(),
  labels: z.array(z.string()),
  status: z.int(),
  error: z.int(),
  errorString: z.string(),
  totalSize: z.number(),
  haveValid: z.number(),
  leftUntilDone: z.number(),
  uploadedEver: z.number(),
  downloadedEver: z.number(),
});
type Torrent = z.output<typeof torrentShape>;

const torrentsShape = z.object({ torrents: z.array(torrentShape) });
const sessionShape = z.object({
  version: z.string(),
  'rpc-version': z.number(),
  'peer-port': z.number(),
  'download-dir': z.string(),
});
const freeSpaceShape = z.object({ 'size-bytes': z.number() });
const answerShape = z.object({ result: z.string(), arguments: z.unknown().optional() });

export interface TransmissionOptions extends ClientAddress {
  readonly user?: string | undefined;
  readonly password?: string | undefined;
}

export class TransmissionClient implements CacheClient {
  readonly #connection: ClientConnection;
  readonly #authorization: string | undefined;
  /** Against cross-site requests: the server names it in its answer 409. */
  #sessionId = '';

  constructor(options: TransmissionOptions) {
    this.#connection = new ClientConnection(options, 'Transmission');
    const { user, password } = options;
    if (user !== undefined && password !== undefined) {
      this.#authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
    }
  }

  state(signal: AbortSignal): Promise<CacheState> {
    return this.#connection.call(signal, async (within) => {
      const session = await this.#ask('session-get', {}, sessionShape, within);
      if (session['rpc-version'] < FIRST_RPC_VERSION) {
        throw this.#connection.error(
          `is version ${quote(session.version)}, which has no labels; install 3.00 or later`,
        );
      }
      const freeBytes = await this.#freeBytes(session['download-dir'], within);
      const { torrents } = await this.#ask('torrent-get', { fields: FIELDS }, torrentsShape, within);
      return {
        client: quote(`Transmission ${session.version.split(' ')[0]}`),
        peerPort: peerPortOf(session['peer-port']),
        freeBytes,
        torrents: torrents.filter(isOurs).map(heldTorrent),
      };
    });
  }

  add({ infoHash, metainfo }: AddTorrent, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there !== undefined && !isOurs(there)) throw this.#addedByOthers(infoHash);
      if (there === undefined) {
        // Paused, so that nothing is fetched before its label is set: version 3.00 does not take labels here.
        const added = { metainfo: Buffer.from(metainfo).toString('base64'), paused: true, labels: [MARK] };
        await this.#ask('torrent-add', added, z.unknown(), within);
      }
      const settings = { labels: [MARK], 'files-wanted': ALL_FILES, seedRatioMode: UNLIMITED, seedIdleMode: UNLIMITED };
      await this.#ask('torrent-set', { ids: [infoHash], ...settings }, z.unknown(), within);
      // `-now`: whatever the queue of the client. The controller decides how many fill.
      await this.#ask('torrent-start-now', { ids: [infoHash] }, z.unknown(), within);
    });
  }

  /** It is a partial seed then (BEP 21). With a download limit of 0 it would not even read what others request. */
  stopFilling(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined || !isOurs(there) || there.leftUntilDone === 0) return;
      await this.#ask('torrent-set', { ids: [infoHash], 'files-unwanted': ALL_FILES }, z.unknown(), within);
    });
  }

  disconnect(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined || !isOurs(there)) return;
      await this.#ask('torrent-stop', { ids: [infoHash] }, z.unknown(), within);
      // Before it has stopped, it ignores a start.
      for (;;) {
        const now = await this.#find(infoHash, within);
        if (now === undefined) return;
        if (now.status === STOPPED) break;
        await sleep(STOPS_EVERY_MS, undefined, { signal: within });
      }
      await this.#ask('torrent-start-now', { ids: [infoHash] }, z.unknown(), within);
    });
  }

  remove(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const there = await this.#find(infoHash, within);
      if (there === undefined) return;
      if (!isOurs(there)) throw this.#addedByOthers(infoHash);
      await this.#ask('torrent-remove', { ids: [infoHash], 'delete-local-data': true }, z.unknown(), within);
    });
  }

  limitDownload(bytesPerSecond: number | undefined, signal: AbortSignal): Promise<void> {
    const settings =
      bytesPerSecond === undefined
        ? { 'speed-limit-down-enabled': false }
        : {
            'speed-limit-down-enabled': true,
            'speed-limit-down': Math.max(1, Math.floor(bytesPerSecond / SPEED_UNIT_BYTES)),
          };
    return this.#connection.call(signal, async (within) => {
      await this.#ask('session-set', settings, z.unknown(), within);
    });
  }

  close(): void {
    this.#connection.close();
  }

  /** Undefined if Transmission refuses the path, such as a relative one. */
  async #freeBytes(path: string, signal: AbortSignal): Promise<number | undefined> {
    try {
      const { 'size-bytes': bytes } = await this.#ask('free-space', { path }, freeSpaceShape, signal);
      return bytes < 0 ? undefined : bytes;
    } catch (thrown) {
      if (thrown instanceof OperatorError && thrown.code === 'refused-elsewhere') return undefined;
      throw thrown;
    }
  }

  async #find(infoHash: InfoHash, signal: AbortSignal): Promise<Torrent | undefined> {
    const { torrents } = await this.#ask('torrent-get', { ids: [infoHash], fields: FIELDS }, torrentsShape, signal);
    return torrents.find(({ hashString }) => hashString.toLowerCase() === infoHash);
  }

  #addedByOthers(infoHash: InfoHash): OperatorError {
    return this.#connection.addedByOthers(infoHash, `give it the label "${MARK}"`);
  }

  async #ask<Arguments>(
    method: string,
    args: object,
    shape: z.ZodType<Arguments>,
    signal: AbortSignal,
  ): Promise<Arguments> {
    const body = JSON.stringify({ method, arguments: args });
    let answer = await this.#post(body, signal);
    if (answer.status === 409) {
      this.#sessionId = answer.header('x-transmission-session-id') ?? '';
      answer = await this.#post(body, signal);
    }
    this.#refuse(answer);
    const { result, ...rest } = this.#connection.read(
      answerShape,
      this.#connection.json(answer, PATH),
      method,
      VERSIONS,
    );
    if (result !== 'success') throw this.#connection.error(`refuses ${method}: ${quote(result)}`);
    return this.#connection.read(shape, rest.arguments ?? {}, method, VERSIONS);
  }

  #post(body: string, signal: AbortSignal): Promise<ClientAnswer> {
    const headers = {
      'content-type': 'application/json',
      'x-transmission-session-id': this.#sessionId,
      ...(this.#authorization === undefined ? {} : { authorization: this.#authorization }),
    };
    return this.#connection.request(this.#connection.url, { method: 'POST', headers, body, signal });
  }

  #refuse({ status }: ClientAnswer): void {
    const advice = REFUSALS[status];
    if (advice !== undefined) throw this.#connection.error(advice);
  }
}

/** By HTTP status. */
const REFUSALS: Readonly<Record<number, string>> = {
  401: 'refuses user and password; write rpc-username and rpc-password of its settings.json as user and password',
  403: 'refuses this machine; add its address to rpc-whitelist in its settings.json',
  421: 'refuses this host name; write an address in url, or add the name to rpc-host-whitelist in its settings.json',
};

function isOurs({ labels }: Torrent): boolean {
  return labels.includes(MARK);
}

function heldTorrent(torrent: Torrent): HeldTorrent {
  // An error of the disk stops the torrent; version 3.00 still shows it after a restart of the torrent.
  const isFailed = torrent.error === LOCAL_ERROR && torrent.status === STOPPED;
  return {
    infoHash: parseInfoHash(torrent.hashString),
    totalBytes: torrent.totalSize,
    haveBytes: torrent.haveValid,
    state: isFailed ? 'failed' : stateOf(torrent),
    error: isFailed ? quote(torrent.errorString) : undefined,
    uploadedBytes: torrent.uploadedEver,
    downloadedBytes: torrent.downloadedEver,
  };
}

function stateOf({ status }: Torrent): HeldTorrent['state'] {
  switch (status) {
    case STOPPED:
      return 'paused';
    case 1:
    case 2:
      return 'checking';
    case 4:
      return 'filling';
    case 6:
      return 'serving';
    default:
      return 'queued';
  }
}
