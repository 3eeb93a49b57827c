/** A binary heap of timed events; equal times leave in the order they came, so that a run is deterministic. */

export interface TimedEvent<T> {
  readonly atSeconds: number;
  readonly order: number;
  readonly what: T;
}

export class EventQueue<T> {
  readonly #heap: TimedEvent<T>[] = [];
  #order = 0;

  get size(): number {
    return this.#heap.length;
  }

  push(atSeconds: number, what: T): void {
    const heap = this.#heap;
    const event = { atSeconds, order: this.#order++, what };
    let hole = heap.length;
    heap.push(event);
    while (hole > 0) {
      const parent = (hole - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[hole] = heap[parent]!;
      hole = parent;
    }
    heap[hole] = event;
  }

  pop(): TimedEvent<T> | undefined {
    const heap = this.#heap;
    const first = heap[0];
    const last = heap.pop();
    if (last === undefined || last === first) return first;
    let hole = 0;
    for (;;) {
      let child = 2 * hole + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[hole] = heap[child]!;
      hole = child;
    }
    heap[hole] = last;
    return first;
  }
}

function before<T>(a: TimedEvent<T>, b: TimedEvent<T>): boolean {
  return a.atSeconds < b.atSeconds || (a.atSeconds === b.atSeconds && a.order < b.order);
}
