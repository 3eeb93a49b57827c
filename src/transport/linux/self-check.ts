/**
 * Verifies the hand-written structures at start: sends two datagrams through a socket pair with the batched calls, and an
 * event through epoll. A wrong offset causes an error here instead of memory corruption later.
 */
import { OperatorError } from '../../domain/errors.js';
import {
  AF_UNIX,
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_EVENT_BYTES,
  EPOLL_EVENT_DATA,
  EPOLLIN,
  IOVEC_BYTES,
  IOVEC_LEN,
  MMSG_LEN,
  MMSGHDR_BYTES,
  MSG_DONTWAIT,
  MSG_IOV,
  MSG_IOVLEN,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
} from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

const LENGTHS = [5, 11] as const;
const TOKEN = 0x1234_5678;
const SOURCE = 0x0bad_cafe;

/** @throws OperatorError; the message names the portable transport */
export function checkLayouts(calls: NativeCalls): void {
  const memory = new NativeMemory(calls, 4_096);
  const pair = memory.reserve(8);
  if (calls.socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, memory.address + pair) !== 0) throw refused('socketpair');
  const [left, right] = [memory.words[pair >>> 2]!, memory.words[(pair >>> 2) + 1]!];
  const epoll = calls.epoll_create1(EPOLL_CLOEXEC);
  try {
    if (!batchesAgree(calls, memory, left, right)) throw refused('recvmmsg and sendmmsg');
    if (!eventsAgree(calls, memory, epoll, left, right)) throw refused('epoll');
  } finally {
    for (const fd of [left, right, epoll]) calls.close(fd);
  }
}

function batchesAgree(calls: NativeCalls, memory: NativeMemory, left: number, right: number): boolean {
  const headers = memory.reserve(2 * MMSGHDR_BYTES);
  const vectors = memory.reserve(2 * IOVEC_BYTES);
  const buffers = memory.reserve(64);
  const lengthAt = (i: number): number => (vectors + i * IOVEC_BYTES + IOVEC_LEN) >>> 2;
  LENGTHS.forEach((length, i) => {
    memory.bytes.fill(i + 1, buffers + 32 * i, buffers + 32 * i + length);
    memory.setPointer(vectors + i * IOVEC_BYTES, buffers + 32 * i);
    memory.words[lengthAt(i)] = length;
    memory.setPointer(headers + i * MMSGHDR_BYTES + MSG_IOV, vectors + i * IOVEC_BYTES);
    memory.words[(headers + i * MMSGHDR_BYTES + MSG_IOVLEN) >>> 2] = 1;
  });
  const at = memory.address + headers;
  if (calls.sendmmsg(left, at, 2, MSG_DONTWAIT) !== 2) return false;
  memory.bytes.fill(0, buffers, buffers + 64);
  LENGTHS.forEach((_, i) => {
    memory.words[lengthAt(i)] = 32;
  });
  if (calls.recvmmsg(right, at, 2, MSG_DONTWAIT, 0) !== 2) return false;
  return LENGTHS.every((length, i) => {
    const start = buffers + 32 * i;
    const received = memory.words[(headers + i * MMSGHDR_BYTES + MMSG_LEN) >>> 2];
    return received === length && memory.bytes[start + length - 1] === i + 1 && memory.bytes[start + length] === 0;
  });
}

function eventsAgree(calls: NativeCalls, memory: NativeMemory, epoll: number, left: number, right: number): boolean {
  const event = memory.reserve(EPOLL_EVENT_BYTES);
  const data = (event + EPOLL_EVENT_DATA) >>> 2;
  memory.words[event >>> 2] = EPOLLIN;
  memory.words[data] = TOKEN;
  memory.words[data + 1] = SOURCE;
  const at = memory.address + event;
  if (calls.epoll_ctl(epoll, EPOLL_CTL_ADD, right, at) !== 0) return false;
  memory.words.fill(0, event >>> 2, data + 2);
  if (calls.send(left, at, 1, MSG_DONTWAIT) !== 1 || calls.epoll_wait(epoll, at, 1, 0) !== 1) return false;
  return memory.words[event >>> 2] === EPOLLIN && memory.words[data] === TOKEN && memory.words[data + 1] === SOURCE;
}

function refused(what: string): OperatorError {
  return new OperatorError(
    `the Linux transport cannot run here: ${what} did not work. Set tracker.transport: portable`,
    { code: 'environment' },
  );
}
