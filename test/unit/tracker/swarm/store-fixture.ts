/** What the tests of the swarm store share: a small cost table, requests, and reading an answer. */
import { createRandom } from '../../../../src/domain/random.js';
import { reportedCapability } from '../../../../src/selection/address-levels.js';
import type { CostTable, MixRules } from '../../../../src/selection/cost-table.js';
import { AnnounceRequest, EVENT_NONE } from '../../../../src/tracker/announce-request.js';
import { AnnounceOutcome } from '../../../../src/tracker/swarm/announce-outcome.js';
import type { Requester } from '../../../../src/tracker/swarm/choice/requester.js';
import { SwarmStore } from '../../../../src/tracker/swarm/swarm-store.js';
import type { SwarmStoreOptions } from '../../../../src/tracker/swarm/swarm-store-options.js';

export const PLAIN_MIX: MixRules = {
  enoughInnerPeers: 12,
  foreignPeersMin: 0,
  foreignPeersMax: 20,
  foreignPeersWhenNoInnerSeed: 0,
  gatewaysMax: 0,
  grain: 'as',
};

export interface GroupSpec {
  /** 0 … 14, or 15 for foreign. */
  partition: number;
  rateRank?: number;
  densityLevel?: number;
}

/** Capability before density, as the real table has it: level 7 with an empty sub-domain is the best. */
export function capabilityFirst(): Uint8Array {
  const scoreOf = new Uint8Array(8 * 16);
  for (let level = 0; level < 8; level++) {
    for (let density = 0; density < 16; density++) scoreOf[level * 16 + density] = (7 - level) * 8 + (density >> 1);
  }
  return scoreOf;
}

export function costTable(
  groups: readonly GroupSpec[],
  options: {
    mix?: Partial<MixRules>;
    version?: number;
    overrides?: ReadonlyMap<number, number>;
    reported?: ReadonlyMap<string, number>;
  } = {},
): CostTable {
  return {
    version: options.version ?? 1,
    groupCount: groups.length,
    partition: Uint8Array.from(groups, (group) => group.partition),
    rateRank: Uint8Array.from(groups, (group) => group.rateRank ?? 0),
    densityLevel: Uint8Array.from(groups, (group) => group.densityLevel ?? 8),
    scoreOf: capabilityFirst(),
    mix: { ...PLAIN_MIX, ...options.mix },
    reportedCapability: reportedCapability(
      options.reported ?? new Map(),
      options.reported === undefined ? 0 : (options.version ?? 1),
    ),
    overrides: options.overrides ?? new Map(),
  };
}

/** Group 0 is the unknown one; 1 and 2 are sub-domains of the home AS, 3 a sibling, 4 and 5 foreign by rising rate. */
export const HOME_A = 1;
export const HOME_B = 2;
export const SIBLING = 3;
export const CHEAP = 4;
export const DEAR = 5;
export const FIXTURE_GROUPS: readonly GroupSpec[] = [
  { partition: 15, rateRank: 9 },
  { partition: 0, densityLevel: 2 },
  { partition: 0, densityLevel: 10 },
  { partition: 1 },
  { partition: 15, rateRank: 1 },
  { partition: 15, rateRank: 5 },
];

export function createStore(options: Partial<SwarmStoreOptions> = {}): SwarmStore {
  return new SwarmStore({
    random: createRandom(1),
    policy: costTable(FIXTURE_GROUPS),
    arenaBytes: 64 * 1024 * 1024,
    ...options,
  });
}

export interface Announce {
  torrent?: number;
  family?: 4 | 6;
  /** The host part of the address. */
  host: number;
  port?: number;
  group?: number;
  seed?: boolean;
  event?: number;
  numWant?: number;
  peerId?: number;
  key?: number;
  now?: number;
  withheld?: boolean;
  uploaded?: number;
  downloaded?: number;
}

const bytes = new Uint8Array(40);

export function infoHash(torrent: number): Uint8Array {
  return Uint8Array.from({ length: 20 }, (_, i) => (torrent * 31 + i * 7) & 255);
}

export function requestOf(spec: Announce): AnnounceRequest {
  const request = new AnnounceRequest();
  request.bytes = bytes;
  bytes.set(infoHash(spec.torrent ?? 1), 0);
  new DataView(bytes.buffer).setUint32(20, spec.peerId ?? spec.host * 65_536 + (spec.port ?? 6881));
  request.peerIdOffset = 20;
  request.family = spec.family ?? 4;
  request.word0 = request.family === 4 ? (0xcb000000 + spec.host) >>> 0 : 0x20010db8;
  request.word1 = request.family === 4 ? 0 : spec.host;
  request.word3 = request.family === 4 ? 0 : 1;
  request.port = spec.port ?? 6881;
  request.group = spec.group ?? HOME_A;
  request.seed = spec.seed ?? false;
  request.event = spec.event ?? EVENT_NONE;
  request.numWant = spec.numWant ?? 50;
  request.key = spec.key ?? 0;
  request.nowSeconds = spec.now ?? 1000;
  request.withheld = spec.withheld ?? false;
  request.uploadedLow = spec.uploaded ?? 0;
  request.downloadedLow = spec.downloaded ?? 0;
  return request;
}

const answer = new Uint8Array(200 * 18);

export interface Answer {
  outcome: AnnounceOutcome;
  requester: Requester;
  /** `host:port` in the order of the answer. */
  peers: string[];
}

/** Announces and reads the peers that came with it. */
export function announce(store: SwarmStore, spec: Announce): Answer {
  const request = requestOf(spec);
  const outcome = new AnnounceOutcome();
  const requester = store.announce(request, outcome);
  return { outcome, requester, peers: select(store, request, requester) };
}

/** @param requester absent: one that does not announce */
export function select(store: SwarmStore, request: AnnounceRequest, requester = store.locate(request)): string[] {
  const count = store.select(request, requester, answer, 0, 200);
  return readPeers(answer, count, request.family);
}

export function readPeers(out: Uint8Array, count: number, family: 4 | 6): string[] {
  const view = new DataView(out.buffer, out.byteOffset);
  const size = family === 4 ? 6 : 18;
  return Array.from({ length: count }, (_, i) => {
    const host = family === 4 ? view.getUint32(i * size) - 0xcb000000 : view.getUint32(i * size + 4);
    return `${host}:${view.getUint16(i * size + size - 2)}`;
  });
}

/** The hosts alone. */
export function hosts(peers: readonly string[]): number[] {
  return peers.map((peer) => Number(peer.split(':')[0]));
}

/** Removes a torrent as one that is no longer served. @param torrent as of {@link infoHash} */
export function dropSwarm(store: SwarmStore, torrent: number, nowSeconds: number): void {
  const refused = infoHash(torrent);
  store.sweeps.refusal.refuseTorrents((hash) => refused.every((byte, i) => hash[i] === byte));
  while (!store.sweeps.refusal.isRoundEnded) store.sweeps.continueRound(store.sweeps.refusal, 0.5, nowSeconds);
}

/** Thresholds that put a swarm of a dozen to a hundred peers into each kind, for `describe.each`. */
export const SWARM_KINDS = [
  ['small', { smallMax: 128, rankedMax: 2000 }],
  ['ranked', { smallMax: 2, rankedMax: 2000 }],
  ['bucketed', { smallMax: 2, rankedMax: 4 }],
] as const;
