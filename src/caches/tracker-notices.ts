/**
 * Tells the tracker which caches are handed out, and what may cross the border now: what changes at once, and everything again
 * now and then, because a part that was restarted has forgotten it.
 */
import type { InfoHash } from '../domain/info-hash.js';
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { CacheStanding } from '../selection/compile-capability.js';
import type { CacheBook } from './cache-book.js';
import type { ControlledCache } from './controlled-cache.js';
import type { ControllerNeeds, CrossingFill } from './controller-needs.js';
import type { CacheFills } from './plan-fills.js';

const REPEAT_EVERY_MS = 30_000;

export class TrackerNotices {
  readonly #needs: Pick<ControllerNeeds, 'clock' | 'setCacheStandings' | 'setCacheFills'>;
  #standings = '';
  #fills = '';
  #repeatedAtMs = Number.NEGATIVE_INFINITY;
  #crossing: readonly CrossingFill[] = [];

  constructor(needs: Pick<ControllerNeeds, 'clock' | 'setCacheStandings' | 'setCacheFills'>) {
    this.#needs = needs;
  }

  /** To be called regularly, before the others. */
  repeat(): void {
    const nowMs = this.#needs.clock.nowMs();
    if (nowMs - this.#repeatedAtMs < REPEAT_EVERY_MS) return;
    this.#repeatedAtMs = nowMs;
    this.#standings = '';
    this.#fills = '';
  }

  tellStandings(caches: readonly ControlledCache[], drained: ReadonlySet<string>): void {
    const standings = new Map<string, CacheStanding>();
    for (const { name, addresses, health } of caches) {
      const standing = health === 'down' || drained.has(name) ? 'out' : 'serves';
      for (const address of addresses) standings.set(formatIp(address), standing);
    }
    const text = JSON.stringify([...standings]);
    if (text === this.#standings) return;
    this.#needs.setCacheStandings(standings);
    this.#standings = text;
  }

  /** To be called before any client begins. */
  tellFills(caches: readonly ControlledCache[], plan: ReadonlyMap<string, CacheFills>, book: CacheBook): void {
    const fills: CrossingFill[] = [];
    for (const { name, addresses } of caches) {
      for (const { infoHash, from } of plan.get(name)?.fills ?? []) {
        if (from.length > 0) continue;
        const second = book.factsOf(name, infoHash)?.hybridInfoHash;
        for (const hash of second === undefined ? [infoHash] : [infoHash, second]) {
          for (const address of addresses) fills.push({ infoHash: hash, address });
        }
      }
    }
    this.#crossing = fills;
    const text = JSON.stringify(fills);
    if (text === this.#fills) return;
    this.#needs.setCacheFills(fills);
    this.#fills = text;
  }

  /** The address of a cache that fetches a torrent over the border now. */
  crossingAddress(infoHash: InfoHash, family: 4 | 6): IpAddress | undefined {
    return this.#crossing.find((fill) => fill.infoHash === infoHash && fill.address.family === family)?.address;
  }
}
