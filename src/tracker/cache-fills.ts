/** What the operator's caches may fetch over the border, on its way to the data plane. */
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import type { IpAddress } from '../domain/ip-address.js';
import { FILL_WORDS } from './swarm/operator-caches.js';

export interface CacheFill {
  readonly infoHash: InfoHash;
  /** Of the cache; one that has several is listed with each. */
  readonly address: IpAddress;
}

/** @returns `FILL_WORDS` each, as `OperatorCaches.setFills` reads them */
export function cacheFillWords(fills: readonly CacheFill[]): Uint32Array {
  const words = new Uint32Array(fills.length * FILL_WORDS);
  fills.forEach(({ infoHash, address }, i) => {
    const hash = new DataView(infoHashToBytes(infoHash).buffer);
    for (let w = 0; w < 5; w++) words[i * FILL_WORDS + w] = hash.getUint32(4 * w);
    words[i * FILL_WORDS + 5] = address.family;
    words.set(address.words, i * FILL_WORDS + 6);
  });
  return words;
}
