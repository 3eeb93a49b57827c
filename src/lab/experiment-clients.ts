/** Command lines of the real clients in an experiment: bound to one address, rate-limited, without DHT, PEX and LSD. */

import { chmodSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export const EXPERIMENT_CLIENTS = ['aria2c', 'libtorrent', 'transmission'] as const;
export type ExperimentClient = (typeof EXPERIMENT_CLIENTS)[number];

export interface ClientOptions {
  readonly address: string;
  readonly torrentFile: string;
  readonly folder: string;
  /** Called as `HOOK id files path-of-content` when the download is complete. */
  readonly hookFile: string;
  readonly uploadBytesPerSecond: number;
  readonly connections: number;
  /** The folder already has the content. */
  readonly seed: boolean;
}

export function clientCommand(
  client: ExperimentClient,
  options: ClientOptions,
): { command: string; args: readonly string[] } {
  return { aria2c: aria2, libtorrent, transmission }[client](options);
}

function aria2(options: ClientOptions): { command: string; args: readonly string[] } {
  return {
    command: 'aria2c',
    args: [
      `--interface=${options.address}`,
      `--dir=${options.folder}`,
      '--no-conf=true',
      '--quiet=true',
      '--enable-dht=false',
      '--enable-dht6=false',
      '--bt-enable-lpd=false',
      '--enable-peer-exchange=false',
      '--file-allocation=none',
      '--seed-ratio=0.0',
      '--listen-port=6881',
      `--bt-max-peers=${options.connections}`,
      // Otherwise a slow client requests more peers than its limit, and the experiment compares this limit.
      '--bt-request-peer-speed-limit=1',
      `--max-upload-limit=${options.uploadBytesPerSecond}`,
      `--on-bt-download-complete=${options.hookFile}`,
      ...(options.seed ? ['--check-integrity=true'] : []),
      options.torrentFile,
    ],
  };
}

/** Debian's python3-libtorrent: the engine of qBittorrent and Deluge. */
function libtorrent(options: ClientOptions): { command: string; args: readonly string[] } {
  const script = `
import signal, sys, time, subprocess, libtorrent as lt
address, torrent, folder, hook, rate, connections, seed = sys.argv[1:8]
session = lt.session({'listen_interfaces': address + ':6881', 'outgoing_interfaces': address, 'enable_dht': False,
  'enable_lsd': False, 'enable_upnp': False, 'enable_natpmp': False, 'upload_rate_limit': int(rate),
  'allow_multiple_connections_per_ip': False, 'enable_incoming_utp': False, 'enable_outgoing_utp': False})
# Its default exempts private addresses, which all are here, from every limit: all belong to the class that is limited.
everybody = lt.ip_filter()
everybody.add_rule('0.0.0.0', '255.255.255.255', 1 << session.global_peer_class_id)
session.set_peer_class_filter(everybody)
params = {'ti': lt.torrent_info(torrent), 'save_path': folder, 'flags': lt.torrent_flags.disable_pex | lt.torrent_flags.disable_dht | lt.torrent_flags.disable_lsd}
handle = session.add_torrent(params)
handle.set_max_connections(int(connections))
done = seed == '1'
ending = []
signal.signal(signal.SIGTERM, lambda *_: ending.append(True))
while not ending:
  time.sleep(0.2)
  if not done and handle.status().is_seeding:
    done = True
    subprocess.call([hook, '1', '1', folder + '/content.bin'])
# The end of the session waits for its last announces.
del handle, params, session
`;
  return {
    // Debian's interpreter: no other one has the module.
    command: '/usr/bin/python3',
    args: [
      '-c',
      script,
      options.address,
      options.torrentFile,
      options.folder,
      options.hookFile,
      String(options.uploadBytesPerSecond),
      String(options.connections),
      options.seed ? '1' : '0',
    ],
  };
}

/** transmission-cli with settings in a separate folder. It verifies existing content, so a seed needs nothing more. */
function transmission(options: ClientOptions): { command: string; args: readonly string[] } {
  const settings = join(options.folder, `transmission-${options.address}`);
  mkdirSync(settings, { recursive: true });
  writeFileSync(
    join(settings, 'settings.json'),
    JSON.stringify({
      'bind-address-ipv4': options.address,
      'dht-enabled': false,
      'lpd-enabled': false,
      'pex-enabled': false,
      'utp-enabled': false,
      'port-forwarding-enabled': false,
      'rpc-enabled': false,
      'peer-port': 6881,
      'peer-limit-per-torrent': options.connections,
      'speed-limit-up': Math.round(options.uploadBytesPerSecond / 1_000),
      'speed-limit-up-enabled': true,
    }),
  );
  // transmission-cli passes the torrent in the environment; our hook expects the content's path as its third argument.
  const hook = join(settings, 'complete.sh');
  writeFileSync(hook, `#!/bin/sh\nexec ${options.hookFile} 1 1 ${join(options.folder, 'content.bin')}\n`);
  chmodSync(hook, 0o755);
  return {
    command: 'transmission-cli',
    args: ['-g', settings, '-w', options.folder, '-f', hook, options.torrentFile],
  };
}
