/** Packets of nodes of the DHT (BEP 5, BEP 32): nodes and peers within bounds, or nothing. */
import bencode from 'bencode';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { decodeKrpc, NODE_ID_BYTES } from '../../../src/upstream/dht/krpc.js';
import { MAX_NODES_PER_ANSWER, MAX_PEERS_PER_NODE } from '../../../src/upstream/dht/limits.js';
import { attempt, type FuzzTarget, holds, pick, randomBytes, sometimes } from '../fuzz-target.js';

export const dhtPacket: FuzzTarget = {
  name: 'dht-packet',
  about: 'packets of nodes of the DHT: nodes and peers within bounds, or nothing',
  words: [
    '1:rd2:id20:',
    '5:nodes',
    '6:nodes6',
    '6:valuesl6:',
    '1:y1:r',
    '1:y1:e',
    '1:y1:q',
    '1:t4:',
    '9:info_hashi',
    '8:toString',
  ],
  maxInputBytes: 4_000,
  create: () => ({ make, run }),
};

function make(random: Random): Uint8Array {
  const r = {
    id: randomBytes(random, sometimes(random, 8) ? 19 : NODE_ID_BYTES),
    token: 'x',
    nodes: randomBytes(random, 26 * random.below(50) + (sometimes(random, 5) ? 3 : 0)),
    nodes6: randomBytes(random, 38 * random.below(10)),
    values: Array.from({ length: random.below(80) }, () => randomBytes(random, pick(random, [6, 18, 7]))),
  };
  const t = randomBytes(random, 4);
  const messages = [
    { r, t, y: 'r' },
    { e: [201, 'error'], t, y: 'e' },
    { a: { id: r.id, info_hash: r.id }, q: 'get_peers', t, y: 'q' },
  ];
  return new Uint8Array(bencode.encode(pick(random, messages)));
}

function run(input: Uint8Array): string {
  const outcomes = ([4, 6] as const).map((family) => {
    const read = attempt(() => decodeKrpc(input, family), ClientError);
    if (read.refused !== undefined) return 'refused';
    if (read.value?.type !== 'answer') return read.value === undefined ? 'ignored' : 'error';
    const { id, nodes, peers } = read.value;
    holds(id.length === NODE_ID_BYTES, 'an id has 20 bytes');
    holds(nodes.length <= MAX_NODES_PER_ANSWER && peers.length <= MAX_PEERS_PER_NODE, 'what a node names is bounded');
    for (const { port } of [...nodes, ...peers])
      holds(port >= 1 && port <= 65_535, 'a port is one', () => String(port));
    return 'answer';
  });
  holds(outcomes[0] === outcomes[1], 'the family decides only which nodes are read');
  return outcomes[0]!;
}
