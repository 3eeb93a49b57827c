/** Where this installation answers itself, so that the exchange with original trackers never asks its own tracker. */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import { isWildcard } from '../net/endpoint.js';
import { machineAddresses } from '../net/machine-addresses.js';

/**
 * @param bound what the tracker listens on; a wildcard stands for every address of this machine
 * @param redirectedTo the addresses that redirected tracker names lead to, whatever machine has them
 */
export function ownEndpoints(
  bound: readonly { readonly host: string; readonly port: number }[],
  redirectedTo: readonly IpAddress[],
): OwnEndpoint[] {
  const machine = machineAddresses();
  const listeners = bound.flatMap(({ host, port }) =>
    (isWildcard(host) ? machine : [host]).map((each) => ({ host: each, port })),
  );
  // On another machine any port may be the alias tracker's; on this one its ports are known.
  const elsewhere = redirectedTo
    .map(formatIp)
    .filter((address) => !machine.includes(address) && !address.startsWith('127.'));
  return [...listeners, ...elsewhere.map((host) => ({ host }))];
}
