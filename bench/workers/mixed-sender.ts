/**
 * Sends a sequence of requests with a bounded number of unanswered ones. Requests for one swarm never overlap, because the order in
 * which the tracker reads its sockets is not that in which they were sent. So each swarm has the same history in every run.
 */
import { setImmediate } from 'node:timers/promises';
import { formatIp, ipv4FromWord } from '../../src/domain/ip-address.js';
import { openNativeCalls } from '../../src/transport/linux/native-calls.js';
import { decodeUdpAnswer, encodeUdpAnnounce, encodeUdpScrape } from '../../src/wire/udp-client-packets.js';
import { type ClientCalls, openClientCalls } from '../load/client-calls.js';
import { BATCH, UdpBatch } from '../load/udp-batch.js';
import { sourceAddress } from '../source-addresses.js';
import { INFO_HASH_BYTES } from '../workload.js';
import { KeepAliveClient } from './keep-alive-client.js';
import {
  EVENT_NONE,
  HTTP_CONNECTIONS,
  HTTP_IPV6_CONNECTIONS,
  LANE_HTTP,
  LANE_UDP4,
  LANE_UDP6,
  type MixedAnnounce,
  type MixedRequest,
  type MixedRequests,
  SOURCES,
} from './mixed-requests.js';

/** Fits the receive buffer of a socket that has the kernel's usual 208 KiB. */
const WINDOW = 256;
/** Requests that wait until an earlier one for their swarm is answered. */
const MAX_WAITING = 256;
const REST_MICROSECONDS = 20;
/** Loopback loses nothing while the window fits, so an answer that does not come is a defect. */
const PATIENCE_MS = 30_000;
const NUM_WANT = 20;
const EVENT_NAMES = ['', 'completed', 'started', 'stopped', 'paused'];
const IPV6_SOURCE = Uint32Array.of(0, 0, 0, 1);

export interface MixedTarget {
  readonly udp4: number;
  readonly udp6: number;
  readonly http4: number;
  readonly http6: number;
}

export class MixedSender {
  /** For each request: a number made of the counts in its answer. */
  readonly answers: Uint32Array;
  readonly #requests: MixedRequests;
  readonly #client: ClientCalls;
  readonly #batches: readonly [UdpBatch, UdpBatch];
  readonly #http: readonly KeepAliveClient[];
  readonly #connectionIds: readonly [bigint[], bigint[]] = [[], []];
  readonly #sources: Uint32Array;
  /** Requests that wait in a batch, by lane. */
  readonly #queued: readonly [MixedRequest[], MixedRequest[]] = [[], []];
  readonly #unanswered = new Map<number, MixedRequest>();
  /** By swarm: 1 while a request for it is unanswered. */
  readonly #isBusy: Uint8Array;
  readonly #waiting: MixedRequest[] = [];
  /** By swarm: the last turn in which a request for it had to wait. Later ones wait behind it. */
  readonly #waitedIn: Uint32Array;
  #answered = 0;

  private constructor(
    requests: MixedRequests,
    client: ClientCalls,
    batches: readonly [UdpBatch, UdpBatch],
    http: readonly KeepAliveClient[],
  ) {
    this.#requests = requests;
    this.#client = client;
    this.#batches = batches;
    this.#http = http;
    this.answers = new Uint32Array(requests.count);
    this.#isBusy = new Uint8Array(requests.swarms);
    this.#waitedIn = new Uint32Array(requests.swarms);
    this.#sources = Uint32Array.from({ length: SOURCES }, (_, i) => sourceAddress(i, SOURCES));
  }

  static async open(requests: MixedRequests, { udp4, udp6, http4, http6 }: MixedTarget): Promise<MixedSender> {
    const calls = await openNativeCalls();
    const http: KeepAliveClient[] = [];
    for (let i = 0; i < HTTP_CONNECTIONS; i++) {
      const isIpv6 = i >= HTTP_CONNECTIONS - HTTP_IPV6_CONNECTIONS;
      const tracker = isIpv6 ? { host: '::1', port: http6 } : { host: '127.0.0.1', port: http4 };
      const from = isIpv6 ? '::1' : formatIp(ipv4FromWord(sourceAddress(i * 11, SOURCES)));
      http.push(await KeepAliveClient.open(tracker, from));
    }
    const batches = [
      new UdpBatch(calls, { host: '127.0.0.1', port: udp4 }),
      new UdpBatch(calls, { host: '::1', port: udp6 }),
    ] as const;
    const sender = new MixedSender(requests, openClientCalls(), batches, http);
    sender.#connect(LANE_UDP4, SOURCES);
    sender.#connect(LANE_UDP6, 1);
    return sender;
  }

  /** @param onProgress gets the number of answers, now and then. @throws Error for an answer that refuses or does not come */
  async run(onProgress: (answered: number) => void): Promise<void> {
    const { count } = this.#requests;
    let answeredAtMs = performance.now();
    for (let turn = 1; this.#answered < count; turn++) {
      const before = this.#answered;
      this.#takeNext(turn);
      for (const lane of [LANE_UDP4, LANE_UDP6] as const) {
        this.#sendQueued(lane);
        this.#receive(lane);
      }
      if (turn % 64 === 0 || this.#http.some(({ isBusy }) => isBusy)) await setImmediate();
      if (this.#answered === before) this.#client.usleep(REST_MICROSECONDS);
      else answeredAtMs = performance.now();
      if (performance.now() - answeredAtMs > PATIENCE_MS) {
        const missing = [...this.#unanswered.keys()].slice(0, 5).join(', ');
        throw new Error(`${this.#unanswered.size} requests got no answer, among them ${missing}`);
      }
      if (turn % 1_024 === 0) onProgress(this.#answered);
    }
    onProgress(count);
  }

  close(): void {
    for (const batch of this.#batches) batch.close();
    for (const client of this.#http) client.close();
  }

  #connect(lane: 0 | 1, sources: number): void {
    const batch = this.#batches[lane];
    const { view } = batch.memory;
    const endMs = performance.now() + PATIENCE_MS;
    for (let from = 0; from < sources; from += BATCH) {
      const count = Math.min(BATCH, sources - from);
      for (let i = 0; i < count; i++) this.#from(lane, i, from + i, batch.writeConnect(i, from + i));
      batch.send(count);
      for (let answered = 0; answered < count; ) {
        const received = batch.receive();
        for (let i = 0; i < received; i++) {
          this.#connectionIds[lane][view.getUint32(batch.inAt(i) + 4)] = view.getBigUint64(batch.inAt(i) + 8);
        }
        answered += received;
        if (received === 0) this.#client.usleep(REST_MICROSECONDS);
        if (performance.now() > endMs) throw new Error('the tracker gives no connection ids');
      }
    }
  }

  #from(lane: 0 | 1, message: number, source: number, length: number): void {
    const batch = this.#batches[lane];
    if (lane === LANE_UDP4) batch.setSource(message, this.#sources, source, length);
    else batch.setSource(message, IPV6_SOURCE, 0, length);
  }

  /** Those that waited come before new ones, and in their order. */
  #takeNext(turn: number): void {
    let kept = 0;
    for (const request of this.#waiting) if (!this.#take(request, turn)) this.#waiting[kept++] = request;
    this.#waiting.length = kept;
    while (this.#unanswered.size < WINDOW && this.#waiting.length < MAX_WAITING) {
      const request = this.#requests.next();
      if (request === null) return;
      if (!this.#take(request, turn)) this.#waiting.push(request);
    }
  }

  /** @returns false: not yet */
  #take(request: MixedRequest, turn: number): boolean {
    const { swarms, number } = request;
    const isFree = swarms.every((swarm) => this.#isBusy[swarm] === 0 && this.#waitedIn[swarm] !== turn);
    if (!isFree || this.#unanswered.size >= WINDOW || !this.#hand(request)) {
      for (const swarm of swarms) this.#waitedIn[swarm] = turn;
      return false;
    }
    for (const swarm of swarms) this.#isBusy[swarm] = 1;
    this.#unanswered.set(number, request);
    return true;
  }

  /** @returns whether its socket takes a request now */
  #hand(request: MixedRequest): boolean {
    const { lane } = request;
    if (lane === LANE_UDP4 || lane === LANE_UDP6) {
      if (this.#queued[lane].length >= BATCH) return false;
      this.#queued[lane].push(request);
      return true;
    }
    const client = this.#http[lane - LANE_HTTP]!;
    if (client.failed !== null) throw client.failed;
    if (client.isBusy) return false;
    client.get(this.#pathOf(request), (body) => this.#end(request, httpCounts(request, body)));
    return true;
  }

  #sendQueued(lane: 0 | 1): void {
    const queued = this.#queued[lane];
    if (queued.length === 0) return;
    const batch = this.#batches[lane];
    const { bytes } = batch.memory;
    for (const [i, request] of queued.entries()) {
      const message = this.#encode(lane, request);
      bytes.set(message, batch.outAt(i));
      this.#from(lane, i, request.source, message.length);
    }
    queued.splice(0, batch.send(queued.length));
  }

  #encode(lane: 0 | 1, request: MixedRequest): Uint8Array {
    const connectionId = this.#connectionIds[lane][lane === LANE_UDP4 ? request.source : 0]!;
    if (request.kind === 'scrape') {
      return encodeUdpScrape(
        connectionId,
        request.number,
        request.swarms.map((swarm) => this.#infoHash(swarm)),
      );
    }
    const { number, swarms, event, port, left, uploaded, downloaded, client } = request;
    return encodeUdpAnnounce({
      connectionId,
      transactionId: number,
      infoHash: this.#infoHash(swarms[0]),
      peerId: Buffer.from(peerIdOf(request), 'latin1'),
      event,
      port,
      left: BigInt(left),
      uploaded: BigInt(uploaded),
      downloaded: BigInt(downloaded),
      key: client,
      numWant: NUM_WANT,
    });
  }

  #receive(lane: 0 | 1): void {
    const batch = this.#batches[lane];
    const { bytes } = batch.memory;
    for (let received = batch.receive(), i = 0; i < received; i++) {
      const answer = decodeUdpAnswer(bytes.subarray(batch.inAt(i), batch.inAt(i) + batch.answerBytes(i)));
      const request = this.#unanswered.get(answer.transactionId);
      if (request === undefined) throw new Error(`request ${answer.transactionId} is answered twice`);
      if (answer.action !== request.kind) {
        const why = answer.action === 'error' ? answer.message : answer.action;
        throw new Error(`request ${request.number} (${request.kind}) is answered with: ${why}`);
      }
      const counts =
        answer.action === 'announce'
          ? [answer.seeders, answer.leechers]
          : answer.entries.flatMap(({ seeders, completed, leechers }) => [seeders, completed, leechers]);
      this.#end(request, counts);
    }
  }

  #end({ number, swarms }: MixedRequest, counts: readonly number[]): void {
    for (const swarm of swarms) this.#isBusy[swarm] = 0;
    this.#unanswered.delete(number);
    this.#answered++;
    this.answers[number] = counts.reduce((sum, count) => (Math.imul(sum, 31) + count) | 0, 7);
  }

  #pathOf(request: MixedRequest): string {
    const hashes = request.swarms.map((swarm) => `info_hash=${escaped(this.#infoHash(swarm))}`);
    if (request.kind === 'scrape') return `/scrape?${hashes.join('&')}`;
    const { event, port, left, uploaded, downloaded, client } = request;
    const named = event === EVENT_NONE ? '' : `&event=${EVENT_NAMES[event]}`;
    return (
      `/announce?${hashes[0]}&peer_id=${peerIdOf(request)}&port=${port}&left=${left}&uploaded=${uploaded}` +
      `&downloaded=${downloaded}&key=${client.toString(16).padStart(8, '0')}&numwant=${NUM_WANT}&compact=1${named}`
    );
  }

  #infoHash(swarm: number): Uint8Array {
    return this.#requests.infoHashes.subarray(swarm * INFO_HASH_BYTES, (swarm + 1) * INFO_HASH_BYTES);
  }
}

function peerIdOf({ client, swarms }: MixedAnnounce): string {
  return `-MX0001-${String(swarms[0]).padStart(6, '0').slice(-6)}${String(client).padStart(6, '0')}`;
}

function escaped(bytes: Uint8Array): string {
  return [...bytes].map((byte) => `%${byte.toString(16).padStart(2, '0')}`).join('');
}

/** Reads the counts of an answer in bencoding. @throws Error for one that refuses */
function httpCounts(request: MixedRequest, body: Buffer): number[] {
  const text = body.toString('latin1');
  const pattern =
    request.kind === 'scrape'
      ? /8:completei(\d+)e10:downloadedi(\d+)e10:incompletei(\d+)e/g
      : /8:completei(\d+)e.*?10:incompletei(\d+)e/gs;
  const counts = [...text.matchAll(pattern)].flatMap((match) => match.slice(1).map(Number));
  if (counts.length === 0) throw new Error(`request ${request.number} (${request.kind}) is answered with: ${text}`);
  return counts;
}
