import { expect, test } from 'vitest';
import { ipv4FromWord } from '../../../src/domain/ip-address.js';
import type { DhtNode } from '../../../src/upstream/dht/krpc.js';
import { CLOSEST_NODES, MAX_QUERIES } from '../../../src/upstream/dht/limits.js';
import { Lookup } from '../../../src/upstream/dht/lookup.js';

const target = new Uint8Array(20).fill(0xab);
const answer = (nodes: readonly DhtNode[]) =>
  ({ type: 'answer', transaction: '', id: new Uint8Array(20), nodes, peers: [] }) as const;

/** @param distance of its id from the target, below 2^16 */
function nodeAt(distance: number, n: number): DhtNode {
  const id = Uint8Array.from(target);
  id[18]! ^= distance >> 8;
  id[19]! ^= distance & 255;
  return { id, address: ipv4FromWord(0x0808_0000 + n), port: 6_881 };
}

function lookup(): Lookup {
  return new Lookup({ target, want: 50, mayAsk: () => true, sharedAddresses: false });
}

test('asks the closest first, and ends when the closest have answered', () => {
  const it = lookup();
  const nodes = Array.from({ length: 40 }, (_, n) => nodeAt(1_000 - n, n));
  it.add(nodes);
  const asked: DhtNode[] = [];
  for (let node = it.next(); node !== undefined; node = it.next()) {
    asked.push(node as DhtNode);
    it.answered(node, answer([]));
  }
  expect(asked.map(({ address }) => address)).toEqual(
    nodes
      .slice(-CLOSEST_NODES)
      .reverse()
      .map(({ address }) => address),
  );
});

test('asks others in the place of nodes that fail', () => {
  const it = lookup();
  it.add(Array.from({ length: 12 }, (_, n) => nodeAt(n + 1, n)));
  let asked = 0;
  for (let node = it.next(); node !== undefined; node = it.next()) {
    asked++;
    it.failed(node);
  }
  expect(asked).toBe(12);
});

test('is bounded although nodes name more and more nodes, each closer than the last', () => {
  const it = lookup();
  let n = 0;
  const closer = () => Array.from({ length: 32 }, () => nodeAt(65_535 - ++n, n));
  it.add(closer());
  let asked = 0;
  for (let node = it.next(); node !== undefined; node = it.next()) {
    asked++;
    it.answered(node, answer(closer()));
  }
  expect(asked).toBe(MAX_QUERIES);
});
