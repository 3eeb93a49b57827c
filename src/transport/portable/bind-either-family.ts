/**
 * Binds a portable listener. `::` means both families on one socket, IPv6 only if the address says so, and IPv4 only on a
 * machine without IPv6. Any other address is bound unchanged.
 */
import { errorCodeOf } from '../../domain/errors.js';
import { listenError } from '../../net/listen-error.js';
import type { ListenAddress } from '../transport.js';

export interface BindAttempt {
  readonly host: string;
  readonly ipv6Only: boolean;
}

/**
 * @param bind rejects with an errno error
 * @throws OperatorError
 */
export async function bindEitherFamily<T>(
  address: ListenAddress,
  bind: (attempt: BindAttempt) => Promise<T>,
): Promise<T> {
  const ipv6Only = address.ipv6Only === true;
  try {
    return await bind({ host: address.host, ipv6Only });
  } catch (error) {
    const code = errorCodeOf(error);
    const lacksIpv6 = code === 'EAFNOSUPPORT' || code === 'EADDRNOTAVAIL';
    if (address.host !== '::' || ipv6Only || !lacksIpv6) throw listenError(address, { cause: error });
    try {
      return await bind({ host: '0.0.0.0', ipv6Only: false });
    } catch (second) {
      throw listenError(address, { cause: second });
    }
  }
}
