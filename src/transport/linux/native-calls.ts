/**
 * The system calls that the Linux transport makes, through koffi (a prebuilt foreign function interface). Pointers are
 * plain numbers: addresses inside a NativeMemory, which its owner keeps alive. Callers check lengths.
 */
import { endianness } from 'node:os';
import { getSystemErrorName } from 'node:util';
import { messageOf, OperatorError } from '../../domain/errors.js';

export interface NativeCalls {
  socket(domain: number, type: number, protocol: number): number;
  socketpair(domain: number, type: number, protocol: number, fds: number): number;
  bind(fd: number, address: number, addressBytes: number): number;
  connect(fd: number, address: number, addressBytes: number): number;
  listen(fd: number, backlog: number): number;
  getsockname(fd: number, address: number, addressBytes: number): number;
  setsockopt(fd: number, level: number, name: number, value: number, valueBytes: number): number;
  accept4(fd: number, address: number, addressBytes: number, flags: number): number;
  recv(fd: number, buffer: number, length: number, flags: number): number;
  send(fd: number, buffer: number, length: number, flags: number): number;
  shutdown(fd: number, how: number): number;
  close(fd: number): number;
  read(fd: number, buffer: number, length: number): number;
  write(fd: number, buffer: number, length: number): number;
  eventfd(count: number, flags: number): number;
  fcntl(fd: number, command: number, argument: number): number;
  madvise(address: number, length: number, advice: number): number;
  recvmmsg(fd: number, headers: number, count: number, flags: number, timeout: number): number;
  sendmmsg(fd: number, headers: number, count: number, flags: number): number;
  epoll_create1(flags: number): number;
  epoll_ctl(epoll: number, operation: number, fd: number, event: number): number;
  epoll_wait(epoll: number, events: number, count: number, timeoutMs: number): number;
  /** errno of the last call that failed. */
  errno(): number;
  /** The address of a buffer; it is fixed while the buffer is alive. */
  addressOf(buffer: ArrayBufferLike): number;
  /** The descriptor that is readable when Node's event loop has work; −1 if this Node.js has none. */
  nodeLoopDescriptor(): number;
}

const INT = 'int';
const POINTER = 'uintptr_t';
const SIZE = 'size_t';

/** @throws OperatorError if this machine or installation does not support it; the message names the portable transport */
export async function openNativeCalls(): Promise<NativeCalls> {
  if (process.platform !== 'linux') throw unavailable(`this is ${process.platform}, not Linux`);
  if ((process.arch !== 'x64' && process.arch !== 'arm64') || endianness() !== 'LE') {
    throw unavailable(`it knows x64 and arm64, this is ${process.arch}`);
  }
  try {
    const { default: koffi } = await import('koffi');
    const libc = koffi.load(null);
    return {
      socket: libc.func('socket', INT, [INT, INT, INT]),
      socketpair: libc.func('socketpair', INT, [INT, INT, INT, POINTER]),
      bind: libc.func('bind', INT, [INT, POINTER, INT]),
      connect: libc.func('connect', INT, [INT, POINTER, INT]),
      listen: libc.func('listen', INT, [INT, INT]),
      getsockname: libc.func('getsockname', INT, [INT, POINTER, POINTER]),
      setsockopt: libc.func('setsockopt', INT, [INT, INT, INT, POINTER, INT]),
      accept4: libc.func('accept4', INT, [INT, POINTER, POINTER, INT]),
      recv: libc.func('recv', 'long', [INT, POINTER, SIZE, INT]),
      send: libc.func('send', 'long', [INT, POINTER, SIZE, INT]),
      shutdown: libc.func('shutdown', INT, [INT, INT]),
      close: libc.func('close', INT, [INT]),
      read: libc.func('read', 'long', [INT, POINTER, SIZE]),
      write: libc.func('write', 'long', [INT, POINTER, SIZE]),
      eventfd: libc.func('eventfd', INT, ['uint', INT]),
      // Variadic, but Linux passes an integer like any other parameter.
      fcntl: libc.func('fcntl', INT, [INT, INT, INT]),
      madvise: libc.func('madvise', INT, [POINTER, SIZE, INT]),
      recvmmsg: libc.func('recvmmsg', INT, [INT, POINTER, INT, INT, POINTER]),
      sendmmsg: libc.func('sendmmsg', INT, [INT, POINTER, INT, INT]),
      epoll_create1: libc.func('epoll_create1', INT, [INT]),
      epoll_ctl: libc.func('epoll_ctl', INT, [INT, INT, INT, POINTER]),
      epoll_wait: libc.func('epoll_wait', INT, [INT, POINTER, INT, INT]),
      errno: () => koffi.errno(),
      addressOf: (buffer) => Number(koffi.address(buffer)),
      nodeLoopDescriptor: () => {
        const loopPointer = new BigUint64Array(new ArrayBuffer(8));
        const getLoop = libc.func('napi_get_uv_event_loop', INT, ['void *', POINTER]);
        if (getLoop(koffi.node.env, Number(koffi.address(loopPointer.buffer))) !== 0) return -1;
        return libc.func('uv_backend_fd', INT, [POINTER])(Number(loopPointer[0]));
      },
    };
  } catch (error) {
    throw unavailable(`koffi could not be loaded: ${messageOf(error)}`, error);
  }
}

function unavailable(reason: string, cause?: unknown): OperatorError {
  const message = `the Linux transport cannot run here: ${reason}. Set tracker.transport: portable`;
  return new OperatorError(message, { code: 'environment', ...(cause === undefined ? {} : { cause }) });
}

/** `98` becomes `EADDRINUSE`. */
export function errnoName(errno: number): string {
  return getSystemErrorName(-errno);
}

/** The error for a system call that only a defect of this program can make fail. */
export function systemCallDefect(call: string, errno: number): Error {
  return new Error(`${call} failed: ${errnoName(errno)}`);
}
