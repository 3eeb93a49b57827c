/** A real peer (python3-libtorrent) that connects to whom a test says, and finds nobody by itself. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

const SCRIPT = `
import json, sys, threading, time, libtorrent as lt
file, directory, limit, address, port = sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4], sys.argv[5]
session = lt.session({'listen_interfaces': address + ':' + port, 'outgoing_interfaces': address, 'enable_dht': False, 'enable_lsd': False, 'enable_upnp': False,
  'enable_natpmp': False, 'allow_multiple_connections_per_ip': True, 'in_enc_policy': 2, 'out_enc_policy': 2,
  'connections_limit': 50, 'enable_outgoing_utp': False, 'enable_incoming_utp': False, 'min_reconnect_time': 1, 'unchoke_interval': 1, 'unchoke_slots_limit': -1, 'alert_mask': 0}, 0)  # without plug-ins: no peer exchange
torrent = session.add_torrent({'ti': lt.torrent_info(file), 'save_path': directory})
if limit: torrent.set_upload_limit(limit)
peers = []
def orders():
  for line in sys.stdin:
    peers.append(tuple(json.loads(line)))
  session.pause()
threading.Thread(target=orders, daemon=True).start()
while True:
  status = torrent.status()
  if status.num_peers < len(peers) and status.state not in (1, 7):
    for peer in peers: torrent.connect_peer(peer)
  print(json.dumps({'haveBytes': status.total_done, 'uploadedBytes': status.total_payload_upload,
    'isComplete': status.is_seeding, 'peers': status.num_peers}), flush=True)
  time.sleep(0.1)
`;

export interface PeerStatus {
  readonly haveBytes: number;
  readonly uploadedBytes: number;
  readonly isComplete: boolean;
  readonly peers: number;
}

let addresses = 0;
/** Each peer has its own: Transmission takes one peer of an address, and remembers there whether it was a seed. */
function nextAddress(): string {
  return `127.0.0.${2 + (addresses++ % 250)}`;
}

export class LibtorrentPeer {
  readonly #process: ChildProcess;
  status: PeerStatus = { haveBytes: 0, uploadedBytes: 0, isComplete: false, peers: 0 };

  /** Where it listens, if a port was given. */
  readonly address = nextAddress();

  /** @param directory has the content already if it is a seed. @param uploadLimit in bytes per second; 0: none */
  constructor(torrentFile: string, directory: string, { uploadLimit = 0, port = 0 } = {}) {
    const args = ['-c', SCRIPT, torrentFile, directory, String(uploadLimit), this.address, String(port)];
    this.#process = spawn('/usr/bin/python3', args, { stdio: ['pipe', 'pipe', 'inherit'] });
    createInterface(this.#process.stdout!).on('line', (line) => {
      this.status = JSON.parse(line) as PeerStatus;
    });
    this.#process.stdin!.on('error', () => {});
  }

  /** It connects again whenever the connection is lost. */
  connect(port: number, host = '127.0.0.1'): void {
    this.#process.stdin!.write(`${JSON.stringify([host, port])}\n`);
  }

  async stop(): Promise<void> {
    if (this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    this.#process.kill('SIGKILL');
    await once(this.#process, 'exit');
  }
}
