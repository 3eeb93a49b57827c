/**
 * A closed loop of UDP announces (BEP 15) from many addresses through one wildcard socket: each message names its source
 * in a control message. At most WINDOW requests are unanswered, which fits the receive buffer of a server that has the
 * kernel's usual 208 KiB.
 */

import { parseIp } from '../../src/domain/ip-address.js';
import {
  AF_INET,
  AF_INET6,
  IOVEC_BYTES,
  IOVEC_LEN,
  IPPROTO_IP,
  IPPROTO_IPV6,
  MMSG_LEN,
  MMSGHDR_BYTES,
  MSG_CONTROL,
  MSG_CONTROLLEN,
  MSG_DONTWAIT,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_NAME,
  MSG_NAMELEN,
  PKTINFO4_CONTROL_BYTES,
  PKTINFO6_ADDR,
  PKTINFO6_CONTROL_BYTES,
  SO_RCVBUF,
  SO_RCVBUFFORCE,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCKADDR_IN6_BYTES,
} from '../../src/transport/linux/linux-abi.js';
import type { NativeCalls } from '../../src/transport/linux/native-calls.js';
import { NativeMemory } from '../../src/transport/linux/native-memory.js';
import { setBufferSize, setOption } from '../../src/transport/linux/open-socket.js';
import { writeSocketAddress } from '../../src/transport/linux/socket-address.js';
import { ipv6SourceAddress, sourceAddress } from '../source-addresses.js';
import { INFO_HASH_BYTES, type Workload } from '../workload.js';
import type { ClientCalls } from './client-calls.js';
import { GapWatch } from './gap-watch.js';
import type { LoadProfile, LoadTarget } from './load-command.js';
import { emptyTally, type Tally } from './tally.js';

const BATCH = 64;
const WINDOW = 256;
const IN_STRIDE = 4_096 + 64;
const OUT_STRIDE = 128;
const LINE = 64;
/** Sleep while there is nothing to do: shorter than the answers to a window take. */
const REST_MICROSECONDS = 20;
/** A batch of connects is waited for this many times this long. */
const CONNECT_RESTS = 2_000;
const CONNECT_REST_MICROSECONDS = 100;
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;
const ANNOUNCE_BYTES = 98;
const SCRAPE_BYTES = 36;
const CONNECT_BYTES = 16;
const CMSG_PKTINFO = 8;
const CMSG_PKTINFO6 = 50;
/** Sources are addresses that a route makes local, not the interface. */
const IPV6_FREEBIND = 78;
/** Where the source is in the control message of IPv4. */
const PKTINFO4_SOURCE = 20;
/** Of the control messages without what aligns the next. */
const CMSG_BYTES = 28;
const CMSG_BYTES6 = 36;

export class UdpLoad {
  readonly #calls: NativeCalls;
  readonly #client: ClientCalls;
  readonly #workload: Workload;
  readonly #memory: NativeMemory;
  readonly #server: number;
  readonly #fd: number;
  readonly #ipv6: boolean;
  readonly #outHeaders: number;
  readonly #outVectors: number;
  readonly #out: number;
  readonly #controls: number;
  readonly #inHeaders: number;
  readonly #in: number;
  readonly #connectionIds: Uint8Array;
  readonly #sourceWords: Uint32Array;
  #scrapeDebt = 0;

  constructor(calls: NativeCalls, client: ClientCalls, workload: Workload, target: LoadTarget) {
    this.#calls = calls;
    this.#client = client;
    this.#workload = workload;
    this.#server = target.pid;
    const { sources } = workload.shape;
    this.#ipv6 = target.host.includes(':');
    this.#connectionIds = new Uint8Array(sources * 8);
    this.#sourceWords = sourceWords(sources, this.#ipv6);
    const memory = new NativeMemory(calls, BATCH * (IN_STRIDE + OUT_STRIDE + 5 * LINE) + 64 * LINE);
    this.#memory = memory;
    const name = memory.reserve(SOCKADDR_IN6_BYTES);
    const nameBytes = writeSocketAddress(memory, name, parseIp(target.host), target.port);
    this.#outHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    this.#outVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.#inHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    const inVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.#controls = memory.reserve(BATCH * LINE);
    this.#out = memory.reserve(BATCH * OUT_STRIDE);
    this.#in = memory.reserve(BATCH * IN_STRIDE);
    const control = this.#ipv6 ? PKTINFO6_CONTROL_BYTES : PKTINFO4_CONTROL_BYTES;
    for (let i = 0; i < BATCH; i++) {
      this.#layOut(this.#outHeaders, this.#outVectors, i, this.#out + i * OUT_STRIDE, OUT_STRIDE);
      this.#layOut(this.#inHeaders, inVectors, i, this.#in + i * IN_STRIDE, IN_STRIDE);
      const header = this.#outHeaders + i * MMSGHDR_BYTES;
      memory.setPointer(header + MSG_NAME, name);
      memory.words[(header + MSG_NAMELEN) >>> 2] = nameBytes;
      const at = this.#controls + i * LINE;
      memory.setPointer(header + MSG_CONTROL, at);
      memory.words[(header + MSG_CONTROLLEN) >>> 2] = control;
      memory.words[at >>> 2] = this.#ipv6 ? CMSG_BYTES6 : CMSG_BYTES;
      memory.words[(at >>> 2) + 2] = this.#ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
      memory.words[(at >>> 2) + 3] = this.#ipv6 ? CMSG_PKTINFO6 : CMSG_PKTINFO;
    }
    this.#fd = calls.socket(this.#ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (this.#fd < 0) throw new Error('socket failed');
    if (this.#ipv6) setOption(calls, memory, this.#fd, [IPPROTO_IPV6, IPV6_FREEBIND, 1]);
    setBufferSize(calls, this.#fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
    this.#connect();
  }

  #layOut(headers: number, vectors: number, i: number, buffer: number, length: number): void {
    const memory = this.#memory;
    memory.setPointer(vectors + i * IOVEC_BYTES, buffer);
    memory.words[(vectors + i * IOVEC_BYTES + IOVEC_LEN) >>> 2] = length;
    memory.setPointer(headers + i * MMSGHDR_BYTES + MSG_IOV, vectors + i * IOVEC_BYTES);
    memory.words[(headers + i * MMSGHDR_BYTES + MSG_IOVLEN) >>> 2] = 1;
  }

  /** Asks for the connection id of every source; the transaction id is the source's number. */
  #connect(): void {
    const { sources } = this.#workload.shape;
    const { view, bytes } = this.#memory;
    const known = new Uint8Array(sources);
    let left = sources;
    for (let attempt = 0; left > 0; attempt++) {
      if (attempt === 20) throw new Error(`${left} sources got no connection id`);
      for (let from = 0; from < sources; ) {
        let count = 0;
        for (; from < sources && count < BATCH; from++) {
          if (known[from] === 1) continue;
          const at = this.#out + count * OUT_STRIDE;
          view.setUint32(at, 0x417);
          view.setUint32(at + 4, 0x2710_1980);
          view.setUint32(at + 8, 0);
          view.setUint32(at + 12, from);
          this.#from(count++, from, CONNECT_BYTES);
        }
        if (count > 0) this.#send(count);
        for (let answered = 0, rests = 0; answered < count && rests < CONNECT_RESTS; ) {
          const received = this.#receive();
          if (received === 0) {
            rests++;
            this.#client.usleep(CONNECT_REST_MICROSECONDS);
          }
          for (let i = 0; i < received; i++) {
            const at = this.#in + i * IN_STRIDE;
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
    const { words, view } = this.#memory;
    words[(this.#outVectors + message * IOVEC_BYTES + IOVEC_LEN) >>> 2] = length;
    const at = this.#controls + message * LINE;
    if (this.#ipv6) {
      for (let w = 0; w < 4; w++) view.setUint32(at + PKTINFO6_ADDR + 4 * w, this.#sourceWords[source * 4 + w]!);
    } else view.setUint32(at + PKTINFO4_SOURCE, this.#sourceWords[source]!);
  }

  /** Until `until` says so. @param lostAfterMs a window without any answer for this long counts as lost */
  run(profile: LoadProfile, lostAfterMs: number, until: (tally: Tally) => boolean, nowMs: () => number): Tally {
    const tally = emptyTally();
    let inFlight = 0;
    const gaps = new GapWatch(this.#server, nowMs());
    while (!until(tally)) {
      const room = Math.min(BATCH, WINDOW - inFlight);
      let idle = true;
      if (room >= BATCH / 2) {
        for (let i = 0; i < room; i++) this.#buildNext(i, profile);
        inFlight += this.#send(room);
        idle = false;
      }
      const received = this.#receive();
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
    const { bytes, view } = this.#memory;
    const peer = this.#workload.takePeer();
    const source = sourceOf[peer]!;
    const at = this.#out + message * OUT_STRIDE;
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

  #send(count: number): number {
    const at = this.#memory.address + this.#outHeaders;
    const sent = this.#calls.sendmmsg(this.#fd, at, count, MSG_DONTWAIT);
    return Math.max(sent, 0);
  }

  #receive(): number {
    const at = this.#memory.address + this.#inHeaders;
    const received = this.#calls.recvmmsg(this.#fd, at, BATCH, MSG_DONTWAIT, 0);
    return Math.max(received, 0);
  }

  #count(received: number, tally: Tally): void {
    const { view, words } = this.#memory;
    tally.answers += received;
    for (let i = 0; i < received; i++) {
      const length = words[(this.#inHeaders + i * MMSGHDR_BYTES + MMSG_LEN) >>> 2]!;
      const action = view.getUint32(this.#in + i * IN_STRIDE);
      tally.bytes += length;
      if (action === 3) tally.errors++;
      else if (action === 1) tally.peers += (length - 20) / (this.#ipv6 ? 18 : 6);
    }
  }

  close(): void {
    this.#calls.close(this.#fd);
  }
}

/** One word a source, of IPv6 four. */
function sourceWords(sources: number, ipv6: boolean): Uint32Array {
  if (!ipv6) return Uint32Array.from({ length: sources }, (_, i) => sourceAddress(i, sources));
  return Uint32Array.from({ length: sources * 4 }, (_, i) => ipv6SourceAddress(i >>> 2, sources).words[i & 3]!);
}
