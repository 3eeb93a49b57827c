/** Original trackers learn of the cache that fetches over the border, not of one that fetches from another cache. */
import { expect, test } from 'vitest';
import { createServices, type Foundation } from '../../../src/app/services.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import type { InfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { createLogger } from '../../../src/logging/logger.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { hashOf } from '../../support/catalogue-entries.js';

test('the controller of the caches decides which endpoint is announced', () => {
  const database = openDatabase(':memory:');
  const endpoint = { address: parseIp('203.0.113.10'), port: 51_413 };
  const filling = {
    torrents: [
      { infoHash: hashOf(1), state: 'filling' },
      { infoHash: hashOf(2), state: 'filling' },
    ],
  };
  const caches = {
    caches: [
      { settings: { address: endpoint.address }, reading: { health: 'up', state: { peerPort: 51_413, ...filling } } },
    ],
    controller: {
      crossingEndpoint: (infoHash: InfoHash, family: 4 | 6) =>
        infoHash === hashOf(1) && family === 4 ? endpoint : undefined,
    },
  };
  const find = ({ name }: { name: string }) => ({ caches })[name];
  const services = createServices({
    clock: { nowMs: () => 0 },
    config: () => parseConfig('operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ] }\n'),
    database,
    logger: createLogger('silent'),
    parts: { find, get: find },
  } as unknown as Foundation);

  expect(services.endpointToAnnounce(hashOf(1), 4)).toBe(endpoint);
  expect(services.endpointToAnnounce(hashOf(1), 6)).toBeUndefined();
  // Its client fetches this one as well, from another cache.
  expect(services.endpointToAnnounce(hashOf(2), 4)).toBeUndefined();
  database.close();
});
