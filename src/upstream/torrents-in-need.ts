/**
 * The torrents whose inner clients need foreign peers, for as long as they do. The data plane reports a need at an announce, at
 * most once in `upstream.every`; the original may not be due then, or too busy, or give too few peers. So a torrent stays here,
 * and is asked for again as soon as one of its originals may be asked and the data plane confirms the need. Those that were
 * asked for come last, so that those of a busy original, which are due again at once, do not keep others from being asked for.
 */
import type { Clock } from '../domain/clock.js';
import { messageOf } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import type { Random } from '../domain/random.js';
import { MAX_TORRENTS_IN_NEED, NEED_BATCH, NEED_TICK_MS, SPREAD_SHARE } from './limits.js';
import { SetBack } from './set-back.js';
import type { UpstreamLog } from './upstream-log.js';

/** Upper bounds of the histogram of {@link TorrentsInNeed.delays}, in milliseconds. */
const DELAY_BOUNDS_MS = [100, 250, 500, 1_000, 2_000, 5_000, 15_000, 60_000];

export interface NeedParts {
  readonly clock: Clock;
  readonly random: Random;
  /**
   * Asks the originals of a torrent. @param isRepeated it has had peers
   * @returns when to ask again, in milliseconds since the epoch; undefined: never
   */
  readonly ask: (
    infoHash: InfoHash,
    family: 4 | 6,
    isRepeated: boolean,
  ) => Promise<{ readonly peers: number; readonly againMs?: number }>;
  /** Those of the torrents that still need foreign peers. */
  readonly stillInNeed: (infoHashes: readonly InfoHash[]) => Promise<readonly InfoHash[]>;
  readonly log: UpstreamLog & { error(fields: object, message: string): void };
}

interface Entry {
  readonly infoHash: InfoHash;
  readonly family: 4 | 6;
  sinceMs: number;
  nextMs: number;
  isAsking: boolean;
  hasPeers: boolean;
}

export class TorrentsInNeed {
  /** The one that was asked for, or judged, last comes last. */
  readonly #entries = new Map<string, Entry>();
  readonly #setBack = new SetBack();
  #delaySumMs = 0;
  readonly #delayCounts = new Array<number>(DELAY_BOUNDS_MS.length + 1).fill(0);
  readonly #timer: NodeJS.Timeout;
  readonly #parts: NeedParts;
  #isJudging = false;
  #isStopped = false;

  constructor(parts: NeedParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#askDue(), NEED_TICK_MS);
    this.#timer.unref();
  }

  /** The data plane reports a need. */
  report(infoHash: InfoHash, family: 4 | 6): void {
    if (this.#isStopped) return;
    const key = `${infoHash} ${family}`;
    if (this.#entries.has(key) || this.#entries.size >= MAX_TORRENTS_IN_NEED) return;
    const sinceMs = this.#nowMs();
    const entry = { infoHash, family, sinceMs, nextMs: sinceMs, isAsking: false, hasPeers: false };
    this.#entries.set(key, entry);
    void this.#ask(key, entry);
  }

  get size(): number {
    return this.#entries.size;
  }

  /** The time from the report of a need to the first peers in the swarm. */
  get delays(): { readonly bounds: readonly number[]; readonly counts: readonly number[]; readonly sum: number } {
    return { bounds: DELAY_BOUNDS_MS, counts: this.#delayCounts, sum: this.#delaySumMs };
  }

  stop(): void {
    this.#isStopped = true;
    clearInterval(this.#timer);
    this.#entries.clear();
  }

  async #ask(key: string, entry: Entry): Promise<void> {
    const { random, log } = this.#parts;
    entry.isAsking = true;
    try {
      const { peers, againMs } = await this.#parts.ask(entry.infoHash, entry.family, entry.hasPeers);
      const nowMs = this.#nowMs();
      if (peers > 0 && !entry.hasPeers) this.#countDelay(nowMs - entry.sinceMs);
      entry.hasPeers ||= peers > 0;
      if (againMs === undefined) this.#entries.delete(key);
      else {
        const waitMs = Math.max(NEED_TICK_MS, againMs - nowMs);
        entry.nextMs = nowMs + waitMs + random.below(1 + Math.floor(waitMs * SPREAD_SHARE));
      }
    } catch (thrown) {
      this.#entries.delete(key);
      log.error(
        { err: thrown },
        `upstream: original trackers of ${entry.infoHash} were not asked: ${messageOf(thrown)}`,
      );
    } finally {
      entry.isAsking = false;
    }
  }

  async #askDue(): Promise<void> {
    if (this.#isJudging) return;
    this.#isJudging = true;
    try {
      const nowMs = this.#nowMs();
      const judged = this.#toJudge(nowMs);
      if (judged.length === 0) return;
      const needed = new Set(await this.#parts.stillInNeed([...new Set(judged.map(([, { infoHash }]) => infoHash))]));
      if (this.#isStopped) return;
      for (const [key, entry] of judged) {
        this.#entries.delete(key);
        if (!needed.has(entry.infoHash)) continue;
        this.#entries.set(key, entry);
        if (entry.nextMs <= nowMs) void this.#ask(key, entry);
      }
    } catch (thrown) {
      // The tracker restarts. The torrents stay due.
      this.#parts.log.debug({ reason: messageOf(thrown) }, 'torrents in need were not judged');
    } finally {
      this.#isJudging = false;
    }
  }

  /** Those that are due. If there is no room for further torrents, others too, because their need may have ended. */
  #toJudge(nowMs: number): [string, Entry][] {
    const isFull = this.#entries.size >= MAX_TORRENTS_IN_NEED;
    const due: [string, Entry][] = [];
    const others: [string, Entry][] = [];
    for (const each of this.#entries) {
      if (each[1].isAsking) continue;
      if (each[1].nextMs <= nowMs) due.push(each);
      else if (isFull && others.length < NEED_BATCH) others.push(each);
      if (due.length >= NEED_BATCH) break;
    }
    return [...due, ...others.slice(0, NEED_BATCH - due.length)];
  }

  #nowMs(): number {
    const nowMs = this.#parts.clock.nowMs();
    const backMs = this.#setBack.since(nowMs);
    if (backMs === 0) return nowMs;
    for (const entry of this.#entries.values()) {
      entry.sinceMs -= backMs;
      entry.nextMs -= backMs;
    }
    return nowMs;
  }

  #countDelay(ms: number): void {
    this.#delaySumMs += ms;
    const place = DELAY_BOUNDS_MS.findIndex((bound) => ms <= bound);
    this.#delayCounts[place < 0 ? DELAY_BOUNDS_MS.length : place]!++;
  }
}
