/** Runs look-ups: asks the nodes that a look-up names, a few at once, and notes which of them answer. */
import type { Clock } from '../../domain/clock.js';
import { type InfoHash, infoHashToBytes } from '../../domain/info-hash.js';
import type { IpAddress } from '../../domain/ip-address.js';
import { literalAddress } from '../../net/allowed-addresses.js';
import type { NameResolver } from '../../net/name-resolver.js';
import type { BlockedReason } from '../../net/outbound-rules.js';
import type { ForeignPeer } from '../tracker-contact.js';
import type { BootstrapNode } from './dht-section.js';
import type { KnownNodes } from './known-nodes.js';
import type { KrpcSocket } from './krpc-socket.js';
import { CLOSEST_NODES, LOOKUP_TIMEOUT_MS, MAX_ADDRESSES_PER_NAME, MIN_NODE_PORT, QUERIES_AT_ONCE } from './limits.js';
import { Lookup, type NodeToAsk } from './lookup.js';

export interface FindPeersOptions {
  /** 20 bytes. */
  readonly nodeId: Uint8Array;
  readonly known: KnownNodes;
  /** Asked while too few nodes are known, and if no known node answers. */
  readonly bootstrap: readonly BootstrapNode[];
  /** Past the redirected DNS. */
  readonly resolver: NameResolver;
  /** Which addresses are not asked, and why. */
  readonly blockedReason: BlockedReason;
  readonly clock: Clock;
  readonly lab: boolean;
}

export interface Found {
  readonly peers: readonly ForeignPeer[];
  /** How many nodes answered. */
  readonly answers: number;
}

/**
 * Never rejects. Ends within {@link LOOKUP_TIMEOUT_MS} and the time of one query.
 * @param want ends when it has found this many
 */
export async function findPeers(
  socket: KrpcSocket,
  infoHash: InfoHash,
  want: number,
  options: FindPeersOptions,
): Promise<Found> {
  const { known, clock, lab, blockedReason } = options;
  const { family } = socket;
  const target = infoHashToBytes(infoHash);
  const mayAsk = ({ id, address, port }: NodeToAsk): boolean =>
    address.family === family &&
    (id === undefined || port >= MIN_NODE_PORT) &&
    blockedReason(address, port) === undefined;
  const lookup = new Lookup({ target, want, mayAsk, sharedAddresses: lab });
  const near = known.closest(target, CLOSEST_NODES, family);
  lookup.add(near);
  let mayBootstrap = near.length >= CLOSEST_NODES;
  if (!mayBootstrap) lookup.add(await bootstrapNodes(options, family));

  let answers = 0;
  const ask = async (node: NodeToAsk): Promise<void> => {
    const answer = await socket.getPeers(node, options.nodeId, target);
    const isItself = typeof answer === 'object' && (node.id === undefined || Buffer.compare(node.id, answer.id) === 0);
    if (!isItself) {
      // An error is an answer too, and a query that was not sent says nothing about the node.
      if (answer === 'timeout' || typeof answer === 'object') known.failed(node);
      lookup.failed(node);
      return;
    }
    answers++;
    // Bootstrap nodes serve newcomers, so they are not remembered.
    if (node.id !== undefined) known.answered({ ...node, id: answer.id });
    lookup.answered(node, answer);
  };
  const endMs = clock.nowMs() + LOOKUP_TIMEOUT_MS;
  const active = new Set<Promise<void>>();
  for (;;) {
    while (active.size < QUERIES_AT_ONCE && clock.nowMs() < endMs) {
      const node = lookup.next();
      if (node === undefined) break;
      const asked = ask(node).finally(() => active.delete(asked));
      active.add(asked);
    }
    if (active.size > 0) await Promise.race(active);
    else if (answers > 0 || !mayBootstrap || clock.nowMs() >= endMs) return { peers: lookup.peers, answers };
    else {
      // None of the known nodes is there any more.
      mayBootstrap = false;
      lookup.add(await bootstrapNodes(options, family));
    }
  }
}

async function bootstrapNodes({ bootstrap, resolver }: FindPeersOptions, family: 4 | 6): Promise<NodeToAsk[]> {
  const resolve = async ({ host, port }: BootstrapNode): Promise<NodeToAsk[]> => {
    const literal = literalAddress(host);
    const addresses: readonly IpAddress[] = literal ? [literal] : await resolver.addresses(host).catch(() => []);
    const usable = addresses.filter((address) => address.family === family).slice(0, MAX_ADDRESSES_PER_NAME);
    return usable.map((address) => ({ address, port }));
  };
  return (await Promise.all(bootstrap.map(resolve))).flat();
}
