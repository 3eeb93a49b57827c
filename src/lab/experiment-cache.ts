/** The cache of an experiment: transmission-daemon with its remote control, as docs/caches.md sets it up. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { RunningClient } from './experiment-progress.js';
import type { NetworkLab } from './network-namespaces.js';

export const CACHE_RPC_PORT = 9091;

export interface ExperimentCacheOptions {
  readonly lab: NetworkLab;
  readonly network: string;
  readonly address: string;
  readonly folder: string;
  readonly hookFile: string;
  readonly connections: number;
}

/** It has no torrents: the alias tracker gives it some. */
export function startCache(options: ExperimentCacheOptions): RunningClient {
  const { lab, network, address, folder } = options;
  mkdirSync(folder);
  // The daemon passes the torrent in the environment; the hook expects the content's path as its third argument.
  const hook = join(folder, 'complete.sh');
  writeFileSync(hook, `#!/bin/sh\nexec ${options.hookFile} 1 1 ${join(folder, 'content')}\n`, { mode: 0o755 });
  writeFileSync(
    join(folder, 'settings.json'),
    JSON.stringify({
      'rpc-bind-address': address,
      'rpc-port': CACHE_RPC_PORT,
      'rpc-whitelist-enabled': false,
      'rpc-host-whitelist-enabled': false,
      'download-dir': folder,
      'peer-port': 6881,
      'peer-port-random-on-start': false,
      'bind-address-ipv4': address,
      'dht-enabled': false,
      'pex-enabled': false,
      'lpd-enabled': false,
      'utp-enabled': false,
      'port-forwarding-enabled': false,
      'peer-limit-global': options.connections,
      'peer-limit-per-torrent': options.connections,
      'upload-slots-per-torrent': 50,
      'script-torrent-done-enabled': true,
      'script-torrent-done-filename': hook,
    }),
  );
  const startedMs = Date.now();
  const child = lab.spawn(network, 'transmission-daemon', ['-f', '-g', folder], { stdio: 'ignore' });
  return { network: 0, child, startedMs, doneFile: join(folder, 'done') };
}
