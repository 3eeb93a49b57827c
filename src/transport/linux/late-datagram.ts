/** Sends one datagram to a sender that was remembered: an answer that was not ready when its question was handled. */
import { MAX_DATAGRAM_BYTES } from '../transport.js';
import type { DatagramSender } from './datagram-batch.js';
import {
  EINTR,
  IOVEC_BYTES,
  IOVEC_LEN,
  MMSGHDR_BYTES,
  MSG_CONTROL,
  MSG_CONTROLLEN,
  MSG_DONTWAIT,
  MSG_IOV,
  MSG_IOVLEN,
  MSG_NAME,
  MSG_NAMELEN,
} from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

const NAME_BYTES = 64;
const CONTROL_BYTES = 64;

export class LateDatagram {
  private readonly calls: NativeCalls;
  private readonly memory: NativeMemory;
  private readonly header: number;
  private readonly vector: number;
  private readonly name: number;
  private readonly control: number;
  private readonly buffer: number;

  constructor(calls: NativeCalls) {
    this.calls = calls;
    const memory = new NativeMemory(calls, MAX_DATAGRAM_BYTES + 1_024);
    this.memory = memory;
    this.header = memory.reserve(MMSGHDR_BYTES);
    this.vector = memory.reserve(IOVEC_BYTES);
    this.name = memory.reserve(NAME_BYTES);
    this.control = memory.reserve(CONTROL_BYTES);
    this.buffer = memory.reserve(MAX_DATAGRAM_BYTES);
    memory.setPointer(this.vector, this.buffer);
    memory.setPointer(this.header + MSG_IOV, this.vector);
    memory.words[(this.header + MSG_IOVLEN) >>> 2] = 1;
    memory.setPointer(this.header + MSG_NAME, this.name);
  }

  /** @returns false if it was not sent */
  send(fd: number, sender: DatagramSender, datagram: Uint8Array): boolean {
    const { bytes, words } = this.memory;
    if (datagram.length > MAX_DATAGRAM_BYTES) throw new RangeError(`a datagram of ${datagram.length} bytes`);
    bytes.set(datagram, this.buffer);
    bytes.set(sender.name, this.name);
    bytes.set(sender.control, this.control);
    words[(this.vector + IOVEC_LEN) >>> 2] = datagram.length;
    words[(this.header + MSG_NAMELEN) >>> 2] = sender.name.length;
    this.memory.setPointer(this.header + MSG_CONTROL, this.control);
    words[(this.header + MSG_CONTROLLEN) >>> 2] = sender.control.length;
    for (;;) {
      const sent = this.calls.sendmmsg(fd, this.memory.address + this.header, 1, MSG_DONTWAIT);
      if (sent > 0) return true;
      if (this.calls.errno() !== EINTR) return false;
    }
  }
}
