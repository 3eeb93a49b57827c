/** Wakes the thread that waits for an eventfd (eventfd(2)), a counter in the kernel that several threads may write. */
import { EAGAIN, EINTR, EVENT_BYTES } from './linux-abi.js';
import { type NativeCalls, systemCallDefect } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

export class EventWriter {
  private readonly calls: NativeCalls;
  private readonly memory: NativeMemory;
  private readonly one: number;

  constructor(calls: NativeCalls) {
    this.calls = calls;
    this.memory = new NativeMemory(calls, EVENT_BYTES);
    this.one = this.memory.reserve(EVENT_BYTES);
    this.memory.words[this.one >>> 2] = 1;
  }

  /** @param eventDescriptor non-blocking */
  write(eventDescriptor: number): void {
    while (this.calls.write(eventDescriptor, this.memory.address + this.one, EVENT_BYTES) < 0) {
      const errno = this.calls.errno();
      // The counter is full, so the other thread wakes anyway.
      if (errno === EAGAIN) return;
      if (errno !== EINTR) throw systemCallDefect('write to an eventfd', errno);
    }
  }
}
