/**
 * The memory of one UDP socket: arrays of `mmsghdr` for received and sent batches, with names, control messages and
 * buffers. The header of an answer points at the name and control message of its datagram. So the answer goes to that
 * sender, from the address that was asked, and nothing is copied.
 */
import { type IpAddress, ipv4FromWord, ipv6FromWords } from '../../domain/ip-address.js';
import { MAX_DATAGRAM_BYTES } from '../transport.js';
import {
  IOVEC_BYTES,
  IOVEC_LEN,
  MMSGHDR_BYTES,
  MSG_CONTROL,
  MSG_CONTROLLEN,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_NAME,
  MSG_NAMELEN,
  PKTINFO4_ADDR,
  PKTINFO4_CONTROL_BYTES,
  PKTINFO4_IFINDEX,
  PKTINFO6_ADDR,
  PKTINFO6_CONTROL_BYTES,
  PKTINFO6_IFINDEX,
  SOCKADDR_IN_BYTES,
  SOCKADDR_IN6_BYTES,
} from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

export const BATCH = 64;
const CACHE_LINE = 64;
/** Not a power of two, so that buffer starts do not compete for the same cache sets. */
const BUFFER_STRIDE = MAX_DATAGRAM_BYTES + CACHE_LINE;

/** Who sent a datagram, and the address that was asked: copies of its name and its control message. */
export interface DatagramSender {
  readonly name: Uint8Array;
  readonly control: Uint8Array;
}

export class DatagramBatch {
  readonly memory: NativeMemory;
  readonly inHeaders: number;
  readonly outHeaders: number;
  readonly inBuffers: number;
  readonly outBuffers: number;
  readonly names: number;
  private readonly controls: number;
  private readonly outVectors: number;
  private readonly nameBytes: number;
  private readonly controlBytes: number;
  /** The received datagram that each header of the sent batch points at. */
  private readonly answers = new Uint8Array(BATCH);
  /** Where the next answer goes. Answers are contiguous, so that a batch touches a few pages rather than one for each. */
  private nextAnswer: number;

  /** @param withLocalAddress the socket is bound to a wildcard, and its datagrams carry the address that was asked */
  constructor(calls: NativeCalls, family: 4 | 6, withLocalAddress: boolean) {
    const memory = new NativeMemory(calls, BATCH * (2 * BUFFER_STRIDE + 6 * CACHE_LINE) + 16 * CACHE_LINE);
    this.memory = memory;
    this.nameBytes = family === 4 ? SOCKADDR_IN_BYTES : SOCKADDR_IN6_BYTES;
    this.controlBytes = withLocalAddress ? (family === 4 ? PKTINFO4_CONTROL_BYTES : PKTINFO6_CONTROL_BYTES) : 0;
    this.inHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    this.outHeaders = memory.reserve(BATCH * MMSGHDR_BYTES);
    const inVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.outVectors = memory.reserve(BATCH * IOVEC_BYTES);
    this.names = memory.reserve(BATCH * CACHE_LINE);
    this.controls = memory.reserve(BATCH * CACHE_LINE);
    this.inBuffers = memory.reserve(BATCH * BUFFER_STRIDE);
    this.outBuffers = memory.reserve(BATCH * BUFFER_STRIDE);
    this.nextAnswer = this.outBuffers;
    for (let i = 0; i < BATCH; i++) {
      this.layOut(this.inHeaders, inVectors, this.inBuffers, i);
      this.layOut(this.outHeaders, this.outVectors, this.outBuffers, i);
      this.prepareToReceive(i);
      this.answers[i] = i;
    }
  }

  private layOut(headers: number, vectors: number, buffers: number, i: number): void {
    const { memory } = this;
    const header = headers + i * MMSGHDR_BYTES;
    const vector = vectors + i * IOVEC_BYTES;
    memory.setPointer(vector, buffers + i * BUFFER_STRIDE);
    memory.words[(vector + IOVEC_LEN) >>> 2] = MAX_DATAGRAM_BYTES;
    memory.setPointer(header + MSG_IOV, vector);
    memory.words[(header + MSG_IOVLEN) >>> 2] = 1;
    this.pointAt(header, i);
  }

  private pointAt(header: number, datagram: number): void {
    this.memory.setPointer(header + MSG_NAME, this.names + datagram * CACHE_LINE);
    this.memory.words[(header + MSG_NAMELEN) >>> 2] = this.nameBytes;
    if (this.controlBytes > 0) {
      this.memory.setPointer(header + MSG_CONTROL, this.controls + datagram * CACHE_LINE);
    }
  }

  inBuffer(i: number): number {
    return this.inBuffers + i * BUFFER_STRIDE;
  }

  /** Where to write the next answer of a batch; there is room for MAX_DATAGRAM_BYTES. */
  get answerStart(): number {
    return this.nextAnswer;
  }

  /** The last batch is sent. */
  startAnswers(): void {
    this.nextAnswer = this.outBuffers;
  }

  name(i: number): number {
    return this.names + i * CACHE_LINE;
  }

  /** Restores the buffer lengths, which the kernel replaced with the lengths that it used. */
  prepareToReceive(i: number): void {
    const header = (this.inHeaders + i * MMSGHDR_BYTES) >>> 2;
    this.memory.words[header + (MSG_NAMELEN >>> 2)] = this.nameBytes;
    this.memory.words[header + (MSG_CONTROLLEN >>> 2)] = this.controlBytes;
  }

  /**
   * Makes message `out` the answer to `datagram`: the `length` bytes at {@link answerStart}, which then advances.
   * @param controlBytes length of the datagram's control messages
   */
  prepareToSend(out: number, datagram: number, length: number, controlBytes: number): void {
    const { words } = this.memory;
    const header = this.outHeaders + out * MMSGHDR_BYTES;
    if (this.answers[out] !== datagram) {
      this.answers[out] = datagram;
      this.pointAt(header, datagram);
    }
    const vector = this.outVectors + out * IOVEC_BYTES;
    this.memory.setPointer(vector, this.nextAnswer);
    words[(vector + IOVEC_LEN) >>> 2] = length;
    this.nextAnswer += (length + CACHE_LINE - 1) & -CACHE_LINE;
    if (this.controlBytes === 0) return;
    words[(header + MSG_CONTROLLEN) >>> 2] = controlBytes;
    if (controlBytes > 0) this.clearInterface(this.controls + datagram * CACHE_LINE);
  }

  /** @param controlBytes length of the datagram's control messages */
  senderOf(datagram: number, controlBytes: number): DatagramSender {
    const { bytes } = this.memory;
    const control = this.controls + datagram * CACHE_LINE;
    if (this.controlBytes > 0 && controlBytes > 0) this.clearInterface(control);
    const name = this.name(datagram);
    return {
      name: bytes.slice(name, name + this.nameBytes),
      control: bytes.slice(control, control + (this.controlBytes > 0 ? controlBytes : 0)),
    };
  }

  /** The address of this machine to which a datagram was sent; its socket is bound to a wildcard. */
  localAddressOf(datagram: number): IpAddress {
    const { view } = this.memory;
    const control = this.controls + datagram * CACHE_LINE;
    if (this.controlBytes === PKTINFO4_CONTROL_BYTES) return ipv4FromWord(view.getUint32(control + PKTINFO4_ADDR));
    const [a, b, c, d] = [0, 4, 8, 12].map((word) => view.getUint32(control + PKTINFO6_ADDR + word));
    return ipv6FromWords(a!, b!, c!, d!);
  }

  /**
   * Sends the answer from the address that was asked, on the interface that routing chooses. A link-local IPv6 address is
   * valid on its interface only, so the interface is kept.
   */
  private clearInterface(control: number): void {
    const { words, bytes } = this.memory;
    if (this.controlBytes === PKTINFO4_CONTROL_BYTES) {
      words[(control + PKTINFO4_IFINDEX) >>> 2] = 0;
      return;
    }
    const at = control + PKTINFO6_ADDR;
    const linkLocal = bytes[at] === 0xfe && (bytes[at + 1]! & 0xc0) === 0x80;
    if (!linkLocal) words[(control + PKTINFO6_IFINDEX) >>> 2] = 0;
  }
}
