/**
 * A closed loop of UDP announces (BEP 15) from many addresses through one wildcard socket: each message names its source
 * in a control message. At most WINDOW requests for each worker are unanswered, which fits the receive buffer of a server that
 * has the kernel's usual 208 KiB.
 */
import type { NativeCalls } from '../../src/transport/linux/native-calls.js';
import { ipv6SourceAddress, sourceAddress } from '../source-addresses.js';
import { INFO_HASH_BYTES, type Workload } from '../workload.js';
import type { ClientCalls } from './client-calls.js';
import { GapWatch } from './gap-watch.js';
import type { LoadProfile, LoadTarget } from './load-command.js';
import { emptyTally, type Tally } from './tally.js';
import { BATCH, UdpBatch } from './udp-batch.js';

const WINDOW = 256;
/** With a limited rate, messages are sent this often. */
const PACE_MS = 1;
/** Sleep while there is nothing to do: shorter than the answers to a window take. */
const REST_MICROSECONDS = 20;
/** A batch of connects is waited for this many times this long. */
const CONNECT_RESTS = 2_000;
const CONNECT_REST_MICROSECONDS = 100;
const ANNOUNCE_BYTES = 98;
const SCRAPE_BYTES = 36;

export class UdpLoad {
  readonly #client: ClientCalls;
  readonly #workload: Workload;
  readonly #batch: UdpBatch;
  readonly #server: number;
  readonly #ipv6: boolean;
  readonly #window: number;
  readonly #connectionIds: Uint8Array;
  readonly #sourceWords: Uint32Array;
  #scrapeDebt = 0;

  constructor(calls: NativeCalls, client: ClientCalls, workload: Workload, target: LoadTarget) {
    this.#client = client;
    this.#workload = workload;
    this.#server = target.pid;
    this.#window = WINDOW * (target.workers ?? 1);
    const { sources } = workload.shape;
    this.#ipv6 = target.host.includes(':');
    this.#connectionIds = new Uint8Array(sources * 8);
    this.#sourceWords = sourceWords(sources, this.#ipv6);
    this.#batch = new UdpBatch(calls, target);
    this.#connect();
  }

  /** Asks for the connection id of every source; the transaction id is the source's number. */
  #connect(): void {
    const { sources } = this.#workload.shape;
    const { view, bytes } = this.#batch.memory;
    const known = new Uint8Array(sources);
    let left = sources;
    for (let attempt = 0; left > 0; attempt++) {
      if (attempt === 20) throw new Error(`${left} sources got no connection id`);
      for (let from = 0; from < sources; ) {
        let count = 0;
        for (; from < sources && count < BATCH; from++) {
          if (known[from] === 1) continue;
          this.#from(count, from, this.#batch.writeConnect(count, from));
          count++;
        }
        if (count > 0) this.#batch.send(count);
        for (let answered = 0, rests = 0; answered < count && rests < CONNECT_RESTS; ) {
          const received = this.#batch.receive();
          if (received === 0) {
            rests++;
            this.#client.usleep(CONNECT_REST_MICROSECONDS);
          }
          for (let i = 0; i < received; i++) {
            const at = this.#batch.inAt(i);
            const source = view.getUint32(at + 4);
            if (view.getUint32(at) !== 0 || source >= sources || known[source] === 1) continue;
            this.#connectionIds.set(bytes.subarray(at + 8, at + 16), source * 8);
            known[source] = 1;
            answered++;
            left--;
          }
        }
      }
    }
  }

  #from(message: number, source: number, length: number): void {
    this.#batch.setSource(message, this.#sourceWords, this.#ipv6 ? source * 4 : source, length);
  }

  /** Until `until` says so. @param lostAfterMs a window without any answer for this long counts as lost */
  run(profile: LoadProfile, lostAfterMs: number, until: (tally: Tally) => boolean, nowMs: () => number): Tally {
    const tally = emptyTally();
    let inFlight = 0;
    const gaps = new GapWatch(this.#server, nowMs());
    const paced = profile.requestsPerSecond === undefined ? BATCH : (PACE_MS * profile.requestsPerSecond) / 1_000;
    let sendAtMs = nowMs();
    while (!until(tally)) {
      const room = Math.min(Math.ceil(paced), BATCH, this.#window - inFlight);
      let idle = true;
      if (paced < BATCH ? nowMs() >= sendAtMs && room > 0 : room >= BATCH / 2) {
        sendAtMs += PACE_MS;
        for (let i = 0; i < room; i++) this.#buildNext(i, profile);
        inFlight += this.#batch.send(room);
        idle = false;
      }
      const received = this.#batch.receive();
      if (received > 0) {
        this.#count(received, tally);
        inFlight = Math.max(0, inFlight - received);
        gaps.onAnswers(tally, nowMs());
      } else if (idle) {
        this.#client.usleep(REST_MICROSECONDS);
        const now = nowMs();
        if (now - gaps.lastAnswerMs > lostAfterMs) {
          tally.lost += inFlight;
          inFlight = 0;
          gaps.reset(now);
        }
      }
    }
    return tally;
  }

  #buildNext(message: number, profile: LoadProfile): void {
    const { torrentOf, sourceOf, portOf, seedOf, infoHashes } = this.#workload;
    const { bytes, view } = this.#batch.memory;
    const peer = this.#workload.takePeer();
    const source = sourceOf[peer]!;
    const at = this.#batch.outAt(message);
    for (let i = 0; i < 8; i++) bytes[at + i] = this.#connectionIds[source * 8 + i]!;
    view.setUint32(at + 12, peer);
    const hash = torrentOf[peer]! * INFO_HASH_BYTES;
    for (let i = 0; i < INFO_HASH_BYTES; i++) bytes[at + 16 + i] = infoHashes[hash + i]!;
    this.#scrapeDebt += profile.scrapePercent;
    if (this.#scrapeDebt >= 100) {
      this.#scrapeDebt -= 100;
      view.setUint32(at + 8, 2);
      this.#from(message, source, SCRAPE_BYTES);
      return;
    }
    view.setUint32(at + 8, 1);
    view.setUint32(at + 36, 0x2d54_4c30);
    view.setUint32(at + 40, 0x3030_312d);
    view.setUint32(at + 44, peer);
    view.setUint32(at + 48, peer);
    view.setUint32(at + 52, peer);
    for (let i = 56; i < ANNOUNCE_BYTES; i += 2) view.setUint16(at + i, 0);
    if (seedOf[peer] === 0) view.setUint32(at + 68, 1_000);
    view.setUint32(at + 88, peer);
    view.setUint32(at + 92, profile.numWant);
    view.setUint16(at + 96, portOf[peer]!);
    this.#from(message, source, ANNOUNCE_BYTES);
  }

  #count(received: number, tally: Tally): void {
    const { view } = this.#batch.memory;
    tally.answers += received;
    for (let i = 0; i < received; i++) {
      const length = this.#batch.answerBytes(i);
      const action = view.getUint32(this.#batch.inAt(i));
      tally.bytes += length;
      if (action === 3) tally.errors++;
      else if (action === 1) tally.peers += (length - 20) / (this.#ipv6 ? 18 : 6);
    }
  }

  close(): void {
    this.#batch.close();
  }
}

/** One word a source, of IPv6 four. */
function sourceWords(sources: number, ipv6: boolean): Uint32Array {
  if (!ipv6) return Uint32Array.from({ length: sources }, (_, i) => sourceAddress(i, sources));
  return Uint32Array.from({ length: sources * 4 }, (_, i) => ipv6SourceAddress(i >>> 2, sources).words[i & 3]!);
}
