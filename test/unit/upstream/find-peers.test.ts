/** Look-ups in the DHT with real sockets on loopback: nodes that know closer ones, that lie, flood and stay silent. */
import { createSocket } from 'node:dgram';
import { afterEach, describe, expect, test } from 'vitest';
import { systemClock } from '../../../src/domain/clock.js';
import { parseInfoHash } from '../../../src/domain/info-hash.js';
import { formatIp, parseIp } from '../../../src/domain/ip-address.js';
import { createDhtCounters } from '../../../src/upstream/dht/dht-counters.js';
import { type FindPeersOptions, findPeers } from '../../../src/upstream/dht/find-peers.js';
import { KnownNodes } from '../../../src/upstream/dht/known-nodes.js';
import { randomNodeId } from '../../../src/upstream/dht/krpc.js';
import { KrpcSocket } from '../../../src/upstream/dht/krpc-socket.js';
import { eventually } from '../../support/eventually.js';
import { answerTo, compactPeer, type KrpcQuery, startNode, type TestNode } from './dht-node.js';

const INFO_HASH = parseInfoHash('ab'.repeat(20));
const closings: (() => void)[] = [];
afterEach(() => {
  for (const close of closings.splice(0)) close();
});

async function node(host: string, reply: (query: KrpcQuery, node: TestNode) => Uint8Array[]): Promise<TestNode> {
  const started = await startNode(host, reply);
  closings.push(started.close);
  return started;
}

const resolver = { addresses: async () => Promise.reject(new Error('none')), texts: async () => [] };

async function lookUp(
  bootstrap: readonly { host: string; port: number }[],
  options: Partial<FindPeersOptions> = {},
  want = 50,
) {
  const counters = createDhtCounters();
  const socket = await KrpcSocket.open({ host: '127.0.0.1', port: 0 }, counters);
  closings.push(() => socket.close());
  const known = new KnownNodes();
  const { peers, answers } = await findPeers(socket, INFO_HASH, want, {
    nodeId: randomNodeId(),
    known,
    bootstrap,
    resolver,
    blockedReason: () => undefined,
    clock: systemClock,
    lab: true,
    ...options,
  });
  return { peers: peers.map(({ address, port }) => `${formatIp(address)}:${port}`), answers, counters, known, socket };
}

describe('a look-up', () => {
  test('follows nodes to closer ones and gathers their peers; its queries say that it is read-only', async () => {
    const peer = compactPeer('192.0.2.7', 6_881);
    const last = await node('127.0.1.3', (query, self) => [
      answerTo(query, self, { peers: [peer, compactPeer('192.0.2.8', 0)] }),
    ]);
    const middle = await node('127.0.1.2', (query, self) => [
      answerTo(query, self, { nodes: [last.compact], peers: [peer] }),
    ]);
    const first = await node('127.0.1.1', (query, self) => [answerTo(query, self, { nodes: [middle.compact] })]);
    const { peers, answers, known } = await lookUp([first, { host: 'nowhere.example', port: 1_234 }]);
    expect(peers).toEqual(['192.0.2.7:6881']);
    expect(answers).toBe(3);
    const [query] = last.queries;
    expect(Buffer.from(query!.q).toString()).toBe('get_peers');
    expect(Buffer.from(query!.a.info_hash).toString('hex')).toBe(INFO_HASH);
    expect(query!.ro).toBe(1);
    // The next one starts from them, and not from the bootstrap node.
    expect(known.size).toBe(2);
    for (const { queries } of [first, middle, last]) expect(queries).toHaveLength(1);
  });

  test('ends when it has enough', async () => {
    const many = Array.from({ length: 100 }, (_, n) => compactPeer(`192.0.2.${n}`, 6_881));
    const first = await node('127.0.1.1', (query, self) => [answerTo(query, self, { peers: many })]);
    expect((await lookUp([first], {}, 7)).peers).toHaveLength(7);
    // One node may not fill it.
    expect((await lookUp([first], {}, 100)).peers).toHaveLength(50);
  });

  test('asks no node that is blocked, nor a low port', async () => {
    const inside = await node('127.0.1.9', (query, self) => [answerTo(query, self)]);
    const dns = Buffer.concat([Buffer.alloc(20, 0xab), compactPeer('127.0.1.8', 53)]);
    const first = await node('127.0.1.1', (query, self) => [answerTo(query, self, { nodes: [inside.compact, dns] })]);
    const { counters } = await lookUp([first, inside], {
      blockedReason: ({ words }) => (words[0] === 0x7f000109 ? 'is inside' : undefined),
    });
    expect(inside.queries).toEqual([]);
    expect(counters.queries).toBe(1);
  });

  test('asks an address once, however many nodes claim it', async () => {
    const claims = Array.from({ length: 30 }, (_, n) =>
      Buffer.concat([Buffer.alloc(20, n), compactPeer('127.0.1.2', 20_000 + n)]),
    );
    const first = await node('127.0.1.1', (query, self) => [answerTo(query, self, { nodes: claims })]);
    const { counters } = await lookUp([first], { lab: false });
    expect(counters.queries).toBe(2);
  });

  test.each<[string, (query: KrpcQuery, self: TestNode) => Uint8Array[]]>([
    ['says nothing', () => []],
    ['answers with another transaction', (query, self) => [answerTo({ ...query, t: Buffer.from('xxxx') }, self)]],
    [
      'answers an error',
      (query) => [Buffer.from(`d1:eli201e1:xe1:t4:${Buffer.from(query.t).toString('latin1')}1:y1:ee`, 'latin1')],
    ],
    ['is not who it was said to be', (query, self) => [answerTo(query, { ...self, id: Buffer.alloc(20, 1) })]],
  ])('goes on without a node that %s', async (_what, reply) => {
    const bad = await node('127.0.1.2', reply);
    const good = await node('127.0.1.3', (query, self) => [
      answerTo(query, self, { peers: [compactPeer('192.0.2.1', 1)] }),
    ]);
    const first = await node('127.0.1.1', (query, self) => [
      answerTo(query, self, { nodes: [bad.compact, good.compact] }),
    ]);
    const { peers, known } = await lookUp([first]);
    expect(peers).toEqual(['192.0.2.1:1']);
    expect(known.size).toBe(1);
  });

  const nodeOf = ({ id, host, port }: TestNode) => ({ id, address: parseIp(host), port });

  test('asks the bootstrap nodes, once, if no known node is there any more', async () => {
    const known = new KnownNodes();
    for (let n = 0; n < 8; n++) known.answered(nodeOf(await node(`127.0.2.${n + 1}`, () => [])));
    const first = await node('127.0.1.1', (query, self) => [
      answerTo(query, self, { peers: [compactPeer('192.0.2.1', 1)] }),
    ]);
    const { peers } = await lookUp([first], { known });
    expect(peers).toEqual(['192.0.2.1:1']);
    expect(first.queries).toHaveLength(1);
    expect(known.size).toBe(0);
    for (let n = 0; n < 8; n++) known.answered(nodeOf(await node(`127.0.3.${n + 1}`, () => [])));
    first.close();
    expect(await lookUp([first], { known })).toMatchObject({ peers: [], answers: 0 });
  });

  test('forgets a node that says nothing, or is another one, and no other', async () => {
    const known = new KnownNodes();
    const refusing = await node('127.0.1.2', (query) => [
      Buffer.from(`d1:eli201e1:xe1:t4:${Buffer.from(query.t).toString('latin1')}1:y1:ee`, 'latin1'),
    ]);
    const silent = await node('127.0.1.3', () => []);
    const another = await node('127.0.1.4', (query, self) => [answerTo(query, { ...self, id: Buffer.alloc(20, 1) })]);
    for (const each of [refusing, silent, another]) known.answered(nodeOf(each));
    await lookUp([], { known });
    expect(known.closest(Buffer.alloc(20), 8, 4).map(({ port }) => port)).toEqual([refusing.port]);
    // The socket closes, as when the part restarts.
    const socket = await KrpcSocket.open({ host: '127.0.0.1', port: 0 }, createDhtCounters());
    socket.close();
    const options = { nodeId: randomNodeId(), known, bootstrap: [], resolver, blockedReason: () => undefined };
    await findPeers(socket, INFO_HASH, 50, { ...options, clock: systemClock, lab: true });
    expect(known.size).toBe(1);
  });

  test('survives every odd packet, and takes no answer of others than the one that was asked', async () => {
    const odd = [
      '',
      'd',
      'de',
      'i1e',
      'd1:yd8:toStringi1eee',
      'd1:t4:aaaa1:y1:re',
      'd1:rle1:t4:aaaa1:y1:re',
      'd1:y1:re',
      'd1:rd2:idi5ee1:t4:aaaa1:y1:re',
      'd1:rd2:id20:aaaaaaaaaaaaaaaaaaaa5:nodesi7e6:valuesi9ee1:t4:aaaa1:y1:re',
      'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaa9:info_hashi5ee1:q9:get_peers1:t2:aa1:y1:qe',
      'd1:ad2:id20:aaaaaaaaaaaaaaaaaaaa6:targeti5ee1:q9:find_node1:t2:aa1:y1:qe',
      'l'.repeat(2_000),
      `d1:t4:${'a'.repeat(2_500)}`,
    ].map((text) => Buffer.from(text));
    const first = await node('127.0.1.1', (query, self) => {
      const transaction = Buffer.from(query.t).toString('latin1');
      const forged = odd.map((packet) => Buffer.from(packet.toString('latin1').replace('aaaa', transaction), 'latin1'));
      return [...odd, answerTo(query, self, { peers: [compactPeer('192.0.2.1', 1)] }), ...forged];
    });
    const { peers, counters, socket } = await lookUp([first]);
    expect(peers).toEqual(['192.0.2.1:1']);
    expect(counters.dropped).toBeGreaterThan(5);
    // Of a node that was not asked: dropped unread.
    const stranger = createSocket('udp4');
    closings.push(() => void stranger.close());
    for (const packet of odd) stranger.send(packet, socket.endpoint.port, socket.endpoint.host);
    const before = counters.dropped;
    await eventually('all are dropped', () => counters.dropped >= before + odd.length);
  });
});
