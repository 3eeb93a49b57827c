/**
 * The tracker's own handlers for datagrams and HTTP requests over real swarms: nothing breaks, nothing outside the given
 * room is touched, and an address that has not proven itself gets no more bytes than it sent.
 */
import bencode from 'bencode';
import type { Random } from '../../../src/domain/random.js';
import { MAX_DATAGRAM_BYTES, MAX_HTTP_HEAD_BYTES, MAX_HTTP_RESPONSE_BYTES } from '../../../src/transport/transport.js';
import { encodeUdpAnnounce, encodeUdpConnect, encodeUdpScrape } from '../../../src/wire/udp-client-packets.js';
import { encodeUrlData } from '../../../src/wire/udp-options.js';
import {
  escaped,
  LabTracker,
  type LabTrackerOptions,
  networks,
  peerId,
  remoteOf,
} from '../../unit/tracker/lab-tracker.js';
import { WorkerGroup } from '../../unit/tracker/workers/worker-group.js';
import { BrokenRule, bytesOf, type FuzzSubject, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

/** Bytes around the input and behind the output that nobody may touch. */
const MARGIN = 32;
const UNTOUCHED = 0xa7;
const MAX_INPUT_BYTES = 10_000;
/** What a path with any equipment carries without fragments. */
const MAX_ANSWER_BYTES = 1_500;
/** Of each input the first byte picks who sends it; with this bit a datagram bears the sender's own connection id. */
const PROVEN = 0x80;
const SOURCES = ['127.1.0.1', '127.5.0.1', '127.6.0.1', '193.0.0.1', '2a00::1', '::1'].map((text) => ({
  text,
  remote: remoteOf(text),
}));
const MAINTENANCE_EVERY = 1_000;

const OPTIONS: LabTrackerOptions = {
  upstreamWantedBelow: 12,
  settings: { lab: true, trusted: networks('127.5.0.0/16') },
  proxies: ['127.6.0.0/16'],
  fullScrape: true,
  limits: { maxPeersPerAddressInSwarm: 8, maxPeersPerAddress: 1_000 },
};

function labTracker(): LabTracker {
  const tracker = new LabTracker(OPTIONS);
  // Reads the Host field, the path and the query of requests for the URL of the original.
  tracker.announcer.useRedirectedTrackers({
    unknownTorrents: 'exchange',
    trackers: [{ name: 'tracker.example', addresses: ['127.0.0.1'] }],
  });
  return tracker;
}

/** Keeps a handler to its room. */
class GuardedRoom {
  readonly input = new Uint8Array(MAX_INPUT_BYTES + 2 * MARGIN);
  readonly output: Uint8Array;
  readonly #room: number;

  constructor(room: number) {
    this.#room = room;
    this.output = new Uint8Array(room + 2 * MARGIN);
  }

  call(
    bytes: Uint8Array,
    handle: (input: Uint8Array, start: number, output: Uint8Array, outputStart: number) => number,
  ): number {
    const { input, output } = this;
    const room = this.#room;
    input.fill(UNTOUCHED, 0, bytes.length + 2 * MARGIN);
    input.set(bytes, MARGIN);
    output.fill(UNTOUCHED, 0, MARGIN);
    output.fill(UNTOUCHED, MARGIN + room, 2 * MARGIN + room);
    const length = handle(input, MARGIN, output, MARGIN);
    holds(length >= 0 && length <= room, 'an answer fits its room', () => String(length));
    for (let i = 0; i < MARGIN; i++) {
      const clean = output[i] === UNTOUCHED && output[MARGIN + room + i] === UNTOUCHED;
      holds(clean, 'nothing is written outside the room');
    }
    for (let i = 0; i < bytes.length; i++) {
      if (input[MARGIN + i] !== bytes[i]) throw new BrokenRule('a handler does not write to its input');
    }
    return length;
  }
}

/** What the worker does between batches; without it nothing would ever be dropped. */
function maintenance(tracker: LabTracker): () => void {
  let calls = 0;
  return () => {
    if (++calls % MAINTENANCE_EVERY !== 0) return;
    tracker.pass(7);
    tracker.store.sweeps.expire(tracker.announcer.nowSeconds, 4_096);
  };
}

export const trackerDatagram: FuzzTarget = {
  name: 'tracker-datagram',
  about: 'UDP packets (BEP 15, 41) to the tracker: no answer is larger than an unproven request, none leaves its room',
  stateful: true,
  create: createDatagrams,
};

function createDatagrams(): FuzzSubject {
  const tracker = labTracker();
  const room = new GuardedRoom(MAX_DATAGRAM_BYTES);
  const maintain = maintenance(tracker);
  return {
    make: makeDatagram,
    run(given) {
      maintain();
      const choice = given[0] ?? 0;
      const { text, remote } = SOURCES[choice % SOURCES.length]!;
      const bytes = given.slice(1);
      const connectionId = tracker.connectionId(text);
      const view = new DataView(bytes.buffer);
      if ((choice & PROVEN) !== 0 && bytes.length >= 8) view.setBigUint64(0, connectionId);
      const length = room.call(bytes, (input, start, output, at) =>
        tracker.udpHandler.onDatagram(input, start, bytes.length, remote, output, at),
      );
      if (length === 0) return 'silence';
      const proven = bytes.length >= 8 && view.getBigUint64(0) === connectionId;
      holds(length <= MAX_ANSWER_BYTES, 'an answer needs no fragments', () => String(length));
      holds(proven || length <= bytes.length, 'an unproven address gets no more than it sent', () => String(length));
      return ['connect', 'announce', 'scrape', 'error'][room.output[MARGIN + 3]!] ?? 'other';
    },
  };
}

function makeDatagram(random: Random): Uint8Array {
  const hash = (): Uint8Array => new Uint8Array(20).fill(random.below(40));
  const first = random.below(256);
  let bytes: Uint8Array;
  switch (random.below(4)) {
    case 0:
      bytes = encodeUdpConnect(random.nextUint32());
      break;
    case 1:
      bytes = encodeUdpScrape(1n, 2, Array.from({ length: random.below(80) }, hash));
      break;
    default:
      bytes = encodeUdpAnnounce(
        {
          connectionId: 2n,
          transactionId: random.nextUint32(),
          infoHash: hash(),
          peerId: peerId(random.below(1_000)),
          port: random.below(65_536),
          left: BigInt(random.below(2)),
          event: random.below(6),
          key: random.below(4),
          ip: sometimes(random, 2) ? 0 : random.nextUint32(),
          numWant: random.below(400) - 100,
        },
        sometimes(random, 2) ? new Uint8Array(0) : encodeUrlData(new Uint8Array(random.below(600)).fill(0x61)),
      );
  }
  return new Uint8Array(Buffer.concat([Buffer.of(first), bytes]));
}

export const trackerRequest: FuzzTarget = {
  name: 'tracker-request',
  about: 'HTTP requests to the tracker: every whole one gets an HTTP answer, none leaves its room',
  words: [
    '&info_hash=',
    '%',
    '\r\n\r\n',
    'X-Forwarded-For: ',
    'Content-Length: 3\r\n',
    ' HTTP/1.1\r\n',
    'GET /scrape?',
  ],
  stateful: true,
  create: createRequests,
};

function createRequests(): FuzzSubject {
  const tracker = labTracker();
  const { httpHandler } = tracker;
  const room = new GuardedRoom(MAX_HTTP_RESPONSE_BYTES);
  const maintain = maintenance(tracker);
  return {
    make: makeRequest,
    run(given) {
      maintain();
      const { remote } = SOURCES[(given[0] ?? 0) % SOURCES.length]!;
      const bytes = given.subarray(1);
      const length = room.call(bytes, (input, start, output, at) =>
        httpHandler.onHttpBytes(input, start, bytes.length, remote, output, at),
      );
      if (length === 0) {
        holds(bytes.length < MAX_HTTP_HEAD_BYTES, 'a head that is too long is answered');
        return 'incomplete';
      }
      const { consumed } = httpHandler;
      holds(consumed > 0 && consumed <= bytes.length, 'a request takes some of its bytes', () => String(consumed));
      return checkAnswer(Buffer.from(room.output.buffer, MARGIN, length).toString('latin1'));
    },
  };
}

/** @returns its status */
function checkAnswer(answer: string): string {
  const head = /^HTTP\/1\.1 (\d{3}) [A-Z][A-Za-z ]*\r\n(?:[A-Za-z-]+: [^\r\n]*\r\n)+\r\n/.exec(answer);
  holds(head !== null, 'an answer has an HTTP head', () => answer.slice(0, 200));
  const stated = Number(/\r\nContent-Length: (\d+)\r\n/.exec(head[0])?.[1]);
  const body = answer.length - head[0].length;
  holds(body === stated || body === 0, 'a body is as long as its head says', () => `${body} of ${stated}`);
  if (body > 0 && head[1] === '200') checkBody(Buffer.from(answer.slice(head[0].length), 'latin1'));
  return head[1]!;
}

export const trackerWorkers: FuzzTarget = {
  name: 'tracker-workers',
  about: 'HTTP requests to one of two workers: every whole one gets one answer, whichever of them has the swarm',
  words: trackerRequest.words ?? [],
  stateful: true,
  create: createWorkers,
};

function createWorkers(): FuzzSubject {
  const group = new WorkerGroup(2, OPTIONS);
  return {
    make: makeRequest,
    run(given) {
      const choice = given[0] ?? 0;
      const text = Buffer.from(given.subarray(1)).toString('latin1');
      // One request; a second one in the same input would follow its answer.
      const connection = group.connect(choice & 1, SOURCES[choice % SOURCES.length]!.text);
      connection.send(text);
      group.settle();
      holds(!connection.isWaiting, 'a request that was passed on is answered');
      if (connection.answers.length === 0) return 'incomplete';
      for (const answer of connection.answers) checkAnswer(answer);
      return connection.answers.length === 1 ? 'answered' : 'several';
    },
  };
}

/** Another codec reads the answer and writes the same bytes: keys are sorted, lengths right, nothing follows. */
function checkBody(body: Buffer): void {
  // That codec takes keys for UTF-8, which info-hashes in a scrape are not.
  if (body.includes('5:files') && body.some((byte) => byte > 0x7f)) return;
  const again = Buffer.from(bencode.encode(bencode.decode(body)));
  holds(again.equals(body), 'an answer is canonical bencode', () => body.toString('latin1').slice(0, 300));
}

function makeRequest(random: Random): Uint8Array {
  const hash = (): string => escaped(new Uint8Array(20).fill(random.below(40)));
  const parameters = {
    info_hash: hash(),
    peer_id: escaped(peerId(random.below(1_000))),
    port: String(random.below(70_000)),
    left: String(random.below(3)),
    compact: String(random.below(2)),
    numwant: String(random.below(400) - 100),
    event: pick(random, ['', 'started', 'stopped', 'completed', 'paused', 'x']),
    ip: pick(random, ['', '192.0.2.1', '2a00%3A%3A1', 'name', '::ffff:1.2.3.4']),
  };
  const query = Object.entries(parameters).map(([name, value]) => `${name}=${value}`);
  const header = pick(random, [
    '',
    'Connection: close\r\n',
    'X-Forwarded-For: 1.2.3.4, ::1, x\r\n',
    'Content-Length: 9\r\n',
  ]);
  const request = pick(random, [
    `GET /announce?${query.join('&')} HTTP/1.1\r\n${header}\r\n`,
    `HEAD http://x/announce.php?${query.join('&')} HTTP/1.0\r\n\r\n`,
    `GET /scrape?info_hash=${hash()}&info_hash=${hash()} HTTP/1.1\n\n`,
    'GET /scrape HTTP/1.1\r\nX-Forwarded-For: ,,, 10.0.0.1:1 ,[::1]:2\r\n\r\n',
    'POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  ]);
  return bytesOf(String.fromCharCode(random.below(SOURCES.length)) + request, 'latin1');
}
