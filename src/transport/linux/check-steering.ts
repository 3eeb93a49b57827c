/**
 * Verifies at start that this kernel steers datagrams by info-hash: sends a few from one socket to a group on the loopback
 * address, where the kernel's own hash would choose the same socket for all of them.
 */
import { counted } from '../../domain/counted.js';
import { parseIp } from '../../domain/ip-address.js';
import {
  EPOLL_CLOEXEC,
  EPOLL_CTL_ADD,
  EPOLL_EVENT_BYTES,
  EPOLL_EVENT_DATA,
  EPOLLIN,
  MSG_DONTWAIT,
} from './linux-abi.js';
import { type NativeCalls, systemCallDefect } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import { type OpenSocket, openSocket } from './open-socket.js';
import { cannotSteer, openGroup } from './reuseport-group.js';
import { writeSocketAddress } from './socket-address.js';
import { FIRST_HASH_AT } from './steering-program.js';

const DATAGRAM_BYTES = 98;
/** The loopback interface delivers at once, even if the machine is busy. */
const PATIENCE_MS = 2_000;

/** @throws OperatorError; its code is `environment` if the kernel does not steer */
export function checkSteering(calls: NativeCalls, host: '127.0.0.1' | '::1', count: number): void {
  const group = openGroup(calls, { protocol: 'udp', host, port: 0 }, count);
  const epoll = calls.epoll_create1(EPOLL_CLOEXEC);
  const open = [epoll, ...group.map(({ fd }) => fd)];
  try {
    if (epoll < 0) throw systemCallDefect('epoll_create1', calls.errno());
    const sender = openSocket(calls, { protocol: 'udp', host, port: 0 }, []).fd;
    open.push(sender);
    const memory = new NativeMemory(calls, 512);
    const name = memory.reserve(32);
    const nameBytes = writeSocketAddress(memory, name, parseIp(host), group[0]!.bound.port);
    if (calls.connect(sender, memory.address + name, nameBytes) !== 0) throw systemCallDefect('connect', calls.errno());
    // Small words, and ones above 2^31.
    const words = group.flatMap((_, index) => [index, index + count, 0xffff_ffff - index]);
    send(calls, sender, words);
    receive(calls, epoll, group, words.length);
  } finally {
    for (const fd of open) calls.close(fd);
  }
}

function send(calls: NativeCalls, fd: number, words: readonly number[]): void {
  const memory = new NativeMemory(calls, DATAGRAM_BYTES);
  const datagram = memory.reserve(DATAGRAM_BYTES);
  for (const word of words) {
    memory.view.setUint32(datagram + FIRST_HASH_AT, word, false);
    calls.send(fd, memory.address + datagram, DATAGRAM_BYTES, MSG_DONTWAIT);
  }
}

function receive(calls: NativeCalls, epoll: number, group: readonly OpenSocket[], wanted: number): void {
  const memory = new NativeMemory(calls, 512);
  const event = memory.reserve(EPOLL_EVENT_BYTES);
  const datagram = memory.reserve(DATAGRAM_BYTES);
  const indexAt = (event + EPOLL_EVENT_DATA) >>> 2;
  group.forEach(({ fd }, index) => {
    memory.words[event >>> 2] = EPOLLIN;
    memory.words[indexAt] = index;
    if (calls.epoll_ctl(epoll, EPOLL_CTL_ADD, fd, memory.address + event) !== 0) {
      throw systemCallDefect('epoll_ctl', calls.errno());
    }
  });
  for (let received = 0; received < wanted; received++) {
    if (calls.epoll_wait(epoll, memory.address + event, 1, PATIENCE_MS) !== 1) {
      throw cannotSteer(`on the loopback address, ${received} of ${counted(wanted, 'datagram')} arrived`);
    }
    const index = memory.words[indexAt]!;
    const length = calls.recv(group[index]!.fd, memory.address + datagram, DATAGRAM_BYTES, MSG_DONTWAIT);
    const word = memory.view.getUint32(datagram + FIRST_HASH_AT, false);
    if (length !== DATAGRAM_BYTES || word % group.length !== index) {
      throw cannotSteer(`it delivered a datagram for worker ${word % group.length} to worker ${index}`);
    }
  }
}
