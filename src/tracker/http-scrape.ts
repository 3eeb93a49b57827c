/** The body of an HTTP scrape (BEP 48): the requested hashes, or all if the operator allows that. */

import { sortHashes, writeScrapeEnd, writeScrapeFile, writeScrapeStart } from '../wire/scrape-answer.js';
import { parseScrapeQuery, SCRAPE_BAD_HASH } from '../wire/scrape-query.js';
import type { Announcer } from './announcer.js';
import { COUNT_SCRAPES_HTTP } from './counters.js';
import { MAX_FULL_SCRAPE_SWARMS, MAX_HTTP_SCRAPE_HASHES } from './limits.js';
import { REFUSAL_FULL_SCRAPE, REFUSAL_INFO_HASH, REFUSAL_NO_HASHES, REFUSAL_NONE } from './refusals.js';
import { ScrapeOutcome } from './swarm/announce-outcome.js';

export class HttpScrape {
  /** Why `write` has written nothing. */
  refusal = REFUSAL_NONE;
  private readonly announcer: Announcer;
  private readonly fullScrape: boolean;
  private readonly hashes = new Uint8Array(20 * MAX_HTTP_SCRAPE_HASHES);
  private readonly order = new Uint8Array(MAX_HTTP_SCRAPE_HASHES);
  private readonly outcome = new ScrapeOutcome();

  constructor(announcer: Announcer, fullScrape: boolean) {
    this.announcer = announcer;
    this.fullScrape = fullScrape;
  }

  /** @returns the offset after the body, or 0 with the reason in `refusal` */
  write(input: Uint8Array, queryStart: number, queryEnd: number, out: Uint8Array, bodyStart: number): number {
    const count = parseScrapeQuery(input, queryStart, queryEnd, this.hashes);
    if (count === SCRAPE_BAD_HASH) return this.refuse(REFUSAL_INFO_HASH);
    if (count > 0) return this.writeAsked(count, out, bodyStart);
    if (this.fullScrape) return this.writeAll(out, bodyStart);
    return this.refuse(queryEnd > queryStart ? REFUSAL_NO_HASHES : REFUSAL_FULL_SCRAPE);
  }

  private refuse(refusal: number): number {
    this.refusal = refusal;
    return 0;
  }

  private writeAsked(count: number, out: Uint8Array, bodyStart: number): number {
    const announcer = this.announcer;
    announcer.counters[COUNT_SCRAPES_HTTP]!++;
    const hashes = this.hashes;
    const outcome = this.outcome;
    const kept = sortHashes(hashes, count, this.order);
    let at = writeScrapeStart(out, bodyStart);
    for (let i = 0; i < kept; i++) {
      const hash = 20 * this.order[i]!;
      if (announcer.refusalOf(hashes, hash) === REFUSAL_NONE) {
        announcer.store.scrape(hashes, hash, outcome);
        at = writeScrapeFile(out, at, hashes, hash, outcome.seeds, outcome.completed, outcome.leechers);
      } else {
        at = writeScrapeFile(out, at, hashes, hash, 0, 0, 0);
      }
    }
    return writeScrapeEnd(out, at);
  }

  /** For the operator's own tools. Allocates objects, and returns as much as fits one answer. */
  private writeAll(out: Uint8Array, bodyStart: number): number {
    const announcer = this.announcer;
    announcer.counters[COUNT_SCRAPES_HTTP]!++;
    const { swarms } = announcer.store.listSwarms(0, MAX_FULL_SCRAPE_SWARMS);
    let at = writeScrapeStart(out, bodyStart);
    for (const swarm of [...swarms].sort((a, b) => (a.infoHash < b.infoHash ? -1 : 1))) {
      const hash = Buffer.from(swarm.infoHash, 'hex');
      at = writeScrapeFile(out, at, hash, 0, swarm.seeds, swarm.completed, swarm.leechers);
    }
    return writeScrapeEnd(out, at);
  }
}
