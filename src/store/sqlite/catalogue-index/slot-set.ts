/** A set of small numbers (slots of entries), one bit each. */
export class SlotSet {
  #words: Uint32Array;

  /** @param capacity slots from 0; grows where {@link add} needs it */
  constructor(capacity: number) {
    this.#words = new Uint32Array((capacity + 31) >>> 5);
  }

  add(slot: number): void {
    const index = slot >>> 5;
    if (index >= this.#words.length) {
      const grown = new Uint32Array(2 * index + 1);
      grown.set(this.#words);
      this.#words = grown;
    }
    this.#words[index]! |= 1 << (slot & 31);
  }

  delete(slot: number): void {
    if (slot >>> 5 < this.#words.length) this.#words[slot >>> 5]! &= ~(1 << (slot & 31));
  }

  has(slot: number): boolean {
    return ((this.#words[slot >>> 5] ?? 0) & (1 << (slot & 31))) !== 0;
  }

  addAll(other: SlotSet): void {
    const words = other.#words;
    if (words.length > this.#words.length) this.add(32 * words.length - 1);
    for (let i = 0; i < words.length; i++) this.#words[i]! |= words[i]!;
  }
}
