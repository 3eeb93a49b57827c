/**
 * The secret keys of a store's hash tables. Strangers choose info-hashes, addresses, ports and peer ids; which of them share a
 * slot must depend on a secret of this process. Each table has its own key.
 */
import { ADDRESS_KEY_WORDS, AddressHash } from '../../../domain/address-hash.js';
import { HalfSipHash } from '../../../domain/half-sip-hash.js';

/** Words of the secret that all {@link HashKeys} are derived from. */
export const HASH_KEY_WORDS = ADDRESS_KEY_WORDS + 6;

export class HashKeys {
  /** For info-hashes, five words each. */
  readonly torrents: HalfSipHash;
  readonly addresses: AddressHash;
  /** For peer id and key, two halves of one longer hash. */
  readonly identityLow: HalfSipHash;
  readonly identityHigh: HalfSipHash;

  /** @param secret {@link HASH_KEY_WORDS} words */
  constructor(secret: Uint32Array) {
    this.addresses = new AddressHash(secret, 0);
    this.torrents = new HalfSipHash(secret, ADDRESS_KEY_WORDS);
    this.identityLow = new HalfSipHash(secret, ADDRESS_KEY_WORDS + 2);
    this.identityHigh = new HalfSipHash(secret, ADDRESS_KEY_WORDS + 4);
  }
}
