/** Sends one datagram to a Unix socket, which Node.js has no call for. */
import { AF_UNIX, MSG_DONTWAIT, MSG_NOSIGNAL, SOCK_CLOEXEC, SOCK_DGRAM, SUN_PATH, SUN_PATH_MAX } from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

/**
 * Never waits. The receiver learns the process id of the sender from the kernel.
 * @param path of the socket; with a leading `@`, a name in the abstract namespace (unix(7))
 * @returns 0, or errno: EAGAIN if the receiver's queue is full
 */
export function sendUnixDatagram(calls: NativeCalls, path: string, message: string): number {
  const name = Buffer.from(path.startsWith('@') ? `\0${path.slice(1)}` : path);
  const data = Buffer.from(message);
  if (name.length === 0 || name.length >= SUN_PATH_MAX) throw new RangeError(`${path} is not the path of a socket`);
  const memory = new NativeMemory(calls, SUN_PATH + SUN_PATH_MAX + data.length + 256);
  const address = memory.reserve(SUN_PATH + SUN_PATH_MAX);
  memory.view.setUint16(address, AF_UNIX, true);
  memory.bytes.set(name, address + SUN_PATH);
  const buffer = memory.reserve(data.length);
  memory.bytes.set(data, buffer);
  const fd = calls.socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return calls.errno();
  try {
    // An abstract name ends with the length of the structure, not with a zero byte.
    if (calls.connect(fd, memory.address + address, SUN_PATH + name.length) !== 0) return calls.errno();
    if (calls.send(fd, memory.address + buffer, data.length, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) return calls.errno();
    return 0;
  } finally {
    calls.close(fd);
  }
}
