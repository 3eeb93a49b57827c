/**
 * Hostile bytes for the tracker's handlers: valid requests with bytes flipped, cut, repeated, spliced and stretched, from a
 * seeded source, so that a run can be repeated. Each call checks what must hold whatever came in.
 */
import { createRandom, type Random } from '../../src/domain/random.js';
import { MAX_DATAGRAM_BYTES, MAX_HTTP_HEAD_BYTES, MAX_HTTP_RESPONSE_BYTES } from '../../src/transport/transport.js';
import { encodeUdpConnect, encodeUdpScrape } from '../../src/wire/udp-client-packets.js';
import { encodeUrlData } from '../../src/wire/udp-options.js';
import { escaped, HASH, LabTracker, networks, OTHER_HASH, peerId, remoteOf } from '../unit/tracker/lab-tracker.js';

const MAX_INPUT_BYTES = 10_000;
/** Bytes around the input and behind the output that nobody may touch. */
const MARGIN = 32;
const UNTOUCHED = 0xa7;

function mutate(random: Random, bytes: Uint8Array, others: readonly Uint8Array[]): Uint8Array {
  let out: Uint8Array = bytes.slice();
  for (let times = random.below(6); times >= 0; times--) {
    const at = random.below(out.length + 1);
    switch (random.below(9)) {
      case 0:
        if (at < out.length) out[at]! ^= 1 << random.below(8);
        break;
      case 1:
        if (at < out.length) out[at] = random.below(256);
        break;
      case 2:
        out = out.slice(0, at);
        break;
      case 3:
        out = out.slice(at);
        break;
      case 4: {
        const end = Math.min(out.length, at + random.below(40));
        out = concat(out.slice(0, end), out.slice(at));
        break;
      }
      case 5: {
        const other = others[random.below(others.length)]!;
        out = concat(out.slice(0, at), other.slice(random.below(other.length + 1)));
        break;
      }
      case 6:
        out.fill([0, 0xff, 0x25, 0x26, 0x0a][random.below(5)]!, at, at + random.below(20));
        break;
      case 7:
        out = concat(out.slice(0, at), new Uint8Array(random.below(200)).fill(random.below(256)), out.slice(at));
        break;
      default:
        if (random.below(50) === 0) {
          out = concat(out.slice(0, at), new Uint8Array(random.below(9_000)).fill(random.below(256)), out.slice(at));
        }
    }
  }
  return out.slice(0, MAX_INPUT_BYTES);
}

function concat(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts));
}

export class HostileInput {
  readonly tracker = new LabTracker({
    settings: { lab: true, trusted: networks('127.5.0.0/16') },
    proxies: ['127.6.0.0/16'],
    fullScrape: true,
    limits: { maxPeersPerAddressInSwarm: 8, maxPeersPerAddress: 1_000 },
  });
  readonly #random: Random;
  readonly #input = new Uint8Array(MAX_INPUT_BYTES + 2 * MARGIN);
  readonly #output = new Uint8Array(MAX_HTTP_RESPONSE_BYTES + 2 * MARGIN);
  readonly #sources = ['127.1.0.1', '127.5.0.1', '127.6.0.1', '193.0.0.1', '2a00::1', '::1'].map((text) => ({
    text,
    remote: remoteOf(text),
  }));
  answered = 0;

  constructor(seed: number) {
    this.#random = createRandom(seed);
  }

  /** @throws Error naming the bytes after which something did not hold */
  datagrams(count: number): void {
    const { tracker } = this;
    const random = this.#random;
    for (let i = 0; i < count; i++) {
      if (i % 1_000 === 0) this.#maintain();
      const { text, remote } = this.#sources[random.below(this.#sources.length)]!;
      const connectionId = tracker.connectionId(text);
      const proven = random.below(4) > 0;
      const valid = [
        encodeUdpConnect(random.nextUint32()),
        encodeUdpScrape(proven ? connectionId : 1n, 2, [HASH, OTHER_HASH, this.#hash()]),
        tracker.announceBytes(
          text,
          {
            infoHash: this.#hash(),
            peerId: peerId(random.below(1_000)),
            port: random.below(65_536),
            left: BigInt(random.below(2)),
            event: random.below(6),
            key: random.below(4),
            ip: random.below(2) === 0 ? 0 : random.nextUint32(),
            numWant: random.below(400) - 100,
            ...(proven ? {} : { connectionId: 2n }),
          },
          random.below(2) === 0 ? undefined : encodeUrlData(new Uint8Array(random.below(600)).fill(0x61)),
        ),
      ];
      const bytes = mutate(random, valid[random.below(valid.length)]!, valid);
      const length = this.#call(bytes, MAX_DATAGRAM_BYTES, (at) =>
        tracker.udpHandler.onDatagram(this.#input, MARGIN, bytes.length, remote, this.#output, at),
      );
      if (length === 0) continue;
      this.answered++;
      const idMatches =
        bytes.length >= 8 && Buffer.from(bytes.buffer, bytes.byteOffset, 8).readBigUInt64BE() === connectionId;
      if (length > 1_500) throw this.#fault(`an answer of ${length} bytes`, bytes);
      if (!idMatches && length > bytes.length) throw this.#fault(`${length} bytes to an unproven source`, bytes);
    }
  }

  /** @throws Error naming the bytes after which something did not hold */
  requests(count: number): void {
    const random = this.#random;
    const { httpHandler } = this.tracker;
    for (let i = 0; i < count; i++) {
      if (i % 1_000 === 0) this.#maintain();
      const { remote } = this.#sources[random.below(this.#sources.length)]!;
      const valid = this.#validRequests();
      const bytes = mutate(random, valid[random.below(valid.length)]!, valid);
      const length = this.#call(bytes, MAX_HTTP_RESPONSE_BYTES, (at) =>
        httpHandler.onHttpBytes(this.#input, MARGIN, bytes.length, remote, this.#output, at),
      );
      if (length === 0) {
        if (bytes.length >= MAX_HTTP_HEAD_BYTES) throw this.#fault('left without an answer', bytes);
        continue;
      }
      this.answered++;
      if (httpHandler.consumed <= 0 || httpHandler.consumed > bytes.length) {
        throw this.#fault(`took ${httpHandler.consumed} bytes`, bytes);
      }
      const head = Buffer.from(this.#output.buffer, MARGIN, 9).toString('latin1');
      if (head !== 'HTTP/1.1 ') throw this.#fault('not an HTTP answer', bytes);
    }
  }

  #hash(): Uint8Array {
    return new Uint8Array(20).fill(this.#random.below(40));
  }

  #validRequests(): Uint8Array[] {
    const random = this.#random;
    const query = this.tracker.query({
      info_hash: escaped(this.#hash()),
      peer_id: escaped(peerId(random.below(1_000))),
      port: String(random.below(70_000)),
      left: String(random.below(3)),
      compact: String(random.below(2)),
      numwant: String(random.below(400) - 100),
      event: ['', 'started', 'stopped', 'completed', 'paused', 'x'][random.below(6)]!,
      ip: ['', '192.0.2.1', '2a00%3A%3A1', 'name', '::ffff:1.2.3.4'][random.below(5)]!,
    });
    const headers = ['', 'Connection: close\r\n', 'X-Forwarded-For: 1.2.3.4, ::1, x\r\n', 'Content-Length: 9\r\n'];
    return [
      `GET /announce?${query} HTTP/1.1\r\n${headers[random.below(4)]}\r\n`,
      `HEAD http://x/announce.php?${query} HTTP/1.0\r\n\r\n`,
      `GET /scrape?info_hash=${escaped(this.#hash())}&info_hash=${escaped(HASH)} HTTP/1.1\n\n`,
      'GET /scrape HTTP/1.1\r\nX-Forwarded-For: ,,, 10.0.0.1:1 ,[::1]:2\r\n\r\n',
      'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ].map((text) => new Uint8Array(Buffer.from(text, 'latin1')));
  }

  /** What the worker does between batches; without it nothing would ever be dropped. */
  #maintain(): void {
    this.tracker.pass(7);
    this.tracker.store.expire(this.tracker.announcer.nowSeconds, 4_096);
  }

  #call(bytes: Uint8Array, room: number, handle: (outputStart: number) => number): number {
    this.#input.fill(UNTOUCHED, 0, bytes.length + 2 * MARGIN);
    this.#input.set(bytes, MARGIN);
    this.#output.fill(UNTOUCHED, 0, MARGIN);
    this.#output.fill(UNTOUCHED, MARGIN + room, 2 * MARGIN + room);
    let length: number;
    try {
      length = handle(MARGIN);
    } catch (error) {
      throw this.#fault(String(error), bytes);
    }
    if (length < 0 || length > room) throw this.#fault(`an answer of ${length} bytes`, bytes);
    for (let i = 0; i < MARGIN; i++) {
      if (this.#output[i] !== UNTOUCHED || this.#output[MARGIN + room + i] !== UNTOUCHED) {
        throw this.#fault('wrote outside its room', bytes);
      }
    }
    for (let i = 0; i < bytes.length; i++) {
      if (this.#input[MARGIN + i] !== bytes[i]) throw this.#fault('wrote to its input', bytes);
    }
    return length;
  }

  #fault(what: string, bytes: Uint8Array): Error {
    return new Error(`${what}, after ${Buffer.from(bytes).toString('hex')}`);
  }
}
