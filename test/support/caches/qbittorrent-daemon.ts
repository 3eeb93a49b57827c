/** qBittorrent without a user interface, as a cache runs it. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { QbittorrentClient } from '../../../src/caches/clients/qbittorrent-client.js';
import { systemClock } from '../../../src/domain/clock.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { freePort } from '../free-port.js';
import { type CacheDaemon, type Credentials, Daemon, directories } from './cache-daemon.js';

/** Those of version 4.5 before anybody changes them. */
const RIGHT = { user: 'admin', password: 'adminadmin' };

export async function qbittorrentDaemon(
  program: string,
  base: string,
  shell?: string,
  /** Where it listens for peers, and from where it connects. */
  address = '127.0.0.1',
): Promise<CacheDaemon> {
  const { config, downloads } = directories(base);
  const [port, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}/`;
  mkdirSync(join(config, 'qBittorrent/config'), { recursive: true });
  writeFileSync(join(config, 'qBittorrent/config/qBittorrent.conf'), settings({ port, peerPort, downloads, address }));
  const daemon = new Daemon();
  let cookie = '';
  const ask = async (call: string, fields?: Record<string, string> | FormData): Promise<string> => {
    const body = fields instanceof FormData ? fields : fields && new URLSearchParams(fields);
    const response = await fetch(`${url}api/v2/${call}`, {
      ...(body === undefined ? {} : { method: 'POST', body }),
      headers: { cookie },
    });
    const set = response.headers.get('set-cookie');
    if (set !== null) cookie = set.split(';')[0]!;
    if (response.status === 403 && call !== 'auth/login') {
      await ask('auth/login', { username: RIGHT.user, password: RIGHT.password });
      return ask(call, fields);
    }
    return response.text();
  };
  return {
    program: 'qBittorrent',
    url,
    peerPort,
    contentDirectory: () => downloads,
    start: async () => {
      await daemon.start(program, [`--profile=${config}`], shell);
      await daemon.until('qBittorrent', async () => (await ask('app/version')).startsWith('v'));
    },
    stop: () => daemon.stop(),
    signal: (signal) => daemon.signal(signal),
    liftLimit: () => daemon.liftLimit(),
    client: (wrong: Credentials = RIGHT) =>
      new QbittorrentClient({ name: 'pop-north', url, clock: systemClock, ...wrong }),
    addByHand: async (metainfo) => {
      const form = new FormData();
      form.set('torrents', new Blob([new Uint8Array(metainfo)]), 'by-hand.torrent');
      form.set('tags', 'by-hand');
      await ask('torrents/add', form);
    },
    removeByHand: async (infoHash: InfoHash) => {
      await ask('torrents/delete', { hashes: infoHash, deleteFiles: 'false' });
    },
    holds: async (infoHash: InfoHash) => (await ask(`torrents/info?hashes=${infoHash}`)).includes(infoHash),
    downloadLimit: async () => Number(await ask('transfer/downloadLimit')),
  };
}

interface Settings {
  readonly port: number;
  readonly peerPort: number;
  readonly downloads: string;
  readonly address: string;
}

function settings({ port, peerPort, downloads, address }: Settings): string {
  return `[LegalNotice]
Accepted=true

[Preferences]
WebUI\\Address=127.0.0.1
WebUI\\Port=${port}
WebUI\\UseUPnP=false

[BitTorrent]
Session\\Port=${peerPort}
Session\\InterfaceAddress=${address}
Session\\DefaultSavePath=${downloads}
Session\\DHTEnabled=false
Session\\PeXEnabled=false
Session\\LSDEnabled=false
Session\\BTProtocol=TCP

[Network]
PortForwardingEnabled=false
`;
}
