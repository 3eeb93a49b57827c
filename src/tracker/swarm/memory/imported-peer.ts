/**
 * What the record of an imported peer holds in the words of transfer totals and history, which a peer that does not announce does
 * not have:
 *
 *   +3  number of its origin (20) | has neighbours (1) | mark of the gateway that it was given to last (9) | failures (2)
 *   +4  0
 *
 * A failure is a gateway that was given the peer and then received nothing. Once the peer announces here itself it is an
 * ordinary one, and the words are cleared.
 */
import {
  FLAG_UPSTREAM,
  flagsOf,
  historyOf,
  setDownloaded,
  setHistory,
  setMix,
  setUploaded,
  uploadedOf,
} from './peer-record.js';

const FAILURE_BITS = 2;
const FAILURES = (1 << FAILURE_BITS) - 1;
const MARK = 0x1ff;
/** One gateway may have a broken uplink of its own, or lie. */
const FAILURES_OF_A_USELESS_PEER = 2;

/** @returns the number of its origin, 0 if it is not known */
export function originNumberOf(words: Uint32Array, meta: number): number {
  return uploadedOf(words, meta);
}

export function setOriginNumber(words: Uint32Array, meta: number, number: number): void {
  setUploaded(words, meta, number);
}

/** The mark of a gateway, never 0. @param hostHash of its address; two gateways have the same mark once in 511 times */
export function markOfGateway(hostHash: number): number {
  return ((hostHash >>> 16) % MARK) + 1;
}

/** Records that a gateway is given the peer. */
export function noteGivenTo(words: Uint32Array, meta: number, mark: number): void {
  setHistory(words, meta, (mark << FAILURE_BITS) | failuresOf(words, meta));
}

/** Records that the gateway with this mark has received nothing, if it was the last one that was given the peer. Counts once. */
export function noteFailureOf(words: Uint32Array, meta: number, mark: number): void {
  if (historyOf(words, meta) >>> FAILURE_BITS !== mark) return;
  setHistory(words, meta, Math.min(FAILURES, failuresOf(words, meta) + 1));
}

/** How many gateways have received nothing while they had the peer. */
export function failuresOf(words: Uint32Array, meta: number): number {
  return historyOf(words, meta) & FAILURES;
}

/** The peer announces here itself: it has a history of its own from now on. */
export function becomeOrdinary(words: Uint32Array, meta: number, uploadedUnits: number, downloadedUnits: number): void {
  setUploaded(words, meta, uploadedUnits);
  setDownloaded(words, meta, downloadedUnits);
  setMix(words, meta, 0);
  setHistory(words, meta, 0);
}

/** Whether it is an imported peer that so many gateways could not use that it is dropped before its time. */
export function isUselessImport(words: Uint32Array, meta: number): boolean {
  return (flagsOf(words, meta) & FLAG_UPSTREAM) !== 0 && failuresOf(words, meta) >= FAILURES_OF_A_USELESS_PEER;
}
