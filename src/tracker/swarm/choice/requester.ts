/**
 * The requester as the store found it. An announce returns it and a selection takes it. It holds offsets in the arena, so it
 * is valid until the store is called for anything but a selection.
 */
import type { Endpoint } from '../memory/endpoint-key.js';

export class Requester {
  /** Of its torrent, 0 if there is no swarm. */
  entry = 0;
  /** Its record, 0 if it is not stored. */
  record = 0;
  /** Seconds since its last announce, −1 if it was unknown. */
  ageSeconds = -1;
  /** A leecher that has received nothing since its last announce. */
  starving = false;
  /** Peers behind its own address may have something for it. */
  hasNeighbours = false;
  /** False: it asks without an announce (an explanation), so the selection must not change anything. */
  announced = true;
  /** Seconds until it should announce again; 0 for the usual interval. Set by the selection. */
  returnSeconds = 0;
  /** Peers in its answer, of both families, and how many of them are foreign. Set by the selection. */
  given = 0;
  foreignGiven = 0;
  /** Its answer was drawn at random. Set by the selection. */
  atRandom = false;
  /** In shadow mode: the peers of the answer that it would get. −1: none was computed. */
  shadowGiven = -1;
  shadowForeign = 0;

  constructor(readonly endpoint: Endpoint) {}

  /** Prepares for the next requester. @param announced whether it announces */
  reset(announced: boolean): void {
    this.record = 0;
    this.ageSeconds = -1;
    this.starving = false;
    this.hasNeighbours = false;
    this.announced = announced;
    this.returnSeconds = 0;
    this.given = 0;
    this.foreignGiven = 0;
    this.atRandom = false;
    this.shadowGiven = -1;
    this.shadowForeign = 0;
  }
}
