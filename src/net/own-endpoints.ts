/** The endpoints of this installation, so that the exchange with original trackers never asks its own tracker. */
import { formatIp, type IpAddress } from '../domain/ip-address.js';
import type { OwnEndpoint } from '../domain/own-addresses.js';
import { isWildcard } from './endpoint.js';
import { machineAddresses } from './machine-addresses.js';

/** The section `dnsRedirect`, as far as it says where redirected names lead. */
export interface RedirectionTargets {
  readonly trackerAddresses: readonly IpAddress[];
  readonly trackers?: readonly { readonly address?: readonly IpAddress[] | undefined }[];
}

/** Every address that the name of a redirected tracker leads to, its own one included. */
export function trackerTargets(section: RedirectionTargets | undefined): readonly IpAddress[] {
  if (section === undefined) return [];
  return [...section.trackerAddresses, ...(section.trackers ?? []).flatMap(({ address = [] }) => address)];
}

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
