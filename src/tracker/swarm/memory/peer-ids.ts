/**
 * Peer ids, for the few clients that still ask for the dictionary form (BEP 3, compact=0). They are stored only for swarms in
 * which a client asked, outside the arena, and in limited number: the oldest is forgotten first.
 */

/** At most about 20 MB. */
const MAX_PEER_IDS = 100_000;
const PEER_ID_BYTES = 20;

export class PeerIds {
  private readonly ids = new Map<string, Uint8Array>();

  /** @param endpoint compact bytes of the peer at `offset` */
  rememberPeerId(entry: number, endpoint: string, bytes: Uint8Array, offset: number): void {
    const key = `${entry}/${endpoint}`;
    this.ids.delete(key);
    if (this.ids.size >= MAX_PEER_IDS) {
      for (const oldest of this.ids.keys()) {
        this.ids.delete(oldest);
        break;
      }
    }
    this.ids.set(key, Uint8Array.prototype.slice.call(bytes, offset, offset + PEER_ID_BYTES));
  }

  forgetPeerId(entry: number, endpoint: string): void {
    this.ids.delete(`${entry}/${endpoint}`);
  }

  findPeerId(entry: number, endpoint: string): Uint8Array | undefined {
    return this.ids.get(`${entry}/${endpoint}`);
  }

  get size(): number {
    return this.ids.size;
  }
}
