/**
 * One wildcard UDP socket of a load generator: sends and receives a batch of messages in one system call each, and names the
 * source of each message in a control message, so that one process stands for many clients.
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

/** Messages of a batch. */
export const BATCH = 64;
const OUT_STRIDE = 128;
const IN_STRIDE = 4_096 + 64;
const LINE = 64;
const RECEIVE_BUFFER_BYTES = 16 * 1024 * 1024;
const CMSG_PKTINFO = 8;
const CMSG_PKTINFO6 = 50;
/** Sources are addresses that a route makes local, not the interface. */
const IPV6_FREEBIND = 78;
/** Position of the source in the control message of IPv4. */
const PKTINFO4_SOURCE = 20;
/** Of the control messages, without the padding before the next. */
const CMSG_BYTES = 28;
const CMSG_BYTES6 = 36;

export interface UdpTarget {
  readonly host: string;
  readonly port: number;
}

export class UdpBatch {
  readonly memory: NativeMemory;
  readonly fd: number;
  readonly #calls: NativeCalls;
  readonly #ipv6: boolean;
  readonly #outHeaders: number;
  readonly #outVectors: number;
  readonly #out: number;
  readonly #outControls: number;
  readonly #inHeaders: number;
  readonly #in: number;
  readonly #inControls: number;
  /** Room for the control messages of an answer; 0: none are received. */
  readonly #answerControlBytes: number;

  /** @param answerControlBytes room for the control messages of each answer, at most 64 */
  constructor(calls: NativeCalls, { host, port }: UdpTarget, answerControlBytes = 0) {
    this.#calls = calls;
    this.#ipv6 = host.includes(':');
    this.#answerControlBytes = answerControlBytes;
    const memory = new NativeMemory(calls, BATCH * (IN_STRIDE + OUT_STRIDE + 6 * LINE) + 64 * LINE);
    this.memory = memory;
    const name = memory.reserve(SOCKADDR_IN6_BYTES);
    const nameBytes = writeSocketAddress(memory, name, parseIp(host), port);
    this.#outHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    this.#outVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.#inHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    const inVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.#outControls = memory.reserve(BATCH * LINE);
    this.#inControls = memory.reserve(BATCH * LINE);
    this.#out = memory.reserve(BATCH * OUT_STRIDE);
    this.#in = memory.reserve(BATCH * IN_STRIDE);
    for (let i = 0; i < BATCH; i++) {
      this.#layOut(this.#outHeaders, this.#outVectors, i, this.outAt(i), OUT_STRIDE);
      this.#layOut(this.#inHeaders, inVectors, i, this.inAt(i), IN_STRIDE);
      this.#nameServer(i, name, nameBytes);
      if (answerControlBytes > 0)
        memory.setPointer(this.#inHeaders + i * MMSGHDR_BYTES + MSG_CONTROL, this.controlAt(i));
    }
    this.fd = calls.socket(this.#ipv6 ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    if (this.fd < 0) throw new Error('socket failed');
    if (this.#ipv6) setOption(calls, memory, this.fd, [IPPROTO_IPV6, IPV6_FREEBIND, 1]);
    setBufferSize(calls, this.fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER_BYTES);
  }

  /** Where message `i` of the next batch is written. */
  outAt(i: number): number {
    return this.#out + i * OUT_STRIDE;
  }

  /** Where answer `i` of the last batch is. */
  inAt(i: number): number {
    return this.#in + i * IN_STRIDE;
  }

  /** The control messages of answer `i`. */
  controlAt(i: number): number {
    return this.#inControls + i * LINE;
  }

  /** Bytes of answer `i`. */
  answerBytes(i: number): number {
    return this.memory.words[(this.#inHeaders + i * MMSGHDR_BYTES + MMSG_LEN) >>> 2]!;
  }

  /**
   * Sets the source and the length of message `i`.
   * @param words of the source's address from `at` on: one, or four for IPv6
   */
  setSource(i: number, words: Uint32Array, at: number, lengthBytes: number): void {
    const { memory } = this;
    memory.words[(this.#outVectors + i * IOVEC_BYTES + IOVEC_LEN) >>> 2] = lengthBytes;
    const control = this.#outControls + i * LINE;
    if (this.#ipv6) for (let w = 0; w < 4; w++) memory.view.setUint32(control + PKTINFO6_ADDR + 4 * w, words[at + w]!);
    else memory.view.setUint32(control + PKTINFO4_SOURCE, words[at]!);
  }

  /** Writes a connect request (BEP 15) as message `i`. @returns its length in bytes */
  writeConnect(i: number, transactionId: number): number {
    const { view } = this.memory;
    const at = this.outAt(i);
    view.setUint32(at, 0x417);
    view.setUint32(at + 4, 0x2710_1980);
    view.setUint32(at + 8, 0);
    view.setUint32(at + 12, transactionId);
    return 16;
  }

  /** Sends the first `count` messages. @returns how many were sent */
  send(count: number): number {
    return Math.max(0, this.#calls.sendmmsg(this.fd, this.memory.address + this.#outHeaders, count, MSG_DONTWAIT));
  }

  /** @returns how many answers have arrived */
  receive(): number {
    const { words } = this.memory;
    // The kernel writes the length that it used over the one that there is.
    for (let i = 0; i < BATCH && this.#answerControlBytes > 0; i++)
      words[(this.#inHeaders + i * MMSGHDR_BYTES + MSG_CONTROLLEN) >>> 2] = this.#answerControlBytes;
    return Math.max(0, this.#calls.recvmmsg(this.fd, this.memory.address + this.#inHeaders, BATCH, MSG_DONTWAIT, 0));
  }

  close(): void {
    this.#calls.close(this.fd);
  }

  #nameServer(i: number, name: number, nameBytes: number): void {
    const { memory } = this;
    const header = this.#outHeaders + i * MMSGHDR_BYTES;
    memory.setPointer(header + MSG_NAME, name);
    memory.words[(header + MSG_NAMELEN) >>> 2] = nameBytes;
    const control = this.#outControls + i * LINE;
    memory.setPointer(header + MSG_CONTROL, control);
    memory.words[(header + MSG_CONTROLLEN) >>> 2] = this.#ipv6 ? PKTINFO6_CONTROL_BYTES : PKTINFO4_CONTROL_BYTES;
    memory.words[control >>> 2] = this.#ipv6 ? CMSG_BYTES6 : CMSG_BYTES;
    memory.words[(control >>> 2) + 2] = this.#ipv6 ? IPPROTO_IPV6 : IPPROTO_IP;
    memory.words[(control >>> 2) + 3] = this.#ipv6 ? CMSG_PKTINFO6 : CMSG_PKTINFO;
  }

  #layOut(headers: number, vectors: number, i: number, buffer: number, lengthBytes: number): void {
    const { memory } = this;
    memory.setPointer(vectors + i * IOVEC_BYTES, buffer);
    memory.words[(vectors + i * IOVEC_BYTES + IOVEC_LEN) >>> 2] = lengthBytes;
    memory.setPointer(headers + i * MMSGHDR_BYTES + MSG_IOV, vectors + i * IOVEC_BYTES);
    memory.words[(headers + i * MMSGHDR_BYTES + MSG_IOVLEN) >>> 2] = 1;
  }
}
