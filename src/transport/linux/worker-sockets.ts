/**
 * The sockets of several workers, which the main thread opens and keeps, so that a worker that restarts takes its
 * place: for each UDP address a socket per worker, to which the kernel steers by info-hash; for each TCP address one socket
 * that they share; and an eventfd per worker, with which others wake it.
 */
import { OperatorError } from '../../domain/errors.js';
import type { BoundAddress, ListenAddress, TransportLimits } from '../transport.js';
import { checkSteering } from './check-steering.js';
import { EFD_CLOEXEC, EFD_NONBLOCK, SO_REUSEADDR, SOL_SOCKET } from './linux-abi.js';
import { errnoName, type NativeCalls, openNativeCalls } from './native-calls.js';
import { type OpenSocket, openSocket, type SocketOption } from './open-socket.js';
import { openGroup } from './reuseport-group.js';
import { checkLayouts } from './self-check.js';
import { httpSocketOptions } from './tcp-listener.js';

export interface WorkerSockets {
  /** In the order of the listen addresses. */
  readonly addresses: readonly BoundAddress[];
  /** `descriptors[listen address][worker]`, for {@link ListenAddress.descriptor} */
  readonly descriptors: readonly (readonly number[])[];
  /** An eventfd for each worker. */
  readonly events: readonly number[];
  /** Only once no worker uses them. */
  close(): void;
}

/**
 * @param count of workers
 * @throws OperatorError if an address cannot be bound (`cannot-listen`), or if the Linux transport cannot run on this machine or
 *   cannot divide the datagrams of one address between several workers (`environment`)
 */
export async function openWorkerSockets(
  listen: readonly ListenAddress[],
  count: number,
  limits: TransportLimits,
): Promise<WorkerSockets> {
  const calls = await openNativeCalls();
  checkLayouts(calls);
  return openWorkerSocketsOver(calls, listen, count, limits);
}

export function openWorkerSocketsOver(
  calls: NativeCalls,
  listen: readonly ListenAddress[],
  count: number,
  limits: TransportLimits,
): WorkerSockets {
  const open: number[] = [];
  const close = (): void => {
    for (const fd of open.splice(0)) calls.close(fd);
  };
  const note = (socket: OpenSocket): OpenSocket => {
    open.push(socket.fd);
    return socket;
  };
  const noteEvent = (): number => {
    const fd = openEvent(calls);
    open.push(fd);
    return fd;
  };
  try {
    if (count > 1) checkFamilies(calls, listen, count);
    const opened = listen.map((address) => {
      if (address.protocol === 'udp') return openGroup(calls, address, count).map(note);
      const shared = note(openSocket(calls, address, tcpOptions(address, limits)));
      return Array.from({ length: count }, () => shared);
    });
    const events = Array.from({ length: count }, noteEvent);
    return {
      addresses: opened.map((sockets) => sockets[0]!.bound),
      descriptors: opened.map((sockets) => sockets.map(({ fd }) => fd)),
      events,
      close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

function checkFamilies(calls: NativeCalls, listen: readonly ListenAddress[], count: number): void {
  const hosts = listen.filter(({ protocol }) => protocol === 'udp').map(({ host }) => host);
  if (hosts.length > 0) checkSteering(calls, '127.0.0.1', count);
  if (!hosts.some((host) => host.includes(':'))) return;
  try {
    checkSteering(calls, '::1', count);
  } catch (error) {
    // Without IPv6, or without a loopback address for it, the check of IPv4 has to do.
    if (!(error instanceof OperatorError) || error.code !== 'cannot-listen') throw error;
  }
}

/** Node.js serves https, which sets its own options for connections. */
function tcpOptions(address: ListenAddress, limits: TransportLimits): readonly SocketOption[] {
  return address.protocol === 'http' ? httpSocketOptions(limits) : [[SOL_SOCKET, SO_REUSEADDR, 1]];
}

function openEvent(calls: NativeCalls): number {
  const fd = calls.eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  if (fd >= 0) return fd;
  const message = `cannot create an eventfd: ${errnoName(calls.errno())}; raise the limit of open files`;
  throw new OperatorError(message, { code: 'environment' });
}
