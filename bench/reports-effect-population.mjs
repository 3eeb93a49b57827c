// Who announces and reports in `reports-effect.mjs`: 50,000 nodes in 2,000 sub-domains of 127.64.0.0/13, all addresses of
// this machine, as 100,000 peers in 2,000 torrents; the largest has some thousands of them, most have a few dozen.
export const SUBDOMAINS = 2_000;
export const NODES = 50_000;
export const PEERS = 100_000;
export const TORRENTS = 2_000;

const BASE = 0x7f40_0000;

export const subdomainPrefix = (i) => `${textOf(BASE + i * 256)}/24`;

/** The address of a node. */
export const nodeWord = (node) => BASE + (node % SUBDOMAINS) * 256 + 1 + Math.floor(node / SUBDOMAINS);
export const nodeAddress = (node) => textOf(nodeWord(node));

export const peerNode = (peer) => Math.floor(scatter(peer, 1) * NODES);
export const peerTorrent = (peer) => Math.floor(TORRENTS * scatter(peer, 2) ** 2.5);
export const peerPort = (peer) => 1_024 + (peer % 60_000);

function textOf(word) {
  return [word >>> 24, (word >>> 16) & 255, (word >>> 8) & 255, word & 255].join('.');
}

/** Like chance, and the same every time: 0 … 1. */
function scatter(peer, what) {
  let x = Math.imul(peer + 1, 0x9e3779b1) ^ Math.imul(what, 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return ((x ^ (x >>> 15)) >>> 0) / 2 ** 32;
}
