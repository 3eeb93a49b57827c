/** A torrent that is known to be private (BEP 27): nobody is asked for peers of it, and nobody may name any. */
import { expect, test } from 'vitest';
import { createServices, type Foundation } from '../../../src/app/services.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { createLogger } from '../../../src/logging/logger.js';
import { createCatalogue } from '../../../src/store/sqlite/catalogue.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf, torrentToStore } from '../../support/catalogue-entries.js';

test.each(['catalogue', 'pass-through', 'unknown torrents'])(
  'known from the %s before, it is asked for no more',
  async (from) => {
    const database = openDatabase(':memory:');
    const infoHash = hashOf(1);
    const url = 'udp://tracker.example:80';
    if (from === 'catalogue') createCatalogue(database).store(torrentToStore(1, { trackerTiers: [[url]] }), 0);
    const imported: InfoHash[] = [];
    const removed: unknown[] = [];
    const parts = {
      'mirror site': { passedTrackers: () => (from === 'pass-through' ? [url] : []) },
      tracker: {
        originalsOf: () => (from === 'unknown torrents' ? [url] : []),
        importPeers: async (hash: InfoHash) => {
          imported.push(hash);
          return { taken: 1, refused: {} };
        },
        removeImported: async (...asked: unknown[]) => {
          removed.push(asked);
          return 0;
        },
      },
    };
    const find = ({ name }: { name: string }) => parts[name as keyof typeof parts];
    const services = createServices({
      clock: { nowMs: () => 0 },
      config: () => parseConfig('operator: { name: N, networks: [ { asn: 64500, prefixes: [127.1.0.0/16] } ] }\n'),
      database,
      logger: createLogger('silent'),
      parts: { find, get: find },
    } as unknown as Foundation);
    const named = () => services.importPeers(infoHash, [], 600, 'pushed by partner');

    expect(services.trackersOf(infoHash)).toEqual([url]);
    // A client says what it likes, so nobody speaks for a torrent because of it.
    expect(services.documentedTrackersOf(infoHash)).toEqual(from === 'unknown torrents' ? [] : [url]);
    expect(await named()).toEqual({ taken: 1, refused: {} });
    services.privateSeen(infoHash);
    services.privateSeen(infoHash);
    expect(services.trackersOf(infoHash)).toEqual([]);
    expect(services.isPrivate(infoHash)).toBe(true);
    expect(await named()).toEqual({ torrent: 'private', taken: 0, refused: {} });
    expect([imported, removed]).toEqual([[infoHash], [[infoHash, null, null]]]);
    database.close();
  },
);
