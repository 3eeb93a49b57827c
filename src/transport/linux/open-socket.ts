/**
 * Opens, configures and binds one listening socket, or takes one that is handed over. `::` listens for both families, for
 * IPv6 only if the address says so, and for IPv4 only on a machine without IPv6.
 */
import { parseIp } from '../../domain/ip-address.js';
import { listenError } from '../../net/listen-error.js';
import { type BoundAddress, type ListenAddress, RemoteAddress } from '../transport.js';
import {
  AF_INET,
  AF_INET6,
  EAFNOSUPPORT,
  IPPROTO_IPV6,
  IPV6_V6ONLY,
  SOCK_CLOEXEC,
  SOCK_DGRAM,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOCKADDR_IN6_BYTES,
  SOL_SOCKET,
} from './linux-abi.js';
import { errnoName, type NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import { formatRemoteHost, readSocketAddress, writeSocketAddress } from './socket-address.js';

export interface OpenSocket {
  readonly fd: number;
  /** Opened here, so that closing the listener closes it. */
  readonly owned: boolean;
  readonly family: 4 | 6;
  /** Bound to a wildcard: answers must name the address that was asked. */
  readonly wildcard: boolean;
  readonly bound: BoundAddress;
}

/** Socket options with an integer value, set in order before `bind`. */
export type SocketOption = readonly [level: number, name: number, value: number];

/** Length of the accept queue; the kernel limits it to net.core.somaxconn. */
const ACCEPT_BACKLOG = 65_535;

/** @throws OperatorError */
export function openSocket(calls: NativeCalls, address: ListenAddress, options: readonly SocketOption[]): OpenSocket {
  if (address.descriptor !== undefined) return adoptSocket(calls, address, address.descriptor);
  const ip = parseIp(address.host);
  const wildcard = ip.words.every((word) => word === 0);
  const memory = new NativeMemory(calls, 1_024);
  const type = (address.protocol === 'udp' ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  const fd = calls.socket(ip.family === 4 ? AF_INET : AF_INET6, type, 0);
  if (fd < 0) {
    const errno = calls.errno();
    if (errno === EAFNOSUPPORT && ip.family === 6 && wildcard && address.ipv6Only !== true) {
      return openSocket(calls, { ...address, host: '0.0.0.0' }, options);
    }
    throw listenError(address, { code: errnoName(errno) });
  }
  try {
    for (const option of options) setOption(calls, memory, fd, option);
    const nameAt = memory.reserve(SOCKADDR_IN6_BYTES);
    const name = memory.address + nameAt;
    const nameBytes = writeSocketAddress(memory, nameAt, ip, address.port);
    if (ip.family === 6) setOption(calls, memory, fd, [IPPROTO_IPV6, IPV6_V6ONLY, address.ipv6Only === true ? 1 : 0]);
    let failed = calls.bind(fd, name, nameBytes) < 0;
    if (!failed && address.protocol !== 'udp') failed = calls.listen(fd, ACCEPT_BACKLOG) < 0;
    if (failed) throw listenError(address, { code: errnoName(calls.errno()) });
    return { fd, owned: true, family: ip.family, wildcard, bound: boundAddress(calls, memory, fd, nameAt, address) };
  } catch (error) {
    calls.close(fd);
    throw error;
  }
}

/** For a socket that another part of the process has opened, with the options that it needs, and keeps open. */
function adoptSocket(calls: NativeCalls, address: ListenAddress, fd: number): OpenSocket {
  const memory = new NativeMemory(calls, 256);
  const nameAt = memory.reserve(SOCKADDR_IN6_BYTES);
  const bound = boundAddress(calls, memory, fd, nameAt, address);
  const family = memory.view.getUint16(nameAt, true) === AF_INET ? 4 : 6;
  const wildcard = parseIp(bound.host).words.every((word) => word === 0);
  return { fd, owned: false, family, wildcard, bound };
}

/** @returns false if the kernel refuses. Options are best effort; callers that need one check it. */
export function setOption(calls: NativeCalls, memory: NativeMemory, fd: number, option: SocketOption): boolean {
  const valueAt = memory.reserve(4);
  const [level, name, value] = option;
  memory.words[valueAt >>> 2] = value;
  return calls.setsockopt(fd, level, name, memory.address + valueAt, 4) === 0;
}

/** Sets the full buffer size with CAP_NET_ADMIN, or else as much as net.core.*mem_max allows. */
export function setBufferSize(calls: NativeCalls, fd: number, force: number, plain: number, sizeBytes: number): void {
  const memory = new NativeMemory(calls, 256);
  if (!setOption(calls, memory, fd, [SOL_SOCKET, force, sizeBytes])) {
    setOption(calls, memory, fd, [SOL_SOCKET, plain, sizeBytes]);
  }
}

function boundAddress(
  calls: NativeCalls,
  memory: NativeMemory,
  fd: number,
  nameAt: number,
  asked: ListenAddress,
): BoundAddress {
  const lengthAt = memory.reserve(4);
  memory.words[lengthAt >>> 2] = SOCKADDR_IN6_BYTES;
  if (calls.getsockname(fd, memory.address + nameAt, memory.address + lengthAt) < 0) {
    throw listenError(asked, { code: errnoName(calls.errno()) });
  }
  const local = new RemoteAddress();
  readSocketAddress(memory, nameAt, local);
  return { protocol: asked.protocol, host: formatRemoteHost(local), port: local.port };
}
