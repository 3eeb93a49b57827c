/** An HTTP scrape (BEP 48): the requested hashes, or all if the operator allows that. */

import { INFO_HASH_BYTES } from '../domain/info-hash.js';
import { MAX_HTTP_RESPONSE_BYTES } from '../transport/transport.js';
import { bodyOffset, finishHttpAnswer } from '../wire/http-response-head.js';
import { sortHashes, writeScrapeEnd, writeScrapeFile, writeScrapeStart } from '../wire/scrape-answer.js';
import { parseScrapeQuery, SCRAPE_BAD_HASH } from '../wire/scrape-query.js';
import type { Announcer } from './announcer.js';
import { COUNT_SCRAPES_HTTP } from './counters.js';
import { swarmRecords, writeFullScrape } from './full-scrape.js';
import { MAX_FULL_SCRAPE_SWARMS, MAX_HTTP_SCRAPE_HASHES } from './limits.js';
import { REFUSAL_FULL_SCRAPE, REFUSAL_INFO_HASH, REFUSAL_NO_HASHES, REFUSAL_NONE } from './refusals.js';
import { ScrapeOutcome } from './swarm/announce-outcome.js';
import { readCounts } from './workers/gathered-scrapes.js';
import type { RequestPassing } from './workers/other-workers.js';
import { ownerOfAll, SEVERAL_OWNERS } from './workers/owner.js';

export class HttpScrape {
  /** Why the last scrape is refused. */
  refusal = REFUSAL_NONE;
  private readonly announcer: Announcer;
  private readonly fullScrape: boolean;
  private readonly hashes = new Uint8Array(INFO_HASH_BYTES * MAX_HTTP_SCRAPE_HASHES);
  private readonly order = new Uint8Array(MAX_HTTP_SCRAPE_HASHES);
  private readonly outcome = new ScrapeOutcome();
  /** Of the last scrape; 0: all swarms. */
  private count = 0;

  constructor(announcer: Announcer, fullScrape: boolean) {
    this.announcer = announcer;
    this.fullScrape = fullScrape;
  }

  /** Reads the query, which the other methods are about. @returns false if it is refused, with the reason in `refusal` */
  read(input: Uint8Array, queryStart: number, queryEnd: number): boolean {
    const count = parseScrapeQuery(input, queryStart, queryEnd, this.hashes);
    this.refusal = REFUSAL_NONE;
    if (count === SCRAPE_BAD_HASH) this.refusal = REFUSAL_INFO_HASH;
    else if (count === 0 && !this.fullScrape) {
      this.refusal = queryEnd > queryStart ? REFUSAL_NO_HASHES : REFUSAL_FULL_SCRAPE;
    }
    this.count = count;
    return this.refusal === REFUSAL_NONE;
  }

  /** The worker that owns all swarms that are asked for, or {@link SEVERAL_OWNERS}. */
  ownerAmong(workers: number): number {
    return this.count === 0 ? SEVERAL_OWNERS : ownerOfAll(this.hashes, 0, this.count, workers);
  }

  /** Writes the body of the answer. @returns the offset after it */
  write(out: Uint8Array, bodyStart: number): number {
    const { announcer, hashes, order, outcome } = this;
    announcer.counters[COUNT_SCRAPES_HTTP]!++;
    if (this.count === 0) return writeFullScrape(out, bodyStart, swarmRecords(announcer.store, MAX_FULL_SCRAPE_SWARMS));
    const kept = sortHashes(hashes, this.count, order);
    let at = writeScrapeStart(out, bodyStart);
    for (let i = 0; i < kept; i++) {
      const hash = INFO_HASH_BYTES * order[i]!;
      announcer.scrape(hashes, hash, outcome);
      at = writeScrapeFile(out, at, hashes, hash, outcome.seeds, outcome.completed, outcome.leechers);
    }
    return writeScrapeEnd(out, at);
  }

  /** Whether the other workers can be asked now. */
  canGather({ scrapes }: RequestPassing): boolean {
    return this.count === 0 ? scrapes.hasRoomForAll : scrapes.hasRoomFor(this.hashes, 0, this.count);
  }

  /** Asks the other workers, and answers the request of this ticket once they have. */
  gather(passing: RequestPassing, ticket: number, close: boolean, withoutBody: boolean): void {
    this.announcer.counters[COUNT_SCRAPES_HTTP]!++;
    const answer = (writeBody: (out: Uint8Array, at: number) => number): void => {
      const out = new Uint8Array(MAX_HTTP_RESPONSE_BYTES);
      const bodyStart = bodyOffset(0, close);
      const end = finishHttpAnswer(out, 0, bodyStart, writeBody(out, bodyStart), 200, close, withoutBody);
      passing.answer(ticket, out, end, close);
    };
    if (this.count === 0) {
      passing.scrapes.gatherSwarms((records) => answer((out, at) => writeFullScrape(out, at, records)));
      return;
    }
    const sorted = this.sortedHashes();
    passing.scrapes.gatherCounts(sorted, (hashes, counts) =>
      answer((out, at) => writeGathered(out, at, hashes, counts)),
    );
  }

  /** Copies of the hashes, in the order of the answer. */
  private sortedHashes(): Uint8Array {
    const { hashes, order } = this;
    const kept = sortHashes(hashes, this.count, order);
    const sorted = new Uint8Array(INFO_HASH_BYTES * kept);
    for (let i = 0; i < kept; i++) {
      const hash = INFO_HASH_BYTES * order[i]!;
      sorted.set(hashes.subarray(hash, hash + INFO_HASH_BYTES), INFO_HASH_BYTES * i);
    }
    return sorted;
  }
}

function writeGathered(out: Uint8Array, bodyStart: number, hashes: Uint8Array, counts: Uint8Array): number {
  const outcome = new ScrapeOutcome();
  let at = writeScrapeStart(out, bodyStart);
  for (let i = 0; i < hashes.length / INFO_HASH_BYTES; i++) {
    readCounts(counts, i, outcome);
    at = writeScrapeFile(out, at, hashes, INFO_HASH_BYTES * i, outcome.seeds, outcome.completed, outcome.leechers);
  }
  return writeScrapeEnd(out, at);
}
