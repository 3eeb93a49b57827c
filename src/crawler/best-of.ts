/** The best entries of a list of any length, in memory for the best alone. */

/**
 * @param score called once for each entry
 * @returns at most `limit` entries with the highest scores, the best first; equal scores keep their order
 */
export function bestOf<T>(entries: Iterable<T>, limit: number, score: (entry: T) => number): T[] {
  // A binary heap with the worst entry on top.
  const heap: { readonly entry: T; readonly score: number; readonly order: number }[] = [];
  const worse = (a: number, b: number): boolean => {
    const [left, right] = [heap[a]!, heap[b]!];
    return left.score < right.score || (left.score === right.score && left.order > right.order);
  };
  const swap = (a: number, b: number): void => {
    [heap[a], heap[b]] = [heap[b]!, heap[a]!];
  };
  const sinkFrom = (start: number): void => {
    for (let at = start; ; ) {
      const left = 2 * at + 1;
      let worst = at;
      if (left < heap.length && worse(left, worst)) worst = left;
      if (left + 1 < heap.length && worse(left + 1, worst)) worst = left + 1;
      if (worst === at) return;
      swap(at, worst);
      at = worst;
    }
  };
  let order = 0;
  for (const entry of entries) {
    const item = { entry, score: score(entry), order: order++ };
    if (heap.length < limit) {
      heap.push(item);
      for (let at = heap.length - 1; at > 0; ) {
        const above = (at - 1) >> 1;
        if (!worse(at, above)) break;
        swap(at, above);
        at = above;
      }
    } else if (limit > 0 && item.score > heap[0]!.score) {
      heap[0] = item;
      sinkFrom(0);
    }
  }
  return heap.sort((a, b) => b.score - a.score || a.order - b.order).map(({ entry }) => entry);
}
