/**
 * The exchange with one peer that ends with the description of a torrent (BEP 9, 10), as bytes in and bytes out: the socket
 * is in metadata-client.ts. The info-hash proves what the peer sent. Nothing is offered to the peer and no content is asked
 * for.
 */
import { createHash } from 'node:crypto';
import { ClientError } from '../domain/errors.js';
import type { InfoHash } from '../domain/info-hash.js';
import {
  extensionHandshake,
  METADATA_PIECE_BYTES,
  type MetadataMessage,
  metadataRequest,
  OUR_METADATA_ID,
  readExtensionHandshake,
  readMetadataMessage,
} from '../wire/metadata-messages.js';
import { misbehaves, PeerStream } from '../wire/peer-stream.js';

/** libtorrent stops at 3 MB unless it is told otherwise. Each download in progress holds this much at most. */
export const MAX_METADATA_BYTES = 10_000_000;
/** Pieces asked for at once. Transmission queues up to 64. */
const WINDOW = 8;

export class MetadataDownload {
  readonly #infoHash: InfoHash;
  readonly #send: (bytes: Uint8Array) => void;
  readonly #stream = new PeerStream();
  #metadataId = 0;
  #bytes = 0;
  /** By number; undefined until it has arrived. */
  #pieces: (Uint8Array | undefined)[] = [];
  #asked = 0;
  #missing = 0;

  /** @param infoHash SHA-1 of the description, or SHA-256 truncated to 20 bytes (BEP 52) @param send to the peer */
  constructor(infoHash: InfoHash, send: (bytes: Uint8Array) => void) {
    this.#infoHash = infoHash;
    this.#send = send;
  }

  /**
   * @param part what the peer sent
   * @returns the description once it is complete and proven, before that undefined
   * @throws ClientError `invalid-answer` if the peer does not have it, or misbehaves
   */
  push(part: Uint8Array): Uint8Array | undefined {
    for (const event of this.#stream.push(part)) {
      if (event.type === 'handshake') this.#greet(event.infoHash, event.hasExtensions);
      else if (event.id === 0) this.#begin(event.payload);
      else if (event.id === OUR_METADATA_ID && this.#take(readMetadataMessage(event.payload))) return this.#proven();
    }
    return undefined;
  }

  #greet(infoHash: InfoHash, hasExtensions: boolean): void {
    if (infoHash !== this.#infoHash) throw misbehaves('the handshake of another torrent');
    if (!hasExtensions) throw new ClientError('invalid-answer', 'the peer does not support extensions (BEP 10)');
    this.#send(extensionHandshake());
  }

  #begin(payload: Uint8Array): void {
    // A peer may repeat its handshake when something changes. The ids of the first one stay valid.
    if (this.#metadataId !== 0) return;
    const { metadataId, metadataBytes } = readExtensionHandshake(payload);
    if (metadataId === undefined || metadataBytes === undefined) {
      throw new ClientError('invalid-answer', 'the peer does not have the description of the torrent');
    }
    if (metadataBytes > MAX_METADATA_BYTES) {
      throw new ClientError('invalid-answer', `the description has more than ${MAX_METADATA_BYTES} bytes`);
    }
    this.#metadataId = metadataId;
    this.#bytes = metadataBytes;
    this.#missing = Math.ceil(metadataBytes / METADATA_PIECE_BYTES);
    this.#pieces = new Array<undefined>(this.#missing).fill(undefined);
    while (this.#asked < WINDOW && this.#askNext());
  }

  #askNext(): boolean {
    if (this.#asked >= this.#pieces.length) return false;
    this.#send(metadataRequest(this.#metadataId, this.#asked++));
    return true;
  }

  /** @returns whether this was the last piece that was missing */
  #take(message: MetadataMessage | undefined): boolean {
    // BEP 9 lets us leave requests unanswered if we do not have the description.
    if (message === undefined || message.type === 'request') return false;
    if (message.type === 'reject') throw new ClientError('invalid-answer', 'the peer refuses to send the description');
    const { piece, data } = message;
    if (piece >= this.#asked || this.#pieces[piece] !== undefined) throw misbehaves('a piece that was not asked for');
    const expected = Math.min(METADATA_PIECE_BYTES, this.#bytes - piece * METADATA_PIECE_BYTES);
    if (data.length !== expected) throw misbehaves(`a piece of ${data.length} bytes in place of ${expected}`);
    // A copy, so that the rest of what arrived with it is not held.
    this.#pieces[piece] = Uint8Array.from(data);
    this.#missing--;
    this.#askNext();
    return this.#missing === 0;
  }

  #proven(): Uint8Array {
    const description = Buffer.concat(this.#pieces as Uint8Array[]);
    const proves = (algorithm: 'sha1' | 'sha256'): boolean =>
      createHash(algorithm).update(description).digest('hex').slice(0, 40) === this.#infoHash;
    if (!proves('sha1') && !proves('sha256')) throw misbehaves('the description of another torrent');
    return description;
  }
}
