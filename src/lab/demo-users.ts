/**
 * The demo's users: they join, download at a rate that depends on their peers, seed for a while, and leave. A model
 * without I/O: it returns who announces next, and receives the answer.
 */
import type { Random } from '../domain/random.js';
import { type DemoNetwork, userAddress } from './demo-networks.js';

export interface DemoTorrent {
  readonly name: string;
  readonly infoHash: string;
  readonly bytes: number;
}

export interface DemoUser {
  readonly id: number;
  readonly network: DemoNetwork;
  readonly address: string;
  readonly port: number;
  readonly peerId: string;
  readonly protocol: 'udp' | 'http';
  torrent: DemoTorrent;
  leftBytes: number;
  event: 'none' | 'started' | 'completed' | 'stopped';
  /** The number of announces as a seed after which the user leaves. */
  seedingRounds: number;
  nextAtMs: number;
  /** In the last answer. */
  innerPeers: number;
  foreignPeers: number;
}

/** Between two announces of one user: much faster than real clients, but slow enough for a person to follow. */
const ANNOUNCE_EVERY_MS = 8_000;
const JITTER_MS = 3_000;
/** The part of a torrent that one round downloads from inner peers, and from foreign ones alone. */
const INNER_SHARE_PER_ROUND = 0.35;
const FOREIGN_SHARE_PER_ROUND = 0.15;
const SEEDING_ROUNDS = 6;
const REJOIN_AFTER_MS = 12_000;
const FIRST_PORT = 20_000;

/** Foreign users are there first, as in reality; inner users join one at a time. */
export function createDemoUsers(
  networks: readonly DemoNetwork[],
  torrents: readonly DemoTorrent[],
  count: number,
  nowMs: number,
  random: Random,
): DemoUser[] {
  return Array.from({ length: count }, (_, id): DemoUser => {
    const network = networks[id % networks.length]!;
    const foreign = network.kind === 'foreign';
    const torrent = torrents[Math.floor(id / networks.length) % torrents.length]!;
    return {
      id,
      network,
      address: userAddress(network, id),
      port: FIRST_PORT + id,
      peerId: `-AT0001-demo${String(id).padStart(8, '0')}`,
      protocol: id % 3 === 0 ? 'http' : 'udp',
      torrent,
      leftBytes: foreign ? 0 : torrent.bytes,
      event: 'started',
      seedingRounds: 0,
      nextAtMs: nowMs + (foreign ? random.below(2_000) : 2_000 + id * 1_500),
      innerPeers: 0,
      foreignPeers: 0,
    };
  });
}

/** The user whose announce is most overdue, if any. */
export function nextDue(users: readonly DemoUser[], nowMs: number): DemoUser | undefined {
  let next: DemoUser | undefined;
  for (const user of users) {
    if (user.nextAtMs <= nowMs && (next === undefined || user.nextAtMs < next.nextAtMs)) next = user;
  }
  return next;
}

/** Applies the answer to the user's announce, and decides what the user announces next and when. */
export function afterAnswer(
  user: DemoUser,
  counts: { readonly inner: number; readonly foreign: number },
  torrents: readonly DemoTorrent[],
  nowMs: number,
  random: Random,
): void {
  user.innerPeers = counts.inner;
  user.foreignPeers = counts.foreign;
  user.nextAtMs = nowMs + ANNOUNCE_EVERY_MS - JITTER_MS / 2 + random.below(JITTER_MS);
  if (user.event === 'stopped') {
    rejoin(user, torrents, nowMs, random);
    return;
  }
  user.event = 'none';
  if (user.leftBytes > 0) {
    download(user);
  } else if (user.network.kind !== 'foreign') {
    // Foreign seeds stay: localisation by one operator does not change the rest of the world.
    user.seedingRounds++;
    if (user.seedingRounds >= SEEDING_ROUNDS) user.event = 'stopped';
  }
}

function download(user: DemoUser): void {
  const share = user.innerPeers > 0 ? INNER_SHARE_PER_ROUND : user.foreignPeers > 0 ? FOREIGN_SHARE_PER_ROUND : 0;
  user.leftBytes = Math.max(0, Math.floor(user.leftBytes - user.torrent.bytes * share));
  if (user.leftBytes === 0) user.event = 'completed';
}

function rejoin(user: DemoUser, torrents: readonly DemoTorrent[], nowMs: number, random: Random): void {
  user.torrent = torrents[random.below(torrents.length)]!;
  user.leftBytes = user.torrent.bytes;
  user.event = 'started';
  user.seedingRounds = 0;
  user.innerPeers = 0;
  user.foreignPeers = 0;
  user.nextAtMs = nowMs + REJOIN_AFTER_MS + random.below(REJOIN_AFTER_MS);
}
