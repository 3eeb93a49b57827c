/** Which seeds inside may be named to original trackers. The rest is in `test/e2e/pushed-peers.test.ts`. */
import { expect, test } from 'vitest';
import { sharedSeeds } from '../../../src/app/shared-seeds.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { parseIp } from '../../../src/domain/ip-address.js';

test('none of a private torrent (BEP 27), not even a cache of the operator', async () => {
  const infoHash = parseInfoHash('ab'.repeat(20));
  const address = parseIp('203.0.113.10');
  const of = (isPrivate: boolean) =>
    sharedSeeds(infoHash, {
      dataPlane: { innerPeers: async () => [{ ...address, port: 6_881, seed: true }] },
      reports: { capabilityReading: () => undefined },
      caches: [{ address }],
      isPrivate: () => isPrivate,
      clock: { nowMs: () => 0 },
      lab: true,
    });
  expect(await of(false)).toEqual([{ address, port: 6_881, cache: true }]);
  expect(await of(true)).toEqual([]);
});
