/** The call by which original trackers push peers (draft 4.2): those of one torrent, or of many. */
import { z } from 'zod';
import { checkValue } from '../../control-api/check-request.js';
import { Problem } from '../../control-api/problem.js';
import { type Answer, type Route, route, switchedOn } from '../../control-api/route.js';
import { ClientError } from '../../domain/errors.js';
import { type InfoHash, parseInfoHash } from '../../domain/info-hash.js';
import { type IpAddress, parseIp } from '../../domain/ip-address.js';
import { MAX_PUSHED_PEERS_TOGETHER } from '../limits.js';
import type { ForeignPeer } from '../tracker-contact.js';
import { nameOf } from './partner-name.js';
import {
  batchAnswer,
  eitherPush,
  type PushedBatch,
  type PushedTorrent,
  pushAnswer,
  pushedTorrent,
} from './push-schemas.js';

export interface PeerPush {
  readonly infoHash: InfoHash;
  readonly peers: readonly ForeignPeer[];
  /** Of the peers; 0 if there are none. */
  readonly ttlSeconds: number;
  /** Removed before the peers are imported. */
  readonly removed?: 'all' | readonly PeerEndpoint[] | undefined;
}

export interface PeerEndpoint {
  readonly address: IpAddress;
  readonly port: number;
}

export interface PushOutcome {
  /** Peers that are in the swarm now. */
  readonly accepted: number;
  readonly removed: number;
  /** The others, by reason; empty where all were taken. */
  readonly refused: readonly { readonly reason: string; readonly peers: number }[];
}

export interface PeerReceiver {
  /**
   * Counts the peers of a push against the rate of its sender.
   * @param from the name of the original tracker; undefined: the operator
   * @throws ClientError `too-many-requests`, or `forbidden` if the configuration does not list the sender
   */
  admit(peers: number, from: string | undefined): void;
  /**
   * Removes and imports the peers of a torrent.
   * @throws ClientError if nothing was done: the tracker does not serve the torrent, or does not run, or the torrent belongs to
   *   other original trackers
   */
  pushPeers(push: PeerPush, from: string | undefined): Promise<PushOutcome>;
}

type TorrentResult = PushOutcome & { readonly infoHash?: string; readonly problem?: Problem };

export function pushRoutes(receiver: PeerReceiver | undefined): Route[] {
  return [
    route({
      method: 'post',
      path: '/api/v1/upstream/peers',
      summary: 'Peers that an original tracker knows (draft 4.2: its proactive report)',
      access: 'upstream',
      body: eitherPush,
      answers: [
        {
          status: 202,
          description:
            '`accepted` counts the peers that are in the swarm now, `refused` the others by reason. A batch has one result for each torrent, and a torrent that is refused does not affect the others.',
          schema: z.union([pushAnswer, batchAnswer]),
        },
        { status: 403, description: 'The original tracker has no entry in `upstream.originalTrackers`.' },
        { status: 422, description: 'The only torrent is refused: nothing is imported, no swarm is created.' },
      ],
      handle: ({ body, principal }) => {
        const ready = switchedOn(receiver, 'the tracker');
        const from = nameOf(principal);
        return 'torrents' in body ? pushBatch(ready, body, from) : pushOne(ready, body, from);
      },
    }),
  ];
}

async function pushOne(receiver: PeerReceiver, torrent: PushedTorrent, from: string | undefined): Promise<Answer> {
  const push = pushOf(torrent, undefined, '');
  receiver.admit(costOf(push), from);
  const { accepted, removed, refused } = await receiver.pushPeers(push, from);
  return { status: 202, json: { accepted, ...(push.removed === undefined ? {} : { removed }), refused } };
}

async function pushBatch(receiver: PeerReceiver, batch: PushedBatch, from: string | undefined): Promise<Answer> {
  const { torrents, ttlSeconds } = batch;
  const pushes = torrents.map((torrent, i) => checked(torrent, ttlSeconds, `torrents[${i}]`));
  const cost = pushes.reduce((sum, push) => sum + (push instanceof Problem ? 1 : costOf(push)), 0);
  if (cost > MAX_PUSHED_PEERS_TOGETHER + pushes.length) {
    const limit = `a push names at most ${MAX_PUSHED_PEERS_TOGETHER} peers; send the torrents in several`;
    throw new Problem('too-large', limit);
  }
  receiver.admit(cost, from);
  const results: TorrentResult[] = [];
  for (const [i, push] of pushes.entries()) {
    results.push({ ...named(torrents[i]), ...(await resultOf(receiver, push, from)) });
  }
  const sum = (of: 'accepted' | 'removed') => results.reduce((total, result) => total + result[of], 0);
  return { status: 202, json: { accepted: sum('accepted'), removed: sum('removed'), torrents: results } };
}

async function resultOf(
  receiver: PeerReceiver,
  push: PeerPush | Problem,
  from: string | undefined,
): Promise<TorrentResult> {
  const nothing = { accepted: 0, removed: 0, refused: [] };
  if (push instanceof Problem) return { ...nothing, problem: push };
  try {
    return await receiver.pushPeers(push, from);
  } catch (thrown) {
    if (!(thrown instanceof ClientError)) throw thrown;
    return { ...nothing, problem: new Problem(thrown.code, thrown.message) };
  }
}

/** Does not throw, so that the others of the batch are taken. */
function checked(torrent: unknown, batchTtlSeconds: number | undefined, at: string): PeerPush | Problem {
  try {
    return pushOf(checkValue(pushedTorrent, torrent, at) as PushedTorrent, batchTtlSeconds, at);
  } catch (thrown) {
    if (thrown instanceof Problem) return thrown;
    throw thrown;
  }
}

/** @param at where it is in the body, for errors. @throws Problem `bad-request` */
function pushOf(torrent: PushedTorrent, batchTtlSeconds: number | undefined, at: string): PeerPush {
  const { peers, removed } = torrent;
  const ttlSeconds = torrent.ttlSeconds ?? batchTtlSeconds;
  if (ttlSeconds === undefined && peers.length > 0) {
    const field = at === '' ? 'ttlSeconds' : `${at}.ttlSeconds`;
    const detail = 'say how long the peers are handed out, in seconds';
    throw new Problem('bad-request', `${field}: ${detail}`, { faults: [{ field, detail }] });
  }
  return {
    infoHash: parseInfoHash(torrent.infoHash),
    peers: peers.map(({ address, port, seed }) => ({ address: parseIp(address), port, seed })),
    ttlSeconds: ttlSeconds ?? 0,
    ...(removed === undefined ? {} : { removed: removed === 'all' ? removed : removed.map(endpointOf) }),
  };
}

function endpointOf({ address, port }: { address: string; port: number }): PeerEndpoint {
  return { address: parseIp(address), port };
}

/** A torrent costs at least 1. */
function costOf({ peers, removed }: PeerPush): number {
  return 1 + peers.length + (Array.isArray(removed) ? removed.length : 0);
}

/** The info-hash for the answer, if the torrent has one. */
function named(torrent: unknown): { infoHash?: string } {
  const { infoHash } = (torrent ?? {}) as { infoHash?: unknown };
  return typeof infoHash === 'string' && /^[0-9a-f]{40}$/i.test(infoHash) ? { infoHash: infoHash.toLowerCase() } : {};
}
