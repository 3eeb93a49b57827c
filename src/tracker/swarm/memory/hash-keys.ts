/**
 * The secrets of a store's hash tables. Info-hashes, addresses, ports and peer ids are chosen by strangers; which of them
 * share a slot must depend on what only this process knows. Each table has a key of its own.
 */
import { ADDRESS_KEY_WORDS, AddressHash } from '../../../domain/address-hash.js';
import { HalfSipHash } from '../../../domain/half-sip-hash.js';

/** Words of secret that {@link HashKeys} are made of. */
export const HASH_KEY_WORDS = ADDRESS_KEY_WORDS + 6;

export class HashKeys {
  /** Of info-hashes, five words each. */
  readonly torrents: HalfSipHash;
  readonly addresses: AddressHash;
  /** Of peer id and key, two halves of one longer hash. */
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
