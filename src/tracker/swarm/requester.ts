/** Who asks, as far as the store knows; the store fills it when it has handled the announce. */
export class Requester {
  entry = 0;
  /** Its record, 0 where it is not stored. */
  record = 0;
  /** Seconds since its last announce, −1 where it was unknown. */
  ageSeconds = -1;
  /** A leecher that has received nothing since its last announce. */
  starving = false;
  /** There may be peers of its home that have something for it. */
  hasNeighbours = false;
  /** False: an explanation, which must leave no trace. */
  settles = true;

  /** Forgets the last one. @param settles whether this one announces */
  begin(settles: boolean): void {
    this.record = 0;
    this.ageSeconds = -1;
    this.starving = false;
    this.hasNeighbours = false;
    this.settles = settles;
  }
}
