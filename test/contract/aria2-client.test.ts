import { describe } from 'vitest';
import { aria2Daemon } from '../support/caches/aria2-daemon.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { hasLibtorrent } from '../support/torrent-tools.js';
import { cacheClientContract } from './cache-client.contract.js';

const program = requireProgram('aria2c');
const peers = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());

describe.skipIf(program === undefined || !peers)('aria2', () => {
  cacheClientContract('aria2', {
    wrongCredentials: { secret: 'wrong' },
    refusal: 'write its rpc-secret as secret',
    servesWithoutFetching: false,
    takesPeers: false,
    create: (directory, shell) => aria2Daemon(program!, directory, shell),
  });
});
