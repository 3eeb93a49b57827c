/** An announce of one of the lab's peers, and its answer, for every protocol. */

import { formatIpv4 } from '../domain/ip-address.js';
import type { Endpoint } from '../net/endpoint.js';

export interface LabAnnounce {
  readonly tracker: Endpoint;
  /** The address from which this peer announces. */
  readonly localAddress: string;
  readonly port: number;
  /** 40 hex digits. */
  readonly infoHash: string;
  /** 20 characters. */
  readonly peerId: string;
  readonly leftBytes: number;
  readonly uploadedBytes?: number;
  readonly downloadedBytes?: number;
  readonly event: 'none' | 'started' | 'completed' | 'stopped';
  readonly numWant?: number;
}

export interface LabAnnounceAnswer {
  readonly intervalSeconds: number;
  readonly seeders: number;
  readonly leechers: number;
  readonly peers: readonly Endpoint[];
}

const COMPACT_PEER_BYTES = 6;

/** BEP 23; an incomplete peer at the end is dropped. */
export function readCompactPeers(bytes: Uint8Array): Endpoint[] {
  const view = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const peers: Endpoint[] = [];
  for (let at = 0; at + COMPACT_PEER_BYTES <= view.length; at += COMPACT_PEER_BYTES) {
    peers.push({ host: formatIpv4(view.readUInt32BE(at)), port: view.readUInt16BE(at + 4) });
  }
  return peers;
}
