/**
 * One announce on its way from the packet to the swarm: a mutable record that every listener owns once and fills for each
 * announce, so that an answer allocates nothing. Numbers, never objects.
 */

export {
  EVENT_COMPLETED,
  EVENT_NONE,
  EVENT_PAUSED,
  EVENT_STARTED,
  EVENT_STOPPED,
} from '../wire/announce-fields.js';

import { HOUSEHOLD_LOCALISED, type HouseholdGroup } from '../selection/household-groups.js';
import { type AnnounceFields, EVENT_NONE } from '../wire/announce-fields.js';

export class AnnounceRequest implements AnnounceFields {
  /** The buffer that holds the info-hash (20 bytes) and the peer id (20 bytes) at the two offsets. */
  bytes: Uint8Array = new Uint8Array(0);
  infoHashOffset = 0;
  peerIdOffset = 0;
  /** The address of the peer: 4 → word0 only; 6 → four words. Never an IPv4-mapped one. */
  family: 4 | 6 = 4;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
  port = 0;
  /** The locality group of that address in the current policy's topology. */
  group = 0;
  /** True if `left` is zero. */
  seed = false;
  event = EVENT_NONE;
  /** How many peers to answer: the default if the client sent no number, and at most the limit. */
  numWant = 0;
  /** BEP 7/15 key; 0 if the client sent none. */
  key = 0;
  /** Totals of this session as unsigned 64-bit numbers in two halves; saturated, never wrapped. */
  uploadedHigh = 0;
  uploadedLow = 0;
  downloadedHigh = 0;
  downloadedLow = 0;
  leftHigh = 0;
  leftLow = 0;
  /** Seconds on a monotonic clock that starts at 0 with the process's epoch (ages survive a restart). */
  nowSeconds = 0;
  /**
   * True for an address or port that is never handed out (bogon, denied, below the lowest port). Such a peer is counted and
   * answered.
   */
  withheld = false;
  /** The group of its household, one of `HOUSEHOLD_…`: all but the localised ones are answered at random. */
  household: HouseholdGroup = HOUSEHOLD_LOCALISED;
  /** It is answered at random only because of the shadow mode, so the localised answer is computed as well. */
  isShadowed = false;
  /** True: the HTTP client asked for the dictionary form with peer ids (compact=0). */
  wantsPeerIds = false;
}
