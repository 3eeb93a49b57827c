/**
 * What `::` means on a portable listener: both families on one socket; IPv6 alone where an IPv4 listener of ours already
 * has the port; IPv4 alone on a machine without IPv6. Any other address is bound as it stands.
 */
import { listenError } from '../listen-error.js';
import type { ListenAddress } from '../transport.js';

export interface BindAttempt {
  readonly host: string;
  readonly ipv6Only: boolean;
}

/**
 * @param ipv4PortIsOurs whether this transport has an IPv4 listener of the same protocol on this port
 * @param bind rejects with an errno error
 * @throws OperatorError
 */
export async function bindEitherFamily<T>(
  address: ListenAddress,
  ipv4PortIsOurs: boolean,
  bind: (attempt: BindAttempt) => Promise<T>,
): Promise<T> {
  try {
    return await bind({ host: address.host, ipv6Only: false });
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    const retry = address.host !== '::' ? null : retryFor(code, ipv4PortIsOurs);
    if (retry === null) throw listenError(address, code, error);
    try {
      return await bind(retry);
    } catch (second) {
      throw listenError(address, (second as NodeJS.ErrnoException).code, second);
    }
  }
}

function retryFor(code: string | undefined, ipv4PortIsOurs: boolean): BindAttempt | null {
  if (code === 'EADDRINUSE' && ipv4PortIsOurs) return { host: '::', ipv6Only: true };
  if (code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL') return { host: '0.0.0.0', ipv6Only: false };
  return null;
}
