/** Which cache the exchange announces to original trackers. */
import { expect, test } from 'vitest';
import { announcedCache } from '../../../src/app/announced-cache.js';
import type { HeldTorrent } from '../../../src/caches/cache-client.js';
import type { RunningCache } from '../../../src/caches/running-caches.js';
import { formatIp, parseIp } from '../../../src/domain/ip-address.js';
import { hashOf } from '../../support/catalogue-entries.js';

function cache(addresses: readonly string[], held: HeldTorrent['state'] | undefined, health: 'up' | 'down' = 'up') {
  const torrents = held === undefined ? [] : [{ infoHash: hashOf(1), state: held }];
  const settings = { address: addresses.map(parseIp) };
  return { settings, reading: { health, state: { peerPort: 51_413, torrents } } } as unknown as RunningCache;
}

test('the first cache that is up and fetches the torrent, at its address of the family', () => {
  const caches = [
    cache(['203.0.113.9'], undefined),
    cache(['203.0.113.10'], 'filling', 'down'),
    cache(['203.0.113.11'], 'serving'),
    cache(['2001:db8::12'], 'filling'),
    cache(['203.0.113.13', '2001:db8::13'], 'filling'),
  ];
  const endpointOf = announcedCache(() => caches);
  const found = ([4, 6] as const).map((family) => endpointOf(hashOf(1), family)!);
  expect(found.map(({ address, port }) => `${formatIp(address)} ${port}`)).toEqual([
    '203.0.113.13 51413',
    '2001:db8::12 51413',
  ]);
  expect(endpointOf(hashOf(2), 4)).toBeUndefined();
  caches.length = 3;
  expect(endpointOf(hashOf(1), 4)).toBeUndefined();
});
