/**
 * Scrapes of swarms that several workers own: asks each owner for the counts of its swarms, and hands them over when all have come.
 * An owner that does not answer in time, because it is being restarted, costs a second and its swarms are answered with zeroes.
 */
import { INFO_HASH_BYTES } from '../../domain/info-hash.js';
import { readUint32, writeUint32 } from '../../wire/byte-order.js';
import type { Announcer } from '../announcer.js';
import { swarmRecords } from '../full-scrape.js';
import { MAX_FULL_SCRAPE_SWARMS, MAX_HTTP_SCRAPE_HASHES } from '../limits.js';
import { ScrapeOutcome } from '../swarm/announce-outcome.js';
import { COUNTS_BYTES, GATHER, KIND_COUNTS, KIND_SWARMS } from './link-messages.js';
import { ownerOf, type WorkerShare } from './owner.js';
import { MESSAGE_WORDS, type RingMessage } from './ring.js';
import type { WorkerLinks } from './worker-links.js';

/** For the counts of other workers. A client waits longer for an answer than this. */
export const GATHER_TIMEOUT_MS = 1_000;
/** Scrapes under way, each of a few kilobytes. */
const MAX_GATHERED = 1_024;

/** @param counts {@link COUNTS_BYTES} for each hash, in the order in which they were asked for: seeds, completed, leechers */
export type CountsGathered = (hashes: Uint8Array, counts: Uint8Array) => void;
/** @param records as `full-scrape.ts` has them, in any order */
export type SwarmsGathered = (records: Uint8Array) => void;

interface Gather {
  readonly deadlineMs: number;
  /** Workers whose answer has not come. */
  missing: number;
  take(from: number, bytes: Uint8Array): void;
  finish(): void;
}

export class GatheredScrapes {
  private readonly links: WorkerLinks;
  private readonly share: WorkerShare;
  private readonly announcer: Announcer;
  private readonly nowMs: () => number;
  private readonly onAsked: () => void;
  /** In the order of their deadlines. */
  private readonly underWay = new Map<number, Gather>();
  private lastId = 0;
  private readonly outcome = new ScrapeOutcome();
  private readonly words = new Int32Array(MESSAGE_WORDS);
  private readonly asked = new Uint8Array(INFO_HASH_BYTES * MAX_HTTP_SCRAPE_HASHES);
  private readonly found = new Uint8Array(COUNTS_BYTES * MAX_HTTP_SCRAPE_HASHES);

  /** @param onAsked called for each question to another worker */
  constructor(links: WorkerLinks, share: WorkerShare, announcer: Announcer, nowMs: () => number, onAsked: () => void) {
    this.links = links;
    this.share = share;
    this.announcer = announcer;
    this.nowMs = nowMs;
    this.onAsked = onAsked;
  }

  /** Whether the owners of these swarms take a question now. @param count of the hashes, which are concatenated */
  hasRoomFor(hashes: Uint8Array, offset: number, count: number): boolean {
    if (this.underWay.size >= MAX_GATHERED) return false;
    for (let i = 0; i < count; i++) {
      if (!this.takesQuestion(ownerOf(hashes, offset + INFO_HASH_BYTES * i, this.share.count))) return false;
    }
    return true;
  }

  /** Whether all other workers take a question now. */
  get hasRoomForAll(): boolean {
    if (this.underWay.size >= MAX_GATHERED) return false;
    for (let worker = 0; worker < this.share.count; worker++) if (!this.takesQuestion(worker)) return false;
    return true;
  }

  private takesQuestion(worker: number): boolean {
    return worker === this.share.index || this.links.hasRoom(worker, this.asked.length);
  }

  /**
   * Only if {@link hasRoomFor}.
   * @param hashes concatenated, at most {@link MAX_HTTP_SCRAPE_HASHES}; kept until `gathered` is called
   */
  gatherCounts(hashes: Uint8Array, gathered: CountsGathered): void {
    const { index, count } = this.share;
    const counts = new Uint8Array((COUNTS_BYTES * hashes.length) / INFO_HASH_BYTES);
    this.begin({
      take: (from, bytes) => placeCounts(hashes, counts, from, count, bytes),
      finish: () => gathered(hashes, counts),
      ask: (worker) => {
        const length = this.collectHashes(hashes, worker);
        if (length === 0) return false;
        if (worker === index) placeCounts(hashes, counts, index, count, this.countsOf(this.asked, length));
        else this.links.ask(worker, KIND_COUNTS, this.words, this.asked, 0, length);
        return worker !== index;
      },
    });
  }

  /** A part of the swarms of each worker. Only if {@link hasRoomForAll}. */
  gatherSwarms(gathered: SwarmsGathered): void {
    const { index } = this.share;
    const parts = [this.swarmsHere()];
    this.begin({
      take: (_from, bytes) => parts.push(bytes.slice()),
      finish: () => gathered(new Uint8Array(Buffer.concat(parts))),
      ask: (worker) => {
        if (worker !== index) this.links.ask(worker, KIND_SWARMS, this.words, this.asked, 0, 0);
        return worker !== index;
      },
    });
  }

  /** An answer of another worker. */
  takeAnswer(from: number, { words, bytes, length }: RingMessage): void {
    const id = words[GATHER]!;
    const gather = this.underWay.get(id);
    // It has come too late.
    if (gather === undefined) return;
    gather.take(from, bytes.subarray(0, length));
    if (--gather.missing === 0) this.end(id, gather);
  }

  /** A question of another worker. */
  answer(from: number, { kind, words, bytes, length }: RingMessage): void {
    const found = kind === KIND_COUNTS ? this.countsOf(bytes, length) : this.swarmsHere();
    this.links.reply(from, kind, words, found, 0, found.length);
  }

  /** Ends those that have waited long enough. */
  expire(): void {
    if (this.underWay.size === 0) return;
    const nowMs = this.nowMs();
    for (const [id, gather] of this.underWay) {
      if (gather.deadlineMs > nowMs) return;
      this.end(id, gather);
    }
  }

  /** @param ask returns whether the worker will answer */
  private begin({ ask, ...rest }: Pick<Gather, 'take' | 'finish'> & { ask(worker: number): boolean }): void {
    const gather: Gather = { deadlineMs: this.nowMs() + GATHER_TIMEOUT_MS, missing: 0, ...rest };
    this.lastId = (this.lastId + 1) | 0;
    this.words[GATHER] = this.lastId;
    this.underWay.set(this.lastId, gather);
    for (let worker = 0; worker < this.share.count; worker++) {
      if (!ask(worker)) continue;
      gather.missing++;
      this.onAsked();
    }
    if (gather.missing === 0) this.end(this.lastId, gather);
  }

  private end(id: number, gather: Gather): void {
    this.underWay.delete(id);
    gather.finish();
  }

  /** Copies those of the worker to `asked`. @returns how many bytes */
  private collectHashes(hashes: Uint8Array, worker: number): number {
    let length = 0;
    for (let at = 0; at < hashes.length; at += INFO_HASH_BYTES) {
      if (ownerOf(hashes, at, this.share.count) !== worker) continue;
      for (let i = 0; i < INFO_HASH_BYTES; i++) this.asked[length++] = hashes[at + i]!;
    }
    return length;
  }

  /** Valid until the next call. */
  private countsOf(hashes: Uint8Array, length: number): Uint8Array {
    const { found, outcome } = this;
    let to = 0;
    for (let at = 0; at < length; at += INFO_HASH_BYTES, to += COUNTS_BYTES) {
      this.announcer.scrape(hashes, at, outcome);
      writeUint32(found, to, outcome.seeds);
      writeUint32(found, to + 4, outcome.completed);
      writeUint32(found, to + 8, outcome.leechers);
    }
    return found.subarray(0, to);
  }

  private swarmsHere(): Uint8Array {
    return swarmRecords(this.announcer.store, Math.floor(MAX_FULL_SCRAPE_SWARMS / this.share.count));
  }
}

/** Puts the counts of one worker's swarms where their hashes are. */
function placeCounts(hashes: Uint8Array, counts: Uint8Array, from: number, count: number, bytes: Uint8Array): void {
  let at = 0;
  for (let i = 0; i < counts.length / COUNTS_BYTES; i++) {
    if (ownerOf(hashes, INFO_HASH_BYTES * i, count) !== from) continue;
    counts.set(bytes.subarray(at, at + COUNTS_BYTES), COUNTS_BYTES * i);
    at += COUNTS_BYTES;
  }
}

/** One entry of {@link CountsGathered}. */
export function readCounts(counts: Uint8Array, index: number, outcome: ScrapeOutcome): void {
  const at = COUNTS_BYTES * index;
  outcome.seeds = readUint32(counts, at);
  outcome.completed = readUint32(counts, at + 4);
  outcome.leechers = readUint32(counts, at + 8);
}
