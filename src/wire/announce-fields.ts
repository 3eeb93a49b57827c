/**
 * The contents of an announce, independent of the protocol (BEP 3, BEP 15). Both decoders fill this record. It is an
 * interface so that the tracker's own request record is filled in place, without a copy or an allocation per announce.
 */

/** Events with the numbers of BEP 15; `paused` is BEP 21's. */
export const EVENT_NONE = 0;
export const EVENT_COMPLETED = 1;
export const EVENT_STARTED = 2;
export const EVENT_STOPPED = 3;
export const EVENT_PAUSED = 4;

/** `numWant` if the client sent no number, or a negative one. */
export const NUM_WANT_UNSAID = -1;

export interface AnnounceFields {
  /** Holds the info-hash (20 bytes) and the peer id (20 bytes) at the two offsets below. */
  bytes: Uint8Array;
  infoHashOffset: number;
  peerIdOffset: number;
  /** 0 if the client sent none. */
  port: number;
  /** True if `left` is zero; a missing `left` does not count as zero. */
  seed: boolean;
  event: number;
  /** As sent, or {@link NUM_WANT_UNSAID}. */
  numWant: number;
  /** 32 bits; 0 if the client sent none. */
  key: number;
  /** Unsigned 64-bit totals in two halves. They saturate and do not wrap. */
  uploadedHigh: number;
  uploadedLow: number;
  downloadedHigh: number;
  downloadedLow: number;
  leftHigh: number;
  leftLow: number;
}
