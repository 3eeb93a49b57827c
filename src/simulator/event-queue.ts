/** A binary heap of timed events; equal times keep their insertion order, so that a run is deterministic. */

export class EventQueue<T> {
  // Three arrays rather than one of records: sifting compares adjacent numbers.
  #times = new Float64Array(1024);
  #orders = new Float64Array(1024);
  readonly #what: T[] = [];
  #order = 0;

  get size(): number {
    return this.#what.length;
  }

  /** The time of the next event; Infinity if the queue is empty. */
  get nextSeconds(): number {
    return this.#what.length === 0 ? Number.POSITIVE_INFINITY : this.#times[0]!;
  }

  push(atSeconds: number, what: T): void {
    if (this.#what.length === this.#times.length) this.#grow();
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#what;
    let hole = items.length;
    items.push(what);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      // A later event never overtakes an equal one.
      if (times[parent]! <= atSeconds) break;
      times[hole] = times[parent]!;
      orders[hole] = orders[parent]!;
      items[hole] = items[parent]!;
      hole = parent;
    }
    times[hole] = atSeconds;
    orders[hole] = this.#order++;
    items[hole] = what;
  }

  /** Removes and returns the next event. */
  pop(): T | undefined {
    const times = this.#times;
    const orders = this.#orders;
    const items = this.#what;
    const first = items[0];
    const last = items.pop();
    const size = items.length;
    if (last === undefined || size === 0) return last;
    const time = times[size]!;
    const order = orders[size]!;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= size) break;
      const right = child + 1;
      if (
        right < size &&
        (times[right]! < times[child]! || (times[right]! === times[child]! && orders[right]! < orders[child]!))
      )
        child = right;
      if (time < times[child]! || (time === times[child]! && order < orders[child]!)) break;
      times[hole] = times[child]!;
      orders[hole] = orders[child]!;
      items[hole] = items[child]!;
      hole = child;
    }
    times[hole] = time;
    orders[hole] = order;
    items[hole] = last;
    return first;
  }

  #grow(): void {
    const times = new Float64Array(2 * this.#times.length);
    times.set(this.#times);
    this.#times = times;
    const orders = new Float64Array(times.length);
    orders.set(this.#orders);
    this.#orders = orders;
  }
}
