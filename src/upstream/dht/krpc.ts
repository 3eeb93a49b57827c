/**
 * The messages of the DHT that a look-up needs: the query `get_peers` and its answer (BEP 5, IPv6: BEP 32). Pure. Queries say
 * that this node is read-only (BEP 43), so that others do not add it to their routing tables.
 */
import { randomBytes } from 'node:crypto';
import type { IpAddress } from '../../domain/ip-address.js';
import {
  dictionaryEntries,
  isDictionary,
  isList,
  listItems,
  type Span,
  stringAt,
} from '../../wire/metainfo-bencode.js';
import { decodeCompactPeers } from '../compact-peers.js';
import type { ForeignPeer } from '../tracker-contact.js';
import { MAX_NODES_PER_ANSWER, MAX_PEERS_PER_NODE } from './limits.js';

export const NODE_ID_BYTES = 20;
/** Two would do for the number of queries; four random ones cannot be guessed by somebody who does not see the query. */
export const TRANSACTION_BYTES = 4;

export interface DhtNode {
  readonly id: Uint8Array;
  readonly address: IpAddress;
  /** 1 – 65535 */
  readonly port: number;
}

export interface GetPeersAnswer {
  readonly type: 'answer';
  readonly transaction: string;
  readonly id: Uint8Array;
  /** Closer to the info-hash than the node that names them, if it is honest. */
  readonly nodes: readonly DhtNode[];
  readonly peers: readonly ForeignPeer[];
}

export interface KrpcError {
  readonly type: 'error';
  readonly transaction: string;
}

/** @param transaction {@link TRANSACTION_BYTES} @param nodeId our id @param infoHash 20 bytes */
export function encodeGetPeers(transaction: Uint8Array, nodeId: Uint8Array, infoHash: Uint8Array): Uint8Array {
  return Buffer.concat([
    Buffer.from(`d1:ad2:id${NODE_ID_BYTES}:`),
    nodeId,
    Buffer.from('9:info_hash20:'),
    infoHash,
    Buffer.from(`e1:q9:get_peers2:roi1e1:t${TRANSACTION_BYTES}:`),
    transaction,
    Buffer.from('1:y1:qe'),
  ]);
}

/**
 * @param family of the packet: IPv4 answers have `nodes`, IPv6 ones `nodes6`
 * @returns undefined for a query, and for what is not a whole answer
 * @throws ClientError `invalid-bencode`
 */
export function decodeKrpc(bytes: Uint8Array, family: 4 | 6): GetPeersAnswer | KrpcError | undefined {
  const fields = byKey(bytes, 0);
  const transaction = string(bytes, fields.get('t'))?.toString('hex');
  const type = string(bytes, fields.get('y'))?.toString('latin1');
  if (transaction === undefined) return undefined;
  if (type === 'e') return { type: 'error', transaction };
  const values = fields.get('r');
  if (type !== 'r' || values === undefined || !isDictionary(bytes, values)) return undefined;
  const reply = byKey(bytes, values.start);
  const id = string(bytes, reply.get('id'));
  if (id?.length !== NODE_ID_BYTES) return undefined;
  return {
    type: 'answer',
    transaction,
    // A copy: the packet's memory is not kept for the sake of a node.
    id: Uint8Array.from(id),
    nodes: decodeNodes(string(bytes, reply.get(family === 4 ? 'nodes' : 'nodes6')), family),
    peers: decodePeers(bytes, reply.get('values')),
  };
}

export function randomNodeId(): Uint8Array {
  return randomBytes(NODE_ID_BYTES);
}

/** Which of two ids is closer to the target by XOR: negative if `a`, positive if `b`, 0 if they are equal. */
export function compareDistance(target: Uint8Array, a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < NODE_ID_BYTES; i++) {
    const difference = (a[i]! ^ target[i]!) - (b[i]! ^ target[i]!);
    if (difference !== 0) return difference;
  }
  return 0;
}

function decodeNodes(bytes: Uint8Array | undefined, family: 4 | 6): DhtNode[] {
  const nodes: DhtNode[] = [];
  if (bytes === undefined) return nodes;
  const size = NODE_ID_BYTES + (family === 4 ? 6 : 18);
  for (let at = 0; at + size <= bytes.length && nodes.length < MAX_NODES_PER_ANSWER; at += size) {
    const id = Uint8Array.from(bytes.subarray(at, at + NODE_ID_BYTES));
    // Empty for port 0.
    const [endpoint] = decodeCompactPeers(bytes.subarray(at + NODE_ID_BYTES, at + size), family);
    if (endpoint !== undefined) nodes.push({ id, address: endpoint.address, port: endpoint.port });
  }
  return nodes;
}

/** Each peer is a string of its own: 6 bytes or 18. */
function decodePeers(bytes: Uint8Array, values: Span | undefined): ForeignPeer[] {
  if (values === undefined || !isList(bytes, values)) return [];
  const peers: ForeignPeer[] = [];
  for (const item of listItems(bytes, values.start)) {
    if (peers.length >= MAX_PEERS_PER_NODE) break;
    const compact = stringAt(bytes, item);
    if (compact?.length === 6) peers.push(...decodeCompactPeers(compact, 4));
    else if (compact?.length === 18) peers.push(...decodeCompactPeers(compact, 6));
  }
  return peers;
}

function byKey(bytes: Uint8Array, start: number): Map<string, Span> {
  return new Map(dictionaryEntries(bytes, start).entries.map(({ key, value }) => [key, value]));
}

function string(bytes: Uint8Array, value: Span | undefined): Buffer | undefined {
  return value === undefined ? undefined : stringAt(bytes, value);
}
