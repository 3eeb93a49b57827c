import { describe } from 'vitest';
import { qbittorrentDaemon } from '../support/caches/qbittorrent-daemon.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { hasLibtorrent } from '../support/torrent-tools.js';
import { cacheClientContract } from './cache-client.contract.js';

const program = requireProgram('qbittorrent-nox');
const peers = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());

describe.skipIf(program === undefined || !peers)('qBittorrent', () => {
  cacheClientContract('qBittorrent', {
    wrongCredentials: { user: 'admin', password: 'wrong-one' },
    refusal: 'those of its Web UI as user and password',
    servesWithoutFetching: true,
    takesPeers: true,
    create: (directory, shell) => qbittorrentDaemon(program!, directory, shell),
  });
});
