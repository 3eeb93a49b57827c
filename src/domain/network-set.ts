/** A few prefixes of the operator's configuration (trusted networks, proxies, denied addresses), looked up by address words. */
import type { Prefix } from './ip-address.js';
import { maskWord } from './ip-address.js';

/** Six numbers per prefix: family, length, four words. */
const WORDS = 6;

export class NetworkSet {
  private readonly words: Uint32Array;
  readonly isEmpty: boolean;

  constructor(prefixes: readonly Prefix[]) {
    this.words = new Uint32Array(prefixes.length * WORDS);
    prefixes.forEach((prefix, i) => {
      this.words.set([prefix.address.family, prefix.length, ...prefix.address.words], i * WORDS);
    });
    this.isEmpty = prefixes.length === 0;
  }

  has(family: 4 | 6, word0: number, word1: number, word2: number, word3: number): boolean {
    const words = this.words;
    for (let at = 0; at < words.length; at += WORDS) {
      if (words[at] !== family) continue;
      const length = words[at + 1]!;
      if (((word0 ^ words[at + 2]!) & maskWord(length)) !== 0) continue;
      if (family === 4) return true;
      if (
        ((word1 ^ words[at + 3]!) & maskWord(length - 32)) === 0 &&
        ((word2 ^ words[at + 4]!) & maskWord(length - 64)) === 0 &&
        ((word3 ^ words[at + 5]!) & maskWord(length - 96)) === 0
      ) {
        return true;
      }
    }
    return false;
  }
}
