/**
 * aria2 over its JSON-RPC (manual of aria2c, "RPC INTERFACE"), versions 1.19 and later. It has no labels: what is added here has
 * a GID that is made of its info-hash, which aria2 keeps in its session file. It deletes no files: each torrent has a directory
 * of its own, which is removed here.
 */
import { createHash } from 'node:crypto';
import { chmod, mkdir, rm, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { messageOf, type OperatorError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { type AddTorrent, type CacheClient, type CacheState, type HeldTorrent, peerPortOf } from '../cache-client.js';
import { quote } from '../quote.js';
import { type ClientAddress, ClientConnection } from './client-connection.js';

const PATH = '/jsonrpc';
const VERSIONS = 'versions 1.19 and later';
/** More than any cache has torrents. */
const MAX_TORRENTS = 100_000;
/** A lower limit than this stops aria2 from reading at all for seconds. */
const SPEED_UNIT_BYTES = 1_024;
/** How often it is asked whether a torrent has paused. */
const PAUSES_EVERY_MS = 50;
const KEYS = [
  'gid',
  'infoHash',
  'status',
  'totalLength',
  'completedLength',
  'uploadLength',
  'verifiedLength',
  'verifyIntegrityPending',
  'errorMessage',
];

/** aria2 writes numbers as text. */
const number = z.coerce.number();
const downloadShape = z.object({
  gid: z.string(),
  infoHash: z.string().optional(),
  status: z.enum(['active', 'waiting', 'paused', 'error', 'complete', 'removed']),
  totalLength: number,
  completedLength: number,
  uploadLength: number.default(0),
  /** Only while it is checked. */
  verifiedLength: number.optional(),
  verifyIntegrityPending: z.string().optional(),
  errorMessage: z.string().optional(),
});
type Download = z.output<typeof downloadShape>;
const downloadsShape = z.array(downloadShape);
const versionShape = z.object({ version: z.string() });
const optionsShape = z.object({ dir: z.string(), 'listen-port': z.string() });
const answerShape = z.object({
  jsonrpc: z.literal('2.0'),
  result: z.unknown().optional(),
  error: z.object({ message: z.string() }).optional(),
});

export interface Aria2Options extends ClientAddress {
  readonly secret?: string | undefined;
  /** The directory `dir` of aria2, as this machine sees it. */
  readonly directory: string;
  /** If the configuration names it. */
  readonly peerPort?: number | undefined;
}

/** What was on disk at a reading. */
interface Progress {
  readonly completedBytes: number;
  readonly isChecking: boolean;
  readonly fetchedBytes: number;
}

export class Aria2Client implements CacheClient {
  readonly #connection: ClientConnection;
  readonly #options: Aria2Options;
  /** aria2 does not count what it fetched: that is by how much its readings grow, except while content is checked. */
  #progress: ReadonlyMap<string, Progress> = new Map();

  constructor(options: Aria2Options) {
    this.#options = options;
    this.#connection = new ClientConnection(options, 'aria2');
  }

  state(signal: AbortSignal): Promise<CacheState> {
    return this.#connection.call(signal, async (within) => {
      const { version } = await this.#ask('getVersion', [], versionShape, within);
      const options = await this.#ask('getGlobalOption', [], optionsShape, within);
      const held = (await this.#all(within)).filter((each) => isOurs(each) && each.status !== 'removed');
      this.#progress = new Map(held.map((each) => [each.gid, progressOf(each, this.#progress.get(each.gid))]));
      return {
        client: quote(`aria2 ${version}`),
        peerPort: this.#peerPort(options['listen-port']),
        freeBytes: await this.#freeBytes(),
        torrents: held.map((each) => heldTorrent(each, this.#progress.get(each.gid)!.fetchedBytes)),
      };
    });
  }

  add({ infoHash, metainfo }: AddTorrent, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const { there, others } = await this.#find(infoHash, within);
      if (there?.status === 'paused') return void (await this.#ask('unpause', [there.gid], z.unknown(), within));
      if (there !== undefined && isRunning(there)) return;
      if (others) throw this.#addedByOthers(infoHash);
      // What has ended keeps its GID until it is forgotten.
      if (there !== undefined) await this.#ask('removeDownloadResult', [there.gid], z.unknown(), within);
      const { dir } = await this.#ask('getGlobalOption', [], optionsShape, within);
      await this.#makeDirectory(infoHash);
      const options = {
        gid: gidOf(infoHash),
        dir: `${dir.replace(/\/$/, '')}/${infoHash}`,
        'check-integrity': 'true',
        // In the session file, also when it is complete.
        'force-save': 'true',
        'seed-ratio': '0.0',
        'bt-remove-unselected-file': 'false',
      };
      const torrent = Buffer.from(metainfo).toString('base64');
      await this.#ask('addTorrent', [torrent, [], options], z.unknown(), within);
    });
  }

  /** aria2 cannot serve what it has without fetching the rest. */
  stopFilling(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const { there } = await this.#find(infoHash, within);
      if (there === undefined || isComplete(there)) return;
      if (there.status !== 'active' && there.status !== 'waiting') return;
      await this.#ask('forcePause', [there.gid], z.unknown(), within);
    });
  }

  disconnect(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const { there } = await this.#find(infoHash, within);
      if (there === undefined || !isRunning(there)) return;
      await this.#ask('forcePause', [there.gid], z.unknown(), within);
      // It cannot be continued before it has paused.
      while ((await this.#find(infoHash, within)).there?.status === 'active') {
        await sleep(PAUSES_EVERY_MS, undefined, { signal: within });
      }
      await this.#ask('unpause', [there.gid], z.unknown(), within);
    });
  }

  remove(infoHash: InfoHash, signal: AbortSignal): Promise<void> {
    return this.#connection.call(signal, async (within) => {
      const { there, others } = await this.#find(infoHash, within);
      if (there === undefined && others) throw this.#addedByOthers(infoHash);
      if (there !== undefined) await this.#forget(there, within);
      const directory = join(this.#options.directory, infoHash);
      await rm(directory, { recursive: true, force: true }).catch((thrown: unknown) => {
        const why = messageOf(thrown);
        throw this.#connection.error(
          `forgot ${infoHash}, but its files stay: ${why}; delete ${directory} by hand`,
          'file-access',
        );
      });
    });
  }

  limitDownload(bytesPerSecond: number | undefined, signal: AbortSignal): Promise<void> {
    const limit = bytesPerSecond === undefined ? 0 : Math.max(SPEED_UNIT_BYTES, Math.floor(bytesPerSecond));
    return this.#connection.call(signal, async (within) => {
      const options = { 'max-overall-download-limit': String(limit) };
      await this.#ask('changeGlobalOption', [options], z.unknown(), within);
    });
  }

  close(): void {
    this.#connection.close();
  }

  /** aria2 saves the torrent file there before it makes the directory, and forgets torrents without that file when it ends. */
  async #makeDirectory(infoHash: InfoHash): Promise<void> {
    const directory = join(this.#options.directory, infoHash);
    try {
      await mkdir(directory, { recursive: true });
      // For aria2 as another user of the same group.
      await chmod(directory, 0o775).catch(() => {});
    } catch (thrown) {
      const advice = 'let the alias tracker run as the user of aria2, or in a group that may write there';
      throw this.#connection.error(
        `needs ${directory}, which cannot be made: ${messageOf(thrown)}; ${advice}`,
        'file-access',
      );
    }
  }

  async #forget(there: Download, signal: AbortSignal): Promise<void> {
    if (isRunning(there) || there.status === 'paused') {
      await this.#ask('forceRemove', [there.gid], z.unknown(), signal);
      for (;;) {
        const now = (await this.#all(signal)).find(({ gid }) => gid === there.gid);
        if (now === undefined) return;
        if (!isRunning(now) && now.status !== 'paused') break;
      }
    }
    await this.#ask('removeDownloadResult', [there.gid], z.unknown(), signal);
  }

  async #all(signal: AbortSignal): Promise<Download[]> {
    const active = await this.#ask('tellActive', [KEYS], downloadsShape, signal);
    const waiting = await this.#ask('tellWaiting', [0, MAX_TORRENTS, KEYS], downloadsShape, signal);
    const stopped = await this.#ask('tellStopped', [0, MAX_TORRENTS, KEYS], downloadsShape, signal);
    // One may move from list to list in between.
    return [...new Map([...stopped, ...waiting, ...active].map((each) => [each.gid, each])).values()];
  }

  async #find(
    infoHash: InfoHash,
    signal: AbortSignal,
  ): Promise<{ readonly there: Download | undefined; readonly others: boolean }> {
    const same = (await this.#all(signal)).filter((each) => each.infoHash?.toLowerCase() === infoHash);
    return {
      there: same.find(isOurs),
      others: same.some((each) => !isOurs(each) && (isRunning(each) || each.status === 'paused')),
    };
  }

  #peerPort(listenPort: string): number {
    const { peerPort } = this.#options;
    if (peerPort !== undefined) return peerPort;
    const port = /^\d+$/.test(listenPort) ? peerPortOf(Number(listenPort)) : undefined;
    if (port !== undefined) return port;
    throw this.#connection.error(
      `listens on one port of ${quote(listenPort)}, and does not say which; give its listen-port a single port, or write peerPort`,
    );
  }

  async #freeBytes(): Promise<number | undefined> {
    try {
      const { bavail, bsize } = await statfs(this.#options.directory);
      return bavail * bsize;
    } catch {
      return undefined;
    }
  }

  #addedByOthers(infoHash: InfoHash): OperatorError {
    return this.#connection.addedByOthers(infoHash);
  }

  async #ask<Result>(
    method: string,
    params: readonly unknown[],
    shape: z.ZodType<Result>,
    signal: AbortSignal,
  ): Promise<Result> {
    const { secret } = this.#options;
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: '1',
      method: `aria2.${method}`,
      params: secret === undefined ? params : [`token:${secret}`, ...params],
    });
    const headers = { 'content-type': 'application/json' };
    const answer = await this.#connection.request(this.#connection.url, { method: 'POST', headers, body, signal });
    // An error has the status 400, and JSON as well.
    const isError = answer.status === 400;
    const json = this.#connection.json(isError ? { ...answer, status: 200 } : answer, PATH);
    const envelope = this.#connection.read(answerShape, json, method, VERSIONS);
    if (envelope.error !== undefined) {
      const { message } = envelope.error;
      if (message === 'Unauthorized') {
        throw this.#connection.error('refuses the secret; write its rpc-secret as secret');
      }
      throw this.#connection.error(`refuses ${method}: ${quote(message)}`);
    }
    return this.#connection.read(shape, envelope.result, method, VERSIONS);
  }
}

/** 64 bits, as aria2 wants it. */
function gidOf(infoHash: string): string {
  return createHash('sha256').update(`alias-tracker ${infoHash}`).digest('hex').slice(0, 16);
}

function isOurs({ gid, infoHash }: Download): boolean {
  return infoHash !== undefined && gid === gidOf(infoHash.toLowerCase());
}

function isRunning({ status }: Download): boolean {
  return status === 'active' || status === 'waiting';
}

function isComplete({ totalLength, completedLength }: Download): boolean {
  return totalLength > 0 && completedLength === totalLength;
}

function isBeingChecked({ verifiedLength, verifyIntegrityPending }: Download): boolean {
  return verifiedLength !== undefined || verifyIntegrityPending === 'true';
}

function progressOf(download: Download, before: Progress | undefined): Progress {
  const completedBytes = download.completedLength;
  const isChecking = isBeingChecked(download);
  const { fetchedBytes = 0 } = before ?? {};
  const grown = before === undefined || before.isChecking || isChecking ? 0 : completedBytes - before.completedBytes;
  return { completedBytes, isChecking, fetchedBytes: fetchedBytes + Math.max(0, grown) };
}

function heldTorrent(download: Download, downloadedBytes: number): HeldTorrent {
  const state = stateOf(download);
  return {
    infoHash: parseInfoHash(download.infoHash!),
    totalBytes: download.totalLength,
    haveBytes: download.completedLength,
    state,
    error: state === 'failed' ? quote(download.errorMessage ?? 'unknown') : undefined,
    uploadedBytes: download.uploadLength,
    downloadedBytes,
  };
}

function stateOf(download: Download): HeldTorrent['state'] {
  if (isBeingChecked(download)) return 'checking';
  switch (download.status) {
    case 'active':
      return isComplete(download) ? 'serving' : 'filling';
    case 'waiting':
      return 'queued';
    case 'error':
      return 'failed';
    default:
      return 'paused';
  }
}
