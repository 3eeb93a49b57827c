/**
 * The bytes that one of the operator's own clients has transferred since its last announce, from the totals that it announces. A
 * first announce, a restarted client, a total that went down and a growth that no line can carry say nothing. A client with both
 * families announces the same totals twice, so only its IPv4 peer counts.
 */
import { type AnnounceRequest, EVENT_STARTED } from '../announce-request.js';
import {
  type AnnounceOutcome,
  TRAFFIC_BACKWARD,
  TRAFFIC_COUNTED,
  TRAFFIC_FIRST,
  TRAFFIC_IMPOSSIBLE,
  TRAFFIC_RESTARTED,
} from './announce-outcome.js';
import {
  DOWNLOADED_MASK,
  DOWNLOADED_UNIT_BYTES,
  DOWNLOADED_UNKNOWN,
  downloadedOf,
  FLAG_CACHE,
  flagsOf,
  groupOf,
  isCounted,
  mixOf,
  UPLOADED_MASK,
  UPLOADED_UNIT_BYTES,
  uploadedOf,
} from './memory/peer-record.js';

/** 10 Gb/s, more than any access line of a household. Totals are read once in a second at best, so one more second counts. */
const LINE_BYTES_PER_SECOND = 1.25e9;

/** @returns units of 16 KiB, modulo 2^22 */
export function uploadedUnits(request: AnnounceRequest): number {
  return ((request.uploadedHigh << 18) | (request.uploadedLow >>> 14)) & UPLOADED_MASK;
}

/** @returns units of 64 KiB, modulo 2^22 */
export function downloadedUnits(request: AnnounceRequest): number {
  return ((request.downloadedHigh << 16) | (request.downloadedLow >>> 16)) & DOWNLOADED_MASK;
}

/**
 * Compares an announce with the record, which must still hold the totals and flags of the last one.
 * @param family of the record
 * @param isSame the record is of the same client
 */
export function noteGrowth(
  request: AnnounceRequest,
  outcome: AnnounceOutcome,
  words: Uint32Array,
  meta: number,
  family: 4 | 6,
  ageSeconds: number,
  isSame: boolean,
): void {
  if (!isCounted(words, meta, family)) return;
  outcome.isCache = (flagsOf(words, meta) & FLAG_CACHE) !== 0;
  const before = downloadedOf(words, meta);
  if (!isSame || before === DOWNLOADED_UNKNOWN) {
    outcome.traffic = TRAFFIC_FIRST;
    return;
  }
  if (request.event === EVENT_STARTED) {
    outcome.traffic = TRAFFIC_RESTARTED;
    return;
  }
  const down = (downloadedUnits(request) - before) & DOWNLOADED_MASK;
  const up = (uploadedUnits(request) - uploadedOf(words, meta)) & UPLOADED_MASK;
  if (down > DOWNLOADED_MASK >>> 1 || up > UPLOADED_MASK >>> 1) {
    outcome.traffic = TRAFFIC_BACKWARD;
    return;
  }
  const most = (ageSeconds + 1) * LINE_BYTES_PER_SECOND;
  if (down * DOWNLOADED_UNIT_BYTES > most || up * UPLOADED_UNIT_BYTES > most) {
    outcome.traffic = TRAFFIC_IMPOSSIBLE;
    return;
  }
  outcome.traffic = TRAFFIC_COUNTED;
  outcome.downloadedBytes = down * DOWNLOADED_UNIT_BYTES;
  outcome.uploadedBytes = up * UPLOADED_UNIT_BYTES;
  outcome.answerMix = mixOf(words, meta);
  outcome.trafficGroup = groupOf(words, meta);
}
