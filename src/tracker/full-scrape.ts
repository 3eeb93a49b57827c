/** All swarms in one HTTP scrape, for the operator's own tools. It allocates, and returns as many swarms as fit one answer. */
import { readUint32, writeUint32 } from '../wire/byte-order.js';
import { writeScrapeEnd, writeScrapeFile, writeScrapeStart } from '../wire/scrape-answer.js';
import type { SwarmStore } from './swarm/swarm-store.js';

/** A swarm as another worker gets it: info-hash, seeds, completed, leechers. */
export const SWARM_RECORD_BYTES = 32;

/** @returns records of {@link SWARM_RECORD_BYTES}, at most `max`, in any order */
export function swarmRecords(store: Pick<SwarmStore, 'listSwarms'>, max: number): Uint8Array {
  // A page of the list is longer than its limit by up to a segment of the table.
  const swarms = store.listSwarms(0, max).swarms.slice(0, max);
  const records = new Uint8Array(SWARM_RECORD_BYTES * swarms.length);
  swarms.forEach(({ infoHash, seeds, completed, leechers }, i) => {
    const at = SWARM_RECORD_BYTES * i;
    records.set(Buffer.from(infoHash, 'hex'), at);
    writeUint32(records, at + 20, seeds);
    writeUint32(records, at + 24, completed);
    writeUint32(records, at + 28, leechers);
  });
  return records;
}

/** Writes the body at `start`, in the order of the hashes. @returns the offset after it */
export function writeFullScrape(out: Uint8Array, start: number, records: Uint8Array): number {
  const swarms = Array.from({ length: records.length / SWARM_RECORD_BYTES }, (_, i) =>
    records.subarray(SWARM_RECORD_BYTES * i, SWARM_RECORD_BYTES * (i + 1)),
  ).sort((a, b) => Buffer.compare(a.subarray(0, 20), b.subarray(0, 20)));
  let at = writeScrapeStart(out, start);
  for (const swarm of swarms) {
    at = writeScrapeFile(out, at, swarm, 0, readUint32(swarm, 20), readUint32(swarm, 24), readUint32(swarm, 28));
  }
  return writeScrapeEnd(out, at);
}
