/**
 * Connection ids of the UDP protocol (BEP 15), without keeping any: an id proves that its holder receives what is sent to
 * the address it announces from, so nobody can enter, or aim answers at, an address that is not theirs.
 *
 * Threat model: a sender who forges source addresses sees no answers. To be believed for one address they must guess 56 bits
 * of a keyed hash (SipHash-2-4, key of 16 random bytes made at the start and never written down). Whoever does receive at
 * the address may use its id until it ends; that is what the protocol means. After a restart old ids fail, and clients
 * connect again by themselves.
 *
 * Layout, 8 bytes: [0] low 8 bits of the window of issue, [1 … 7] hash over address and whole window number.
 * Lifetime: a window is 60 s. `strict` takes ids of the current window and the two before it, so 2 minutes (BEP 15) and
 * up to one window's grace. `lenient` takes them for 36 minutes: some clients ask once and reuse the id at their next
 * announce half an hour later. A stamp of a later window is refused, and one of 256 windows ago has another hash. Several
 * workers share the key. Each reads its clock between batches, so one may be in the next window already when another one still is
 * in the last: they take ids of the next window, too.
 */

import { SipHash } from '../domain/siphash.js';
import type { RemoteAddress } from '../transport/transport.js';
import { readUint32, writeUint32 } from '../wire/byte-order.js';

export const CONNECTION_ID_KEY_BYTES = 16;
export const WINDOW_SECONDS = 60;
const STRICT_WINDOWS = 2;
const LENIENT_WINDOWS = 35;

export type ConnectionIdMode = 'strict' | 'lenient';

export class ConnectionIds {
  private readonly hash: SipHash;
  private readonly oldestWindow: number;
  private readonly windowsAhead: number;
  private readonly message = new Int32Array(5);

  /**
   * @param key {@link CONNECTION_ID_KEY_BYTES} secret random bytes
   * @param isShared other workers issue ids with this key
   */
  constructor(key: Uint8Array, mode: ConnectionIdMode, isShared = false) {
    this.hash = new SipHash(key);
    this.windowsAhead = isShared ? 1 : 0;
    this.oldestWindow = mode === 'strict' ? STRICT_WINDOWS : LENIENT_WINDOWS;
  }

  /** Writes the id for this address, issued now, to 8 bytes of `out`. */
  write(out: Uint8Array, offset: number, remote: RemoteAddress, nowSeconds: number): void {
    const window = Math.floor(nowSeconds / WINDOW_SECONDS);
    this.compute(remote, window);
    writeUint32(out, offset, ((window & 0xff) << 24) | (this.hash.high & 0xffffff));
    writeUint32(out, offset + 4, this.hash.low);
  }

  /** Whether the 8 bytes at `offset` are an id of this address that has not ended. Takes the same time for any hash. */
  isValid(bytes: Uint8Array, offset: number, remote: RemoteAddress, nowSeconds: number): boolean {
    const now = Math.floor(nowSeconds / WINDOW_SECONDS);
    const ageInWindows = ((now - bytes[offset]!) << 24) >> 24;
    if (ageInWindows > this.oldestWindow || ageInWindows > now || ageInWindows < -this.windowsAhead) return false;
    this.compute(remote, now - ageInWindows);
    const difference =
      ((readUint32(bytes, offset) ^ this.hash.high) & 0xffffff) | (readUint32(bytes, offset + 4) ^ this.hash.low);
    return difference === 0;
  }

  private compute(remote: RemoteAddress, window: number): void {
    const message = this.message;
    message[0] = window;
    message[1] = remote.word0;
    if (remote.family === 4) {
      this.hash.hash(message, 2);
      return;
    }
    message[2] = remote.word1;
    message[3] = remote.word2;
    message[4] = remote.word3;
    this.hash.hash(message, 5);
  }
}
