/** Peers in the compact forms of BEP 23 (6 bytes) and BEP 7 (18 bytes). */
import { formatIp, type IpAddress, ipv4FromWord, ipv6FromWords } from '../domain/ip-address.js';
import { MAX_PEERS_PER_ANSWER } from './limits.js';
import type { ForeignPeer } from './tracker-contact.js';

/** Ignores bytes after the last whole peer, as clients do, and peers with port 0. */
export function decodeCompactPeers(bytes: Uint8Array, family: 4 | 6): ForeignPeer[] {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const size = family === 4 ? 6 : 18;
  const peers: ForeignPeer[] = [];
  for (let at = 0; at + size <= bytes.length && peers.length < MAX_PEERS_PER_ANSWER; at += size) {
    const port = view.getUint16(at + size - 2);
    if (port !== 0) peers.push({ address: readAddress(view, at, family), port, seed: false });
  }
  return peers;
}

function readAddress(view: DataView, at: number, family: 4 | 6): IpAddress {
  if (family === 4) return ipv4FromWord(view.getUint32(at));
  return ipv6FromWords(view.getUint32(at), view.getUint32(at + 4), view.getUint32(at + 8), view.getUint32(at + 12));
}

/** A key of address and port. */
export function peerKey(peer: ForeignPeer): string {
  return `${formatIp(peer.address)} ${peer.port}`;
}
