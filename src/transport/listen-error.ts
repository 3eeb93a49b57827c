/** Turns a failed bind or listen into a message with the way out. */
import { formatEndpoint } from '../domain/endpoint.js';
import { messageOf, OperatorError } from '../domain/errors.js';
import type { ListenAddress } from './transport.js';

export function formatListenAddress(address: { protocol: string; host: string; port: number }): string {
  return `${address.protocol}://${formatEndpoint(address)}`;
}

/** @param code an errno name, as in `error.code` */
export function listenError(address: ListenAddress, code: string | undefined, cause?: unknown): OperatorError {
  const where = formatListenAddress(address);
  switch (code) {
    case 'EADDRINUSE':
      return new OperatorError(`cannot listen on ${where}: another program has this port; stop it or choose another`, {
        exitCode: 1,
        cause,
      });
    case 'EACCES':
    case 'EPERM':
      return new OperatorError(
        `cannot listen on ${where}: not permitted; ports below 1024 need CAP_NET_BIND_SERVICE (or choose a higher one)`,
        { exitCode: 1, cause },
      );
    case 'EADDRNOTAVAIL':
      return new OperatorError(`cannot listen on ${where}: this machine has no such address`, { exitCode: 1, cause });
    case 'EAFNOSUPPORT':
      return new OperatorError(`cannot listen on ${where}: this machine has no IPv6`, { exitCode: 1, cause });
    default:
      return new OperatorError(`cannot listen on ${where}: ${cause === undefined ? code : messageOf(cause)}`, {
        exitCode: 1,
        cause,
      });
  }
}
