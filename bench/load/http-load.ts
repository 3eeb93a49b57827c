/**
 * A closed loop of HTTP announces (BEP 3, BEP 23) over CONNECTIONS sockets from many addresses: a new connection for each
 * announce, or kept-alive ones. Sockets are reset when done with, so that no port waits in TIME_WAIT.
 *
 * A peer always announces from the same address, as trackers know it by that: a new connection is made from the address of
 * its peer, and a kept-alive one belongs to so many peers behind one address of its own.
 */
import { parseIp } from '../../src/domain/ip-address.js';
import {
  AF_INET,
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLL_EVENT_BYTES,
  EPOLL_EVENT_DATA,
  EPOLLIN,
  EPOLLOUT,
  IPPROTO_IP,
  MSG_NOSIGNAL,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR_IN_BYTES,
  SOCKADDR_IN6_BYTES,
  SOL_SOCKET,
} from '../../src/transport/linux/linux-abi.js';
import type { NativeCalls } from '../../src/transport/linux/native-calls.js';
import { NativeMemory } from '../../src/transport/linux/native-memory.js';
import { writeSocketAddress } from '../../src/transport/linux/socket-address.js';
import { sourceAddress } from '../source-addresses.js';
import { INFO_HASH_BYTES, type Workload } from '../workload.js';
import type { ClientCalls } from './client-calls.js';
import type { LoadProfile, LoadTarget } from './load-command.js';
import { emptyTally, type Tally } from './tally.js';

const CONNECTIONS = 100;
const EVENTS = 128;
const REQUEST_BYTES = 1_024;
const ANSWER_BYTES = 65_536;
/** A connection without an answer for this long is given up. */
const LOST_AFTER_MS = 2_000;
const SO_LINGER = 13;
const IP_BIND_ADDRESS_NO_PORT = 24;
const HEX = Array.from({ length: 256 }, (_, i) => `%${i.toString(16).padStart(2, '0').toUpperCase()}`);

export class HttpLoad {
  readonly #calls: NativeCalls;
  readonly #client: ClientCalls;
  readonly #workload: Workload;
  readonly #target: LoadTarget;
  readonly #memory: NativeMemory;
  readonly #epoll: number;
  readonly #server: number;
  readonly #source: number;
  readonly #events: number;
  readonly #change: number;
  readonly #linger: number;
  readonly #one: number;
  readonly #request: number;
  readonly #answers: number;
  readonly #requestBytes: Buffer;
  readonly #fds = new Int32Array(CONNECTIONS).fill(-1);
  readonly #received = new Int32Array(CONNECTIONS);
  readonly #expected = new Int32Array(CONNECTIONS);
  readonly #sentAtMs = new Float64Array(CONNECTIONS);
  /** Who announces next. */
  readonly #peer = Int32Array.from({ length: CONNECTIONS }, (_, i) => i - CONNECTIONS);

  constructor(calls: NativeCalls, client: ClientCalls, workload: Workload, target: LoadTarget) {
    this.#calls = calls;
    this.#client = client;
    this.#workload = workload;
    this.#target = target;
    const memory = new NativeMemory(calls, CONNECTIONS * ANSWER_BYTES + EVENTS * EPOLL_EVENT_BYTES + 4_096);
    this.#memory = memory;
    this.#server = memory.reserve(SOCKADDR_IN6_BYTES);
    writeSocketAddress(memory, this.#server, parseIp(target.host), target.port);
    this.#source = memory.reserve(SOCKADDR_IN6_BYTES);
    this.#events = memory.reserve(EVENTS * EPOLL_EVENT_BYTES);
    this.#change = memory.reserve(EPOLL_EVENT_BYTES);
    this.#linger = memory.reserve(8);
    memory.words[this.#linger >>> 2] = 1;
    this.#one = memory.reserve(4);
    memory.words[this.#one >>> 2] = 1;
    this.#request = memory.reserve(REQUEST_BYTES);
    this.#answers = memory.reserve(CONNECTIONS * ANSWER_BYTES);
    this.#requestBytes = Buffer.from(memory.bytes.buffer, this.#request, REQUEST_BYTES);
    this.#epoll = calls.epoll_create1(0);
  }

  run(profile: LoadProfile, until: (tally: Tally) => boolean, nowMs: () => number): Tally {
    const tally = emptyTally();
    const { words } = this.#memory;
    for (let i = 0; i < CONNECTIONS; i++) this.#open(i, profile, nowMs());
    let lookAtMs = nowMs() + LOST_AFTER_MS;
    while (!until(tally)) {
      const count = this.#calls.epoll_wait(this.#epoll, this.#memory.address + this.#events, EVENTS, 50);
      const now = nowMs();
      for (let e = 0; e < count; e++) {
        const at = (this.#events + e * EPOLL_EVENT_BYTES) >>> 2;
        const connection = words[at + (EPOLL_EVENT_DATA >>> 2)]!;
        if ((words[at]! & EPOLLIN) !== 0) this.#onReadable(connection, profile, tally, now);
        else if ((words[at]! & EPOLLOUT) !== 0) this.#onConnected(connection, profile, tally, now);
        else this.#again(connection, profile, tally, true, now);
      }
      if (now < lookAtMs) continue;
      lookAtMs = now + LOST_AFTER_MS;
      for (let i = 0; i < CONNECTIONS; i++) {
        if (now - this.#sentAtMs[i]! > LOST_AFTER_MS) this.#again(i, profile, tally, true, now);
      }
    }
    for (const fd of this.#fds) this.#calls.close(fd);
    this.#calls.close(this.#epoll);
    return tally;
  }

  #open(connection: number, profile: LoadProfile, now: number): void {
    const calls = this.#calls;
    const at = this.#memory.address;
    const fd = calls.socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (fd < 0) throw new Error(`socket failed: ${calls.errno()}`);
    calls.setsockopt(fd, SOL_SOCKET, SO_LINGER, at + this.#linger, 8);
    calls.setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, at + this.#one, 4);
    const word = sourceAddress(this.#sourceOf(connection, profile), this.#workload.shape.sources);
    writeSocketAddress(this.#memory, this.#source, { family: 4, words: [word] }, 0);
    calls.bind(fd, at + this.#source, SOCKADDR_IN_BYTES);
    this.#client.connect(fd, at + this.#server, SOCKADDR_IN_BYTES);
    this.#fds[connection] = fd;
    this.#received[connection] = 0;
    this.#expected[connection] = 0;
    this.#sentAtMs[connection] = now;
    this.#watch(EPOLL_CTL_ADD, fd, EPOLLOUT, connection);
  }

  #sourceOf(connection: number, profile: LoadProfile): number {
    const { sourceOf, shape } = this.#workload;
    if (profile.keepAlive) return Math.floor((connection * shape.sources) / CONNECTIONS);
    const peer = this.#workload.takePeer();
    this.#peer[connection] = peer;
    return sourceOf[peer]!;
  }

  /** A kept-alive connection's own peers, in turn. */
  #takeTurn(connection: number): void {
    const next = this.#peer[connection]! + CONNECTIONS;
    this.#peer[connection] = next < this.#workload.shape.peers ? next : connection;
  }

  #watch(operation: number, fd: number, events: number, connection: number): void {
    const { words, address } = this.#memory;
    words[this.#change >>> 2] = events;
    words[(this.#change + EPOLL_EVENT_DATA) >>> 2] = connection;
    this.#calls.epoll_ctl(this.#epoll, operation, fd, address + this.#change);
  }

  #onConnected(connection: number, profile: LoadProfile, tally: Tally, now: number): void {
    if (!this.#sendRequest(connection, profile, now)) {
      this.#again(connection, profile, tally, true, now);
      return;
    }
    this.#watch(EPOLL_CTL_MOD, this.#fds[connection]!, EPOLLIN, connection);
  }

  #sendRequest(connection: number, profile: LoadProfile, now: number): boolean {
    if (profile.keepAlive) this.#takeTurn(connection);
    const length = this.#buildRequest(this.#peer[connection]!, profile);
    this.#received[connection] = 0;
    this.#expected[connection] = 0;
    this.#sentAtMs[connection] = now;
    const at = this.#memory.address + this.#request;
    return this.#calls.send(this.#fds[connection]!, at, length, MSG_NOSIGNAL) === length;
  }

  #buildRequest(peer: number, profile: LoadProfile): number {
    const { torrentOf, portOf, seedOf, infoHashes } = this.#workload;
    let hash = '';
    const at = torrentOf[peer]! * INFO_HASH_BYTES;
    for (let i = 0; i < INFO_HASH_BYTES; i++) hash += HEX[infoHashes[at + i]!];
    const left = seedOf[peer] === 1 ? 0 : 1_000;
    const id = peer.toString().padStart(12, '0');
    return this.#requestBytes.write(
      `GET /announce?info_hash=${hash}&peer_id=-TL0001-${id}&port=${portOf[peer]}&uploaded=0&downloaded=0&left=${left}` +
        `&corrupt=0&key=${(peer >>> 0).toString(16)}&numwant=${profile.numWant}&compact=1&no_peer_id=1&supportcrypto=1` +
        `&redundant=0 HTTP/1.1\r\nHost: ${this.#target.host}:${this.#target.port}\r\nUser-Agent: qBittorrent/4.5.2\r\n` +
        `Accept-Encoding: gzip\r\nConnection: ${profile.keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`,
      'latin1',
    );
  }

  #onReadable(connection: number, profile: LoadProfile, tally: Tally, now: number): void {
    const start = this.#answers + connection * ANSWER_BYTES;
    const held = this.#received[connection]!;
    const fd = this.#fds[connection]!;
    const count = this.#calls.recv(fd, this.#memory.address + start + held, ANSWER_BYTES - held, 0);
    if (count > 0) this.#received[connection] = held + count;
    const length = this.#received[connection]!;
    if (count > 0 && this.#expected[connection] === 0) this.#expected[connection] = this.#lengthOf(start, length);
    const expected = this.#expected[connection]!;
    // Without a Content-Length the end of the connection is the end of the answer.
    const whole = expected > 0 ? length >= expected : count === 0 && length > 0;
    if (!whole) {
      if (count <= 0) this.#again(connection, profile, tally, true, now);
      return;
    }
    this.#countAnswer(start, length, tally);
    if (!profile.keepAlive || count === 0) this.#again(connection, profile, tally, false, now);
    else if (!this.#sendRequest(connection, profile, now)) this.#again(connection, profile, tally, true, now);
  }

  /** @returns bytes of head and body, 0 if that cannot be told (yet) */
  #lengthOf(start: number, length: number): number {
    const text = Buffer.from(this.#memory.bytes.buffer, start, Math.min(length, 512)).toString('latin1');
    const head = text.indexOf('\r\n\r\n');
    const match = /\r\ncontent-length: *(\d+)/i.exec(text.slice(0, head + 2));
    return head < 0 || match === null ? 0 : head + 4 + Number(match[1]);
  }

  #countAnswer(start: number, length: number, tally: Tally): void {
    tally.answers++;
    tally.bytes += length;
    const answer = Buffer.from(this.#memory.bytes.buffer, start, length);
    const peers = answer.indexOf('5:peers');
    if (peers < 0) tally.errors++;
    else tally.peers += Math.floor(Number.parseInt(answer.toString('latin1', peers + 7, peers + 13), 10) / 6);
  }

  #again(connection: number, profile: LoadProfile, tally: Tally, lost: boolean, now: number): void {
    if (lost) tally.lost++;
    this.#calls.close(this.#fds[connection]!);
    this.#open(connection, profile, now);
  }
}
