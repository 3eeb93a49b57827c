/** Clients of the swarms of one worker: they announce some torrents, and then ask for their counts again and again. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../../src/net/endpoint.js';
import { decodeUdpAnswer, encodeUdpConnect, encodeUdpScrape } from '../../src/wire/udp-client-packets.js';
import { UdpPeer } from '../udp-peer.js';
import { INFO_HASH_BYTES, infoHashesOf } from '../workload.js';

const TORRENTS = 32;
const ADDRESS = '127.1.0.77';
const ASK_EVERY_MS = 5;
/** Connects again and again until it is answered. */
const CONNECT_EVERY_MS = 500;

export class SwarmWitness {
  readonly #socket: Socket;
  readonly #tracker: Endpoint;
  readonly #hashes: Buffer[];
  readonly #connectionId: bigint;
  #lastAnswerMs = performance.now();
  #longest = { fromMs: 0, untilMs: 0 };
  #empty = 0;
  #timer: NodeJS.Timeout | undefined;

  private constructor(socket: Socket, tracker: Endpoint, hashes: Buffer[], connectionId: bigint) {
    this.#socket = socket;
    this.#tracker = tracker;
    this.#hashes = hashes;
    this.#connectionId = connectionId;
  }

  /** @param worker whose swarms they are. Nobody else may announce them */
  static async announce(tracker: Endpoint, worker: number, workers: number): Promise<SwarmWitness> {
    const owners = { workers, among: [worker] };
    const concatenated = Buffer.from(infoHashesOf({ torrents: TORRENTS, peers: 0, sources: 1, owners }));
    // The load has swarms of the same start: another end makes them others.
    const hashes = Array.from({ length: TORRENTS }, (_, i) =>
      concatenated.subarray(INFO_HASH_BYTES * i, INFO_HASH_BYTES * (i + 1)).fill(0x77, 16),
    );
    const peer = await UdpPeer.open(ADDRESS, tracker);
    for (const hash of hashes) await peer.announce(hash.toString('hex'));
    peer.close();
    const socket = createSocket('udp4');
    socket.bind(0, ADDRESS);
    await once(socket, 'listening');
    return new SwarmWitness(socket, tracker, hashes, await connectionIdFor(socket, tracker));
  }

  /** Asks from now on. */
  watch(): void {
    let next = 0;
    this.#lastAnswerMs = performance.now();
    this.#socket.on('message', (packet) => {
      const answer = decodeUdpAnswer(packet);
      if (answer.action !== 'scrape') return;
      if (answer.entries.some(({ seeders, leechers }) => seeders + leechers === 0)) this.#empty++;
      const nowMs = performance.now();
      if (nowMs - this.#lastAnswerMs > this.#longest.untilMs - this.#longest.fromMs)
        this.#longest = { fromMs: this.#lastAnswerMs, untilMs: nowMs };
      this.#lastAnswerMs = nowMs;
    });
    this.#timer = setInterval(() => {
      const hash = this.#hashes[next++ % TORRENTS]!;
      this.#socket.send(encodeUdpScrape(this.#connectionId, next, [hash]), this.#tracker.port, this.#tracker.host);
    }, ASK_EVERY_MS);
  }

  /** Answers that know nobody in a swarm. */
  get empty(): number {
    return this.#empty;
  }

  /** The end of the longest time without an answer, which has not ended while there is none. */
  get backAtMs(): number {
    const sinceLastMs = performance.now() - this.#lastAnswerMs;
    const { fromMs, untilMs } = this.#longest;
    return sinceLastMs > untilMs - fromMs ? Number.POSITIVE_INFINITY : untilMs;
  }

  stop(): void {
    clearInterval(this.#timer);
    this.#socket.close();
  }
}

async function connectionIdFor(socket: Socket, { host, port }: Endpoint): Promise<bigint> {
  const again = setInterval(() => socket.send(encodeUdpConnect(1), port, host), CONNECT_EVERY_MS);
  socket.send(encodeUdpConnect(1), port, host);
  try {
    const [packet] = await once(socket, 'message');
    const answer = decodeUdpAnswer(packet as Uint8Array);
    if (answer.action !== 'connect') throw new Error('the tracker sent no connection id');
    return answer.connectionId;
  } finally {
    clearInterval(again);
  }
}
