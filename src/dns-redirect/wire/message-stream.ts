/** DNS over a byte stream: each message follows its length in two bytes (RFC 1035 section 4.2.2, RFC 7766 section 8). */

/** One write, so that the length and the message leave in one segment (RFC 7766 section 8). */
export function frameMessage(message: Uint8Array): Buffer {
  const framed = Buffer.allocUnsafe(message.length + 2);
  framed.writeUInt16BE(message.length, 0);
  framed.set(message, 2);
  return framed;
}

/** Collects bytes until a message is whole. Holds at most one partial message of `maxMessageBytes`. */
export class MessageReader {
  #pending: Buffer = Buffer.alloc(0);
  readonly #maxMessageBytes: number;

  constructor(maxMessageBytes: number) {
    this.#maxMessageBytes = maxMessageBytes;
  }

  push(chunk: Buffer): void {
    this.#pending = this.#pending.length === 0 ? chunk : Buffer.concat([this.#pending, chunk]);
  }

  /** Whether {@link next} has a message, or throws. */
  get hasMessage(): boolean {
    const { length } = this.#pending;
    return (
      length >= 2 &&
      (length >= this.#pending.readUInt16BE(0) + 2 || this.#pending.readUInt16BE(0) > this.#maxMessageBytes)
    );
  }

  /**
   * The next whole message, or `undefined` until more bytes arrive.
   * @throws RangeError if a message is longer than the limit: the rest of the stream cannot be read
   */
  next(): Buffer | undefined {
    if (this.#pending.length < 2) return undefined;
    const length = this.#pending.readUInt16BE(0);
    if (length > this.#maxMessageBytes) throw new RangeError(`a message of ${length} bytes`);
    if (this.#pending.length < length + 2) return undefined;
    const message = Buffer.from(this.#pending.subarray(2, length + 2));
    this.#pending = this.#pending.subarray(length + 2);
    return message;
  }
}
