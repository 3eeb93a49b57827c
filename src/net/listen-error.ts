/** Turns a failed bind or listen into an error that says what to do. */
import { errorCodeOf, messageOf, OperatorError } from '../domain/errors.js';
import type { Endpoint } from './endpoint.js';
import { formatListenUrl } from './listen-url.js';

/**
 * @param code an errno name; without it, the code of `cause`
 * @param key of the configuration that sets the address, e.g. `mirrorSite.listen`
 */
export function listenError(
  address: Endpoint & { readonly protocol: string },
  { code, cause, key }: { readonly code?: string | undefined; readonly cause?: unknown; readonly key?: string },
): OperatorError {
  const prefix = key === undefined ? '' : `${key}: `;
  const reason = reasonOf(code ?? errorCodeOf(cause)) ?? (cause === undefined ? code : messageOf(cause));
  return new OperatorError(`${prefix}cannot listen on ${formatListenUrl(address)}: ${reason}`, {
    code: 'cannot-listen',
    cause,
  });
}

function reasonOf(code: string | undefined): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      return 'another program has this port; stop it or choose another';
    case 'EACCES':
    case 'EPERM':
      return 'not permitted; ports below 1024 need CAP_NET_BIND_SERVICE (or choose a higher one)';
    case 'EADDRNOTAVAIL':
      return 'this machine has no such address; choose one that `ip address` lists';
    case 'EAFNOSUPPORT':
      return 'this machine has no IPv6; choose an IPv4 address';
    default:
      return undefined;
  }
}
