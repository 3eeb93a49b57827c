/** aria2 as a cache runs it. */
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Aria2Client } from '../../../src/caches/clients/aria2-client.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { freePort } from '../free-port.js';
import { type CacheDaemon, type Credentials, Daemon, directories } from './cache-daemon.js';

const RIGHT = { secret: 'the-secret' };

interface Download {
  readonly gid: string;
  readonly infoHash?: string;
  readonly status: string;
}

export async function aria2Daemon(program: string, base: string, shell?: string): Promise<CacheDaemon> {
  const { config, downloads } = directories(base);
  const [port, peerPort] = [await freePort(), await freePort()];
  const url = `http://127.0.0.1:${port}/jsonrpc`;
  const session = join(config, 'session');
  const daemon = new Daemon();
  const ask = async (method: string, ...params: unknown[]): Promise<unknown> => {
    const body = JSON.stringify({
      jsonrpc: '2.0',
      id: '1',
      method: `aria2.${method}`,
      params: [`token:${RIGHT.secret}`, ...params],
    });
    const response = await fetch(url, { method: 'POST', body });
    return ((await response.json()) as { result: unknown }).result;
  };
  const all = async (): Promise<Download[]> =>
    (await Promise.all([ask('tellActive'), ask('tellWaiting', 0, 1_000)])).flat() as Download[];
  const args = [
    ...['--no-conf=true', '--enable-rpc=true', '--rpc-listen-all=false', `--rpc-listen-port=${port}`],
    ...[`--rpc-secret=${RIGHT.secret}`, `--dir=${downloads}`, `--listen-port=${peerPort}`, '--interface=127.0.0.1'],
    ...['--enable-dht=false', '--enable-dht6=false', '--bt-enable-lpd=false', '--enable-peer-exchange=false'],
    ...[`--save-session=${session}`, `--input-file=${session}`, '--max-concurrent-downloads=1000', '--seed-ratio=0.0'],
  ];
  return {
    program: 'aria2',
    url,
    peerPort,
    contentDirectory: (infoHash) => join(downloads, infoHash),
    start: async () => {
      if (!existsSync(session)) writeFileSync(session, '');
      await daemon.start(program, args, shell);
      await daemon.until('aria2', async () => Array.isArray(await ask('tellActive')));
    },
    stop: () => daemon.stop(),
    signal: (signal) => daemon.signal(signal),
    liftLimit: () => daemon.liftLimit(),
    client: (wrong: Credentials = RIGHT) => new Aria2Client({ name: 'pop-north', url, directory: downloads, ...wrong }),
    addByHand: async (metainfo, infoHash) => {
      const options = { dir: join(downloads, infoHash), 'check-integrity': 'true' };
      await ask('addTorrent', Buffer.from(metainfo).toString('base64'), [], options);
    },
    removeByHand: async (infoHash: InfoHash) => {
      const gids = (await all()).filter((each) => each.infoHash === infoHash).map(({ gid }) => gid);
      for (const gid of gids) await ask('forceRemove', gid);
    },
    holds: async (infoHash: InfoHash) => (await all()).some((each) => each.infoHash === infoHash),
    downloadLimit: async () => {
      const options = (await ask('getGlobalOption')) as Record<string, string>;
      return Number(options['max-overall-download-limit']);
    },
  };
}
