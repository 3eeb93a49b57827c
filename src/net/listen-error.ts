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
  const errno = code ?? errnoOf(cause);
  const reason = reasonOf(errno, address.port) ?? (cause === undefined ? code : messageOf(cause));
  return new OperatorError(`${prefix}cannot listen on ${formatListenUrl(address)}: ${reason}`, {
    code: 'cannot-listen',
    cause: cause ?? (code === undefined ? undefined : Object.assign(new Error(code), { code })),
  });
}

/** Also of an error that was made here, by a listener that does not know its key. */
function errnoOf(cause: unknown): string | undefined {
  return cause instanceof OperatorError ? errorCodeOf(cause.cause) : errorCodeOf(cause);
}

/** Multicast DNS (RFC 6762). */
const MDNS_PORT = 5_353;

function reasonOf(code: string | undefined, port: number): string | undefined {
  switch (code) {
    case 'EADDRINUSE':
      if (port === MDNS_PORT) {
        return 'another program has this port, which belongs to multicast DNS (mDNS): avahi, systemd-resolved and browsers use it; choose another, e.g. 53 or 10053';
      }
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
