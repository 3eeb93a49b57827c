/**
 * Nodes that answered lately, from which look-ups start, so that the bootstrap nodes are seldom asked. Look-ups of many
 * torrents leave nodes from everywhere in the id space. Nobody is asked just to stay in this list.
 */
import { forgetOldest } from '../../domain/forget-oldest.js';
import { peerKey } from '../compact-peers.js';
import { compareDistance, type DhtNode } from './krpc.js';
import { MAX_KNOWN_NODES } from './limits.js';

export class KnownNodes {
  /** By endpoint; the one whose last answer is the oldest comes first. */
  readonly #nodes = new Map<string, DhtNode>();

  get size(): number {
    return this.#nodes.size;
  }

  answered(node: DhtNode): void {
    const key = keyOf(node);
    this.#nodes.delete(key);
    this.#nodes.set(key, node);
    forgetOldest(this.#nodes, MAX_KNOWN_NODES);
  }

  failed(node: Pick<DhtNode, 'address' | 'port'>): void {
    this.#nodes.delete(keyOf(node));
  }

  /** The closest first. */
  closest(target: Uint8Array, count: number, family: 4 | 6): DhtNode[] {
    return [...this.#nodes.values()]
      .filter(({ address }) => address.family === family)
      .sort((a, b) => compareDistance(target, a.id, b.id))
      .slice(0, count);
  }
}

function keyOf({ address, port }: Pick<DhtNode, 'address' | 'port'>): string {
  return peerKey({ address, port, seed: false });
}
