/** Transmission as a cache runs it. */
import { TransmissionClient } from '../../../src/caches/clients/transmission-client.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { freePort } from '../free-port.js';
import { type CacheDaemon, type Credentials, Daemon, directories } from './cache-daemon.js';

const RIGHT = { user: 'alias', password: 'the-password' };

export async function transmissionDaemon(
  program: string,
  base: string,
  shell?: string,
  /** Where it listens for peers, and from where it connects. */
  address = '127.0.0.1',
): Promise<CacheDaemon> {
  const { config, downloads } = directories(base);
  const [port, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}/transmission/rpc`;
  const daemon = new Daemon();
  let sessionId = '';
  const ask = async (method: string, args: object): Promise<Record<string, unknown>> => {
    const response = await fetch(url, {
      method: 'POST',
      body: JSON.stringify({ method, arguments: args }),
      headers: {
        authorization: `Basic ${btoa(`${RIGHT.user}:${RIGHT.password}`)}`,
        'x-transmission-session-id': sessionId,
      },
    });
    if (response.status !== 409) return ((await response.json()) as { arguments: Record<string, unknown> }).arguments;
    sessionId = response.headers.get('x-transmission-session-id')!;
    return ask(method, args);
  };
  const args = [
    ...['--foreground', '--config-dir', config, '--download-dir', downloads, '--no-portmap', '--no-dht', '--no-lpd'],
    ...['--port', String(port), '--rpc-bind-address', '127.0.0.1', '--peerport', String(peerPort), '--no-utp'],
    ...['--bind-address-ipv4', address, '--bind-address-ipv6', '::1', '--encryption-tolerated'],
    ...['--auth', '--username', RIGHT.user, '--password', RIGHT.password],
  ];
  return {
    program: 'Transmission',
    url,
    peerPort,
    contentDirectory: () => downloads,
    start: async () => {
      await daemon.start(program, args, shell);
      await daemon.until('Transmission', async () => (await ask('session-get', {}))['peer-port'] === peerPort);
    },
    stop: () => daemon.stop(),
    signal: (signal) => daemon.signal(signal),
    liftLimit: () => daemon.liftLimit(),
    client: (wrong: Credentials = RIGHT) => new TransmissionClient({ name: 'pop-north', url, ...wrong }),
    addByHand: async (metainfo) => {
      await ask('torrent-add', { metainfo: Buffer.from(metainfo).toString('base64') });
    },
    removeByHand: async (infoHash: InfoHash) => {
      await ask('torrent-remove', { ids: [infoHash] });
    },
    holds: async (infoHash: InfoHash) => {
      const { torrents } = await ask('torrent-get', { fields: ['hashString'] });
      return (torrents as { hashString: string }[]).some(({ hashString }) => hashString === infoHash);
    },
    downloadLimit: async () => {
      const session = await ask('session-get', {});
      return session['speed-limit-down-enabled'] ? Number(session['speed-limit-down']) * 1_000 : 0;
    },
  };
}
