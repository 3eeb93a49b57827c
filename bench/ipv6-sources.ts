/** Makes the benchmark's IPv6 source addresses addresses of this machine: one route to itself, which root may add. */
import { spawnSync } from 'node:child_process';
import { IPV6_SOURCES } from './source-addresses.js';

/** @returns what takes them away again. @throws Error if it is not permitted */
export function makeIpv6Sources(): () => void {
  const route = (verb: string): number | null =>
    spawnSync('ip', ['-6', 'route', verb, 'local', IPV6_SOURCES, 'dev', 'lo'], { stdio: 'ignore' }).status;
  if (route('replace') !== 0) throw new Error(`IPv6 needs root: ip -6 route add local ${IPV6_SOURCES} dev lo`);
  return () => {
    route('del');
  };
}
