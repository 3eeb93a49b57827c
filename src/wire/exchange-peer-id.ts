/**
 * The peer id (BEP 20) by which alias trackers announce to original trackers. An alias tracker that is itself listed as an
 * original recognises it: such an announce is not demand, and is answered with peers that announced here only. So two alias
 * trackers that name each other never ask back, and never return to each other what they learned from each other.
 */
import { readInt32 } from './byte-order.js';

export const EXCHANGE_PEER_ID_PREFIX = '-AT0100-';

/** `-AT0` and `100-`. */
const FIRST_WORD = 0x2d415430;
const SECOND_WORD = 0x3130302d;

/** @param offset where the 20 bytes of a peer id begin */
export function isExchangePeerId(bytes: Uint8Array, offset: number): boolean {
  return readInt32(bytes, offset) === FIRST_WORD && readInt32(bytes, offset + 4) === SECOND_WORD;
}
