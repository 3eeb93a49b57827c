/** The controller of the caches with clients in memory, which fetch only when the test says so, and a clock that the test moves. */
import type { AddTorrent, HeldTorrent } from '../../../src/caches/cache-client.js';
import type { ControlledCache } from '../../../src/caches/controlled-cache.js';
import { CacheController } from '../../../src/caches/controller.js';
import type { CrossingFill } from '../../../src/caches/controller-needs.js';
import type { InnerSwarmsPage } from '../../../src/caches/demand-book.js';
import { ClientError } from '../../../src/domain/errors.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { createLogger } from '../../../src/logging/logger.js';
import { type CacheStore, cacheStore } from '../../../src/store/sqlite/cache-store.js';
import { createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../catalogue-entries.js';

export const GB = 1e9;

export function numberOf(infoHash: string): number {
  return Number.parseInt(infoHash, 16);
}

export class MemoryClient {
  readonly torrents = new Map<number, { have: number; bytes: number; state: HeldTorrent['state'] }>();
  readonly added: AddTorrent[] = [];
  readonly calls: string[] = [];
  /** Every limit that it was told. */
  readonly limits: (number | undefined)[] = [];
  limit: number | undefined | 'untold' = 'untold';
  /** Thrown by each call for which it returns an error; `call` as in `calls`, or `limit`. */
  failure: (call: string) => Error | undefined = () => undefined;
  readonly #sizes: ReadonlyMap<number, number>;

  constructor(sizes: ReadonlyMap<number, number>) {
    this.#sizes = sizes;
  }

  async add(torrent: AddTorrent): Promise<void> {
    const n = numberOf(torrent.infoHash);
    this.#call(`add ${n}`);
    this.added.push(torrent);
    const known = this.torrents.get(n);
    if (known !== undefined) known.state = known.have < known.bytes ? 'filling' : 'serving';
    else this.torrents.set(n, { have: 0, bytes: this.#sizes.get(n)! * GB, state: 'filling' });
  }

  async stopFilling(infoHash: InfoHash): Promise<void> {
    this.#call(`stop ${numberOf(infoHash)}`);
    this.torrents.get(numberOf(infoHash))!.state = 'serving';
  }

  async disconnect(infoHash: InfoHash): Promise<void> {
    this.#call(`disconnect ${numberOf(infoHash)}`);
  }

  async remove(infoHash: InfoHash): Promise<void> {
    this.#call(`remove ${numberOf(infoHash)}`);
    this.torrents.delete(numberOf(infoHash));
  }

  async limitDownload(bytesPerSecond: number | undefined): Promise<void> {
    const failure = this.failure('limit');
    if (failure !== undefined) throw failure;
    this.limit = bytesPerSecond;
    this.limits.push(bytesPerSecond);
  }

  complete(n: number): void {
    const torrent = this.torrents.get(n)!;
    torrent.have = torrent.bytes;
    torrent.state = 'serving';
  }

  #call(call: string): void {
    const failure = this.failure(call);
    if (failure !== undefined) throw failure;
    this.calls.push(call);
  }
}

export interface Node extends Partial<Omit<ControlledCache, 'client'>> {
  readonly client: MemoryClient;
}

export class ControllerWorld {
  readonly database = openDatabase(':memory:');
  readonly store: CacheStore = cacheStore(this.database);
  readonly sizes = new Map<number, number>();
  /** Inner leechers by torrent. */
  readonly demand = new Map<number, number>();
  /** Caches that are in the swarm as well. */
  readonly cacheLeechers = new Map<number, number>();
  readonly denied = new Set<number>();
  readonly privateOnes = new Set<number>();
  readonly withoutFile = new Set<number>();
  readonly lines: string[] = [];
  nowMs = 1_800_000_000_000;
  standings = new Map<string, string>();
  crossing: readonly CrossingFill[] = [];
  controller = this.start();

  start(store: CacheStore = this.store): CacheController {
    return new CacheController({
      clock: { nowMs: () => this.nowMs },
      log: createLogger('info', { destination: { write: (line) => void this.lines.push(JSON.parse(line).msg) } }),
      store,
      innerSwarms: async () => this.#swarms(),
      denial: (infoHash) => (this.denied.has(numberOf(infoHash)) ? 'the operator has denied it' : undefined),
      prices: () => ({ currency: 'EUR', defaultRatePerGigabyte: 0.02 }),
      cacheMetainfo: async (infoHash) => {
        const n = numberOf(infoHash);
        if (this.privateOnes.has(n)) throw new ClientError('private-torrent', 'it is private');
        return this.withoutFile.has(n) ? undefined : Buffer.from(infoHash);
      },
      setCacheStandings: (next) => {
        this.standings = new Map(next);
      },
      setCacheFills: (fills) => {
        this.crossing = fills;
      },
    });
  }

  async stop(): Promise<void> {
    await this.controller.stop();
    this.database.close();
  }

  client(): MemoryClient {
    return new MemoryClient(this.sizes);
  }

  offer(n: number, leechers: number, gigabytes = 1, source = 'debian', hybridInfoHash?: InfoHash): void {
    this.sizes.set(n, gigabytes);
    const facts = { name: `torrent-${n}`, source, totalBytes: gigabytes * GB, hybridInfoHash };
    createCatalogue(this.database).store(torrentToStore(n, facts), this.nowMs);
    this.demand.set(n, leechers);
  }

  /** Reports the caches as they are, and lets the controller work until it waits for news. */
  async round(...nodes: readonly Node[]): Promise<void> {
    for (let i = 0; i < 3; i++) {
      this.nowMs += 5_000;
      this.controller.setCaches(nodes.map((node, at) => this.report(node, at)));
      await this.controller.reconcile();
      // The count of the demand ends with another round.
      await new Promise(setImmediate);
      await this.controller.reconcile();
    }
  }

  report({ client, ...more }: Node, at: number): ControlledCache {
    return {
      name: ['north', 'south'][at]!,
      addresses: [parseIp(`203.0.113.${10 + at}`)],
      allow: { sources: ['debian'], names: [], infoHashes: [] },
      quotaBytes: 10 * GB,
      fillRateBytesPerSecond: undefined,
      uplinkBps: undefined,
      peerPort: 51_413,
      client,
      health: 'up',
      error: undefined,
      askedAtMs: this.nowMs,
      openForMs: Number.POSITIVE_INFINITY,
      state: {
        client: 'Memory 1.0',
        peerPort: 51_413,
        freeBytes: undefined,
        torrents: [...client.torrents].map(([n, { have, bytes, state }]) => ({
          infoHash: hashOf(n),
          totalBytes: bytes,
          haveBytes: have,
          state,
          uploadedBytes: 0,
          downloadedBytes: have,
        })),
      },
      ...more,
    };
  }

  actionsOf(): string[] {
    return this.store
      .logEntries({ limit: 100 })
      .reverse()
      .map(({ cache, action, infoHash }) => `${cache} ${action}${infoHash ? ` ${numberOf(infoHash)}` : ''}`);
  }

  #swarms(): InnerSwarmsPage {
    const swarms = [...this.demand].map(([n, users]) => {
      const leechers = this.cacheLeechers.get(n) ?? 0;
      return { infoHash: hashOf(n), seeds: 0, leechers: users + leechers, caches: { seeds: 0, leechers } };
    });
    return { swarms, cursor: undefined };
  }
}
