/**
 * What an announce says, whichever protocol carried it (BEP 3, BEP 15): the record that both decoders fill. It is an
 * interface so that the tracker's own request record is filled in place; nothing is copied or allocated per announce.
 */

/** Events with the numbers of BEP 15; `paused` is BEP 21's. */
export const EVENT_NONE = 0;
export const EVENT_COMPLETED = 1;
export const EVENT_STARTED = 2;
export const EVENT_STOPPED = 3;
export const EVENT_PAUSED = 4;

/** `numWant` of a client that named no number, or a negative one. */
export const NUM_WANT_UNSAID = -1;

export interface AnnounceFields {
  /** Holds the info-hash (20 bytes) and the peer id (20 bytes) at the two offsets. */
  bytes: Uint8Array;
  infoHashOffset: number;
  peerIdOffset: number;
  /** 0 where the client sent none. */
  port: number;
  /** True where `left` is zero; a missing `left` is not zero. */
  seed: boolean;
  event: number;
  /** As sent, or {@link NUM_WANT_UNSAID}. */
  numWant: number;
  /** 32 bits; 0 where the client sent none. */
  key: number;
  /** Unsigned 64-bit totals, split; saturated rather than wrapped. */
  uploadedHigh: number;
  uploadedLow: number;
  downloadedHigh: number;
  downloadedLow: number;
  leftHigh: number;
  leftLow: number;
}
