/**
 * One look-up of an info-hash (BEP 5): asks the closest nodes that it knows, learns closer ones from their answers, and ends
 * when the closest have answered. Pure: its caller sends the queries. Nodes are strangers, so each may add a limited
 * number of peers, and one address is asked once, however many ids it claims.
 */
import { formatIp } from '../../domain/ip-address.js';
import { peerKey } from '../compact-peers.js';
import type { ForeignPeer } from '../tracker-contact.js';
import { compareDistance, type DhtNode, type GetPeersAnswer } from './krpc.js';
import { CLOSEST_NODES, MAX_CANDIDATES, MAX_QUERIES } from './limits.js';

/** A bootstrap node has no id until it answers. */
export type NodeToAsk = Omit<DhtNode, 'id'> & Partial<Pick<DhtNode, 'id'>>;

interface Candidate extends DhtNode {
  state: 'new' | 'asked' | 'answered';
}

export interface LookupOptions {
  /** 20 bytes. */
  readonly target: Uint8Array;
  /** The look-up ends when it has found this many peers. */
  readonly want: number;
  /** Whether a node may be asked. */
  readonly mayAsk: (node: NodeToAsk) => boolean;
  /** True where many nodes share an address: in a lab, all are on one machine. */
  readonly sharedAddresses: boolean;
}

export class Lookup {
  /** By endpoint. */
  readonly #peers = new Map<string, ForeignPeer>();
  /** The closest first. */
  #candidates: Candidate[] = [];
  readonly #bootstrap: NodeToAsk[] = [];
  readonly #seen = new Set<string>();
  readonly #options: LookupOptions;
  #queries = 0;

  constructor(options: LookupOptions) {
    this.#options = options;
  }

  get peers(): ForeignPeer[] {
    return [...this.#peers.values()];
  }

  /** True if it has found enough peers. */
  get hasEnough(): boolean {
    return this.#peers.size >= this.#options.want;
  }

  /** Nodes to start from. Those without an id are asked while nothing closer is known. */
  add(nodes: readonly NodeToAsk[]): void {
    for (const node of nodes) {
      const key = this.#options.sharedAddresses ? peerKey({ ...node, seed: false }) : formatIp(node.address);
      if (this.#seen.has(key) || !this.#options.mayAsk(node)) continue;
      this.#seen.add(key);
      if (node.id === undefined) this.#bootstrap.push(node);
      else this.#insert({ ...node, id: node.id, state: 'new' });
    }
  }

  /** The node to ask next. Undefined: there is none until a further answer, or at all. */
  next(): NodeToAsk | undefined {
    if (this.#queries >= MAX_QUERIES || this.hasEnough) return undefined;
    const candidate = this.#candidates.slice(0, CLOSEST_NODES).find(({ state }) => state === 'new');
    const node = candidate ?? (this.#candidates.length < CLOSEST_NODES ? this.#bootstrap.shift() : undefined);
    if (candidate !== undefined) candidate.state = 'asked';
    if (node !== undefined) this.#queries++;
    return node;
  }

  answered(node: NodeToAsk, answer: GetPeersAnswer): void {
    const candidate = this.#candidates.find(({ id }) => id === node.id);
    if (candidate !== undefined) candidate.state = 'answered';
    for (const peer of answer.peers) {
      if (this.hasEnough) break;
      this.#peers.set(peerKey(peer), peer);
    }
    this.add(answer.nodes);
  }

  /** It did not answer, or with another id than it was known by. */
  failed(node: NodeToAsk): void {
    this.#candidates = this.#candidates.filter(({ id }) => id !== node.id);
  }

  #insert(candidate: Candidate): void {
    const { target } = this.#options;
    const at = this.#candidates.findIndex(({ id }) => compareDistance(target, candidate.id, id) < 0);
    this.#candidates.splice(at < 0 ? this.#candidates.length : at, 0, candidate);
    if (this.#candidates.length > MAX_CANDIDATES) this.#candidates.pop();
  }
}
