/**
 * The descriptors that a transport holds, one byte each in shared memory. A thread that dies takes its memory with it but
 * not its sockets, as the kernel knows only the process: whoever outlives the thread closes them, and the ports are free.
 */
import { closeSync } from 'node:fs';
import type { NativeCalls } from './native-calls.js';

/** The usual hard limit of a process (fs.nr_open); pages of numbers that are never reached cost nothing. */
const MAX_DESCRIPTORS = 1 << 20;

export function createDescriptorLedger(): SharedArrayBuffer {
  return new SharedArrayBuffer(MAX_DESCRIPTORS);
}

/** The same calls, which note what they open and strike out what they close. */
export function noteDescriptors(calls: NativeCalls, ledger: SharedArrayBuffer): NativeCalls {
  const open = new Uint8Array(ledger);
  const note = (fd: number): number => {
    if (fd >= 0) open[fd] = 1;
    return fd;
  };
  return {
    ...calls,
    socket: (domain, type, protocol) => note(calls.socket(domain, type, protocol)),
    accept4: (fd, address, addressBytes, flags) => note(calls.accept4(fd, address, addressBytes, flags)),
    epoll_create1: (flags) => note(calls.epoll_create1(flags)),
    close: (fd) => {
      // Before the call: one that were struck out too late could be another's already, and closed under its hands.
      open[fd] = 0;
      return calls.close(fd);
    },
  };
}

/** Closes what a thread that has ended left open. @returns how many there were */
export function closeNotedDescriptors(ledger: SharedArrayBuffer): number {
  const open = new Uint8Array(ledger);
  let closed = 0;
  for (let fd = open.indexOf(1); fd >= 0; fd = open.indexOf(1, fd + 1)) {
    open[fd] = 0;
    try {
      closeSync(fd);
      closed++;
    } catch {
      // It was closed already: nothing is left to do.
    }
  }
  return closed;
}
