/** The endpoints of this installation, so that the exchange with original trackers never asks its own tracker. */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import { isWildcard } from './endpoint.js';
import { machineAddresses } from './machine-addresses.js';

/**
 * @param bound what the tracker listens on; a wildcard stands for every address of this machine
 * @param redirectedTo the addresses of redirected tracker names, on this machine or another one
 */
export function ownEndpoints(
  bound: readonly { readonly host: string; readonly port: number }[],
  redirectedTo: readonly IpAddress[],
): OwnEndpoint[] {
  const machine = machineAddresses();
  const listeners = bound.flatMap(({ host, port }) =>
    (isWildcard(host) ? machine : [host]).map((each) => ({ host: each, port })),
  );
  // On another machine each port may be an alias tracker's. On this machine its ports are known.
  const elsewhere = redirectedTo
    .map(formatIp)
    .filter((address) => !machine.includes(address) && !address.startsWith('127.'));
  return [...listeners, ...elsewhere.map((host) => ({ host }))];
}
