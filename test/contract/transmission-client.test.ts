import { describe } from 'vitest';
import { transmissionDaemon } from '../support/caches/transmission-daemon.js';
import { requireFacility, requireProgram } from '../support/real-program.js';
import { hasLibtorrent } from '../support/torrent-tools.js';
import { cacheClientContract } from './cache-client.contract.js';

const program = requireProgram('transmission-daemon');
const peers = requireFacility('python3-libtorrent is not installed', await hasLibtorrent());

describe.skipIf(program === undefined || !peers)('Transmission', () => {
  cacheClientContract('Transmission', {
    wrongCredentials: { user: 'alias', password: 'wrong' },
    refusal: 'rpc-password of its settings.json',
    servesWithoutFetching: true,
    takesPeers: false,
    create: (directory, shell) => transmissionDaemon(program!, directory, shell),
  });
});
