import { expect, it } from 'vitest';
import { infoHashFromBytes } from '../../../../src/domain/info-hash.js';
import type { InnerSwarm } from '../../../../src/tracker/data-plane-messages.js';
import { InnerSwarmListing } from '../../../../src/tracker/inner-swarm-listing.js';
import type { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import { announce, CHEAP, createStore, HOME_A, infoHash } from './store-fixture.js';

function pageOf(store: SwarmStore, cursor: number) {
  const listing = new InnerSwarmListing(cursor);
  for (;;) {
    const { value, steps } = listing.next(store);
    expect(steps).toBeGreaterThan(0);
    if (value !== undefined) return value;
  }
}

it('lists every swarm with inner peers on some page, with these peers alone', () => {
  const store = createStore();
  const swarms = 250;
  for (let torrent = 1; torrent <= swarms; torrent++) {
    announce(store, { torrent, host: 1, group: CHEAP, seed: true });
    if (torrent % 3 === 0) announce(store, { torrent, host: 2, group: HOME_A, seed: true });
    if (torrent % 6 === 0) announce(store, { torrent, host: 3, group: HOME_A });
  }
  const found = new Map<string, InnerSwarm>();
  for (let cursor: number | undefined = 0; cursor !== undefined; ) {
    const page = pageOf(store, cursor);
    for (const swarm of page.swarms) found.set(swarm.infoHash, swarm);
    cursor = page.cursor;
  }
  expect(found.size).toBe(Math.floor(swarms / 3));
  const inner = (n: number) => found.get(infoHashFromBytes(infoHash(n)));
  expect(inner(3)).toMatchObject({ seeds: 1, leechers: 0 });
  expect(inner(6)).toMatchObject({ seeds: 1, leechers: 1 });
  expect(inner(1)).toBeUndefined();
});

it('ends for a store without swarms', () => {
  expect(pageOf(createStore(), 0)).toEqual({ swarms: [], cursor: undefined });
});
