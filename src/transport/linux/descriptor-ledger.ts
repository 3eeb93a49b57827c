/**
 * Records the open descriptors of a transport, one byte each, in shared memory. When a thread dies, its sockets stay open,
 * because they belong to the process. The surviving thread closes them to free the ports.
 */
import { closeSync } from 'node:fs';
import type { NativeCalls } from './native-calls.js';

/** The usual hard limit of a process (fs.nr_open). Unused pages of the array take no memory. */
const MAX_DESCRIPTORS = 1 << 20;

export function createDescriptorLedger(): SharedArrayBuffer {
  return new SharedArrayBuffer(MAX_DESCRIPTORS);
}

/** Wraps the system calls: records each descriptor that they open and removes each that they close. */
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
    eventfd: (count, flags) => note(calls.eventfd(count, flags)),
    epoll_create1: (flags) => note(calls.epoll_create1(flags)),
    close: (fd) => {
      // Remove it before the call: afterwards another thread could own the number, and recovery would close its socket.
      open[fd] = 0;
      return calls.close(fd);
    },
  };
}

/** Closes the descriptors that a dead thread left open. @returns how many */
export function closeNotedDescriptors(ledger: SharedArrayBuffer): number {
  const open = new Uint8Array(ledger);
  let closed = 0;
  for (let fd = open.indexOf(1); fd >= 0; fd = open.indexOf(1, fd + 1)) {
    open[fd] = 0;
    try {
      closeSync(fd);
      closed++;
    } catch {
      // It is closed already.
    }
  }
  return closed;
}
