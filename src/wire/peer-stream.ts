/**
 * The stream that a BitTorrent peer sends (BEP 3), cut into its handshake and its extension messages (BEP 10). All other
 * messages are skipped without being stored, because only descriptions are fetched from peers. Encrypted streams (MSE) are
 * not read.
 */
import { ClientError } from '../domain/errors.js';
import { type InfoHash, infoHashFromBytes, infoHashToBytes } from '../domain/info-hash.js';

export type PeerEvent =
  | { readonly type: 'handshake'; readonly infoHash: InfoHash; readonly hasExtensions: boolean }
  /** `id` is one that we chose, or 0 for the extension handshake. */
  | { readonly type: 'extension'; readonly id: number; readonly payload: Uint8Array };

const PROTOCOL = Buffer.from('\x13BitTorrent protocol', 'latin1');
const RESERVED_BYTES = 8;
/** BEP 10: the bit of the reserved bytes that announces extension messages. */
const EXTENSION_BYTE = 5;
const EXTENSION_BIT = 0x10;
const HANDSHAKE_BYTES = PROTOCOL.length + RESERVED_BYTES + 20 + 20;
const LENGTH_BYTES = 4;
const EXTENSION_MESSAGE = 20;
/** Its message id, and the id of the extension. */
const EXTENSION_HEAD_BYTES = 2;
/** A piece of a description has 16 KiB and about 50 bytes around it. Extension handshakes stay below 1 KiB. */
const MAX_EXTENSION_BYTES = 65_536;
/** A bitfield has a bit for each piece, and so needs 700 KB for a torrent file of 100 MiB. */
const MAX_MESSAGE_BYTES = 2 ** 20;

/** What we send first. @param peerId 20 bytes */
export function peerHandshake(infoHash: InfoHash, peerId: Uint8Array): Uint8Array {
  const reserved = new Uint8Array(RESERVED_BYTES);
  reserved[EXTENSION_BYTE] = EXTENSION_BIT;
  return Buffer.concat([PROTOCOL, reserved, infoHashToBytes(infoHash), peerId]);
}

/** @param id the one that the receiver chose for this extension, or 0 for the extension handshake */
export function extensionMessage(id: number, payload: Uint8Array): Uint8Array {
  const head = Buffer.alloc(LENGTH_BYTES + EXTENSION_HEAD_BYTES);
  head.writeUInt32BE(EXTENSION_HEAD_BYTES + payload.length, 0);
  head[LENGTH_BYTES] = EXTENSION_MESSAGE;
  head[LENGTH_BYTES + 1] = id;
  return Buffer.concat([head, payload]);
}

/** Takes the bytes of one connection as they arrive, in parts of any size. Its time and memory are linear in them. */
export class PeerStream {
  #parts: Uint8Array[] = [];
  #bytes = 0;
  /** Bytes that the next step needs. */
  #needed = HANDSHAKE_BYTES;
  /** Bytes of the current message that are skipped before the next step. */
  #skipped = 0;
  #step: 'handshake' | 'length' | 'head' | 'extension' = 'handshake';
  /** Of the current message, with its ids. */
  #messageBytes = 0;
  #extensionId = 0;

  /**
   * Yields what this part completes, in order. Each event is read when it is asked for, so an error does not hide those
   * before it.
   * @throws ClientError `invalid-answer` if the peer does not follow the protocol; the stream cannot be read on after that
   */
  *push(part: Uint8Array): Generator<PeerEvent> {
    this.#parts.push(part);
    this.#bytes += part.length;
    while (this.#skip() && this.#bytes >= this.#needed) {
      const event = this.#read(this.#take(this.#needed));
      if (event !== undefined) yield event;
    }
  }

  /** @returns whether everything that is to be skipped has arrived */
  #skip(): boolean {
    const here = Math.min(this.#skipped, this.#bytes);
    if (here > 0) this.#take(here);
    this.#skipped -= here;
    return this.#skipped === 0;
  }

  #take(count: number): Buffer {
    const first = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts);
    const all = Buffer.from(first.buffer, first.byteOffset, first.length);
    this.#parts = count === all.length ? [] : [all.subarray(count)];
    this.#bytes -= count;
    return all.subarray(0, count);
  }

  #read(bytes: Buffer): PeerEvent | undefined {
    switch (this.#step) {
      case 'handshake':
        this.#expect('length', LENGTH_BYTES);
        return readHandshake(bytes);
      case 'length':
        this.#messageBytes = bytes.readUInt32BE(0);
        if (this.#messageBytes > MAX_MESSAGE_BYTES) throw misbehaves(`a message of ${this.#messageBytes} bytes`);
        if (this.#messageBytes >= EXTENSION_HEAD_BYTES) this.#expect('head', EXTENSION_HEAD_BYTES);
        else this.#skipped = this.#messageBytes;
        return undefined;
      case 'head': {
        const rest = this.#messageBytes - EXTENSION_HEAD_BYTES;
        if (bytes[0] !== EXTENSION_MESSAGE) {
          this.#skipped = rest;
          this.#expect('length', LENGTH_BYTES);
          return undefined;
        }
        if (rest > MAX_EXTENSION_BYTES) throw misbehaves(`an extension message of ${rest} bytes`);
        this.#extensionId = bytes[1]!;
        this.#expect('extension', rest);
        return undefined;
      }
      case 'extension':
        this.#expect('length', LENGTH_BYTES);
        return { type: 'extension', id: this.#extensionId, payload: bytes };
    }
  }

  #expect(step: 'length' | 'head' | 'extension', bytes: number): void {
    this.#step = step;
    this.#needed = bytes;
  }
}

function readHandshake(bytes: Buffer): PeerEvent {
  // A client that expects encryption sends random bytes first.
  if (!bytes.subarray(0, PROTOCOL.length).equals(PROTOCOL)) throw misbehaves('something else than a handshake');
  const reserved = bytes.subarray(PROTOCOL.length, PROTOCOL.length + RESERVED_BYTES);
  const hash = bytes.subarray(PROTOCOL.length + RESERVED_BYTES, PROTOCOL.length + RESERVED_BYTES + 20);
  return {
    type: 'handshake',
    infoHash: infoHashFromBytes(hash),
    hasExtensions: (reserved[EXTENSION_BYTE]! & EXTENSION_BIT) !== 0,
  };
}

export function misbehaves(what: string): ClientError {
  return new ClientError('invalid-answer', `the peer sends ${what}`);
}
