/**
 * Several UDP sockets on one address, in a fixed order, each for one worker (socket(7), SO_REUSEPORT). The kernel steers by
 * info-hash. The first socket is bound without SO_REUSEPORT, so an address that any other socket has is found in use, even
 * if another process of the same user shares it in this way. Only afterwards it permits the others of the group.
 */
import { OperatorError } from '../../domain/errors.js';
import type { ListenAddress } from '../transport.js';
import { SO_REUSEPORT, SOL_SOCKET } from './linux-abi.js';
import { errnoName, type NativeCalls } from './native-calls.js';
import { NativeMemory } from './native-memory.js';
import { type OpenSocket, openSocket, type SocketOption, setOption } from './open-socket.js';
import { attachSteering } from './steering-program.js';

const SHARED: SocketOption = [SOL_SOCKET, SO_REUSEPORT, 1];

/**
 * @returns `count` sockets; the index of one is that of its worker. The caller closes all of them together: the kernel
 *   changes the order when one is closed.
 * @throws OperatorError; its code is `environment` if the kernel does not steer
 */
export function openGroup(calls: NativeCalls, address: ListenAddress, count: number): OpenSocket[] {
  const sockets = [openSocket(calls, address, [])];
  try {
    const { fd, bound } = sockets[0]!;
    if (count === 1) return sockets;
    if (!setOption(calls, new NativeMemory(calls, 64), fd, SHARED)) throw refusal(calls, 'SO_REUSEPORT');
    while (sockets.length < count) sockets.push(openSocket(calls, { ...address, port: bound.port }, [SHARED]));
    if (!attachSteering(calls, fd, count)) throw refusal(calls, 'SO_ATTACH_REUSEPORT_CBPF');
    return sockets;
  } catch (error) {
    for (const { fd } of sockets) calls.close(fd);
    throw error;
  }
}

function refusal(calls: NativeCalls, option: string): OperatorError {
  return cannotSteer(`it refused ${option}: ${errnoName(calls.errno())}`);
}

/** @param reason with the kernel as its subject */
export function cannotSteer(reason: string): OperatorError {
  const message = `the kernel cannot divide the datagrams of one address between workers: ${reason}. Set tracker.workers: 1`;
  return new OperatorError(message, { code: 'environment' });
}
