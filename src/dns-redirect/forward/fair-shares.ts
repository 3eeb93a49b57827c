/**
 * Divides a limited number of items (questions in flight) fairly between clients. If the limit is reached, the client with the
 * most items loses one to a client with fewer. So clients that ask for dead names do not block others. A trusted resolver
 * counts as many clients.
 */

/** A client that waits: a subscriber, or a resolver that asks for many users. */
export interface Sharer {
  readonly key: string;
  readonly trusted: boolean;
}

/** A trusted resolver counts as this many clients. */
const TRUSTED_SHARES = 256;

export class FairShares<Item> {
  readonly #capacity: number;
  readonly #items = new Map<string, { readonly items: Set<Item>; readonly shares: number }>();
  #size = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get size(): number {
    return this.#size;
  }

  /**
   * Whether there is room for one more item of this client.
   * @returns true; false if the client itself has the most items; otherwise the item of another client to remove first
   */
  roomFor(sharer: Sharer): boolean | { readonly instead: Item } {
    if (this.#size < this.#capacity) return true;
    const mine = this.#items.get(sharer.key);
    let most = ((mine?.items.size ?? 0) + 1) / sharesOf(sharer);
    let instead: Item | undefined;
    for (const [key, { items, shares }] of this.#items) {
      if (key === sharer.key || items.size / shares <= most) continue;
      most = items.size / shares;
      instead = items.values().next().value;
    }
    return instead === undefined ? false : { instead };
  }

  add(sharer: Sharer, item: Item): void {
    let mine = this.#items.get(sharer.key);
    if (mine === undefined) {
      mine = { items: new Set(), shares: sharesOf(sharer) };
      this.#items.set(sharer.key, mine);
    }
    mine.items.add(item);
    this.#size++;
  }

  remove(sharer: Sharer, item: Item): void {
    const mine = this.#items.get(sharer.key);
    if (mine === undefined || !mine.items.delete(item)) return;
    this.#size--;
    if (mine.items.size === 0) this.#items.delete(sharer.key);
  }
}

function sharesOf({ trusted }: Sharer): number {
  return trusted ? TRUSTED_SHARES : 1;
}
