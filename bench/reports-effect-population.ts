/**
 * Who announces and reports in `reports-effect.ts`: 50,000 nodes in 2,000 sub-domains of 127.64.0.0/13, all addresses of this
 * machine, as 100,000 peers in 2,000 torrents; the largest has some thousands of them, most have a few dozen.
 */
export const SUBDOMAINS = 2_000;
export const NODES = 50_000;
export const PEERS = 100_000;
export const TORRENTS = 2_000;

const BASE = 0x7f40_0000;

export const subdomainPrefix = (i: number): string => `${textOf(BASE + i * 256)}/24`;

/** The address of a node. */
export const nodeWord = (node: number): number => BASE + (node % SUBDOMAINS) * 256 + 1 + Math.floor(node / SUBDOMAINS);
export const nodeAddress = (node: number): string => textOf(nodeWord(node));

export const peerNode = (peer: number): number => Math.floor(scatter(peer, 1) * NODES);
export const peerTorrent = (peer: number): number => Math.floor(TORRENTS * scatter(peer, 2) ** 2.5);
export const peerPort = (peer: number): number => 1_024 + (peer % 60_000);

function textOf(word: number): string {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

/** A pseudo-random number from 0 to 1, the same at every call. */
function scatter(peer: number, what: number): number {
  let x = Math.imul(peer + 1, 0x9e3779b1) ^ Math.imul(what, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}
