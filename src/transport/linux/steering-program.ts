/**
 * Steers the datagrams of one address to several sockets by info-hash, in the kernel: a classic BPF program on the group of
 * sockets (socket(7), SO_ATTACH_REUSEPORT_CBPF). It needs no privilege. In announces and scrapes alike (BEP 15) the first
 * info-hash starts at byte 16; its first word, modulo the number of sockets, is the index of the socket. Shorter datagrams
 * are connects: the kernel's own hash of the addresses chooses a socket for them.
 */
import {
  SO_ATTACH_REUSEPORT_CBPF,
  SOCK_FILTER_BYTES,
  SOCK_FPROG_BYTES,
  SOCK_FPROG_FILTER,
  SOL_SOCKET,
} from './linux-abi.js';
import type { NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';

/** The shortest datagram with an info-hash: a scrape of one torrent. */
export const FIRST_HASH_AT = 16;
const LEAST_BYTES_WITH_HASH = FIRST_HASH_AT + 20;

/** linux/bpf_common.h and linux/filter.h */
const LOAD_LENGTH = 0x80;
const LOAD_WORD_AT = 0x20;
const JUMP_IF_AT_LEAST = 0x35;
const MODULO = 0x94;
const RETURN_ACCUMULATOR = 0x16;
const RETURN_CONSTANT = 0x06;
/** Not the index of a socket: the kernel uses its hash. */
const NO_SOCKET = 0xffff_ffff;

type Instruction = readonly [code: number, ifTrue: number, ifFalse: number, operand: number];

function programFor(count: number): readonly Instruction[] {
  return [
    [LOAD_LENGTH, 0, 0, 0],
    [JUMP_IF_AT_LEAST, 0, 3, LEAST_BYTES_WITH_HASH],
    [LOAD_WORD_AT, 0, 0, FIRST_HASH_AT],
    [MODULO, 0, 0, count],
    [RETURN_ACCUMULATOR, 0, 0, 0],
    [RETURN_CONSTANT, 0, 0, NO_SOCKET],
  ];
}

/**
 * @param fd a bound socket of the group; the program applies to all of it
 * @returns false if the kernel refuses, which sets errno
 */
export function attachSteering(calls: NativeCalls, fd: number, count: number): boolean {
  const program = programFor(count);
  const memory = new NativeMemory(calls, 512);
  const head = memory.reserve(SOCK_FPROG_BYTES);
  const filter = memory.reserve(program.length * SOCK_FILTER_BYTES);
  program.forEach(([code, ifTrue, ifFalse, operand], i) => {
    const at = filter + i * SOCK_FILTER_BYTES;
    memory.view.setUint16(at, code, true);
    memory.view.setUint8(at + 2, ifTrue);
    memory.view.setUint8(at + 3, ifFalse);
    memory.view.setUint32(at + 4, operand, true);
  });
  memory.view.setUint16(head, program.length, true);
  memory.setPointer(head + SOCK_FPROG_FILTER, filter);
  return calls.setsockopt(fd, SOL_SOCKET, SO_ATTACH_REUSEPORT_CBPF, memory.address + head, SOCK_FPROG_BYTES) === 0;
}
