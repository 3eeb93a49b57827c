/**
 * Who asks, as the store found it. An announce returns it and a selection takes it. It names places in the arena, so it is
 * good until the store is next asked for anything else than a selection.
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
  /** There may be peers of its home that have something for it. */
  hasNeighbours = false;
  /** False: it has not announced, and the selection must leave no trace. */
  announced = true;
  /** When it is asked to come back, in seconds; 0 at the usual interval. The selection sets it. */
  returnSeconds = 0;

  constructor(readonly endpoint: Endpoint) {}

  /** Forgets the last one. @param settles whether this one announces */
  reset(settles: boolean): void {
    this.record = 0;
    this.ageSeconds = -1;
    this.starving = false;
    this.hasNeighbours = false;
    this.announced = settles;
    this.returnSeconds = 0;
  }
}
