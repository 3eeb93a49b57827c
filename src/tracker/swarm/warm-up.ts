/**
 * Runs the code of every swarm layout before the first client does. Code that has not been compiled yet is about thirty times
 * slower, and the first swarm that became large would delay all answers for too long.
 */
import type { Random } from '../../domain/random.js';
import type { CostTable } from '../../selection/cost-table.js';
import { AnnounceRequest, EVENT_NONE, EVENT_STOPPED } from '../announce-request.js';
import { AnnounceOutcome } from './announce-outcome.js';
import { SwarmStore } from './swarm-store.js';

const ARENA_BYTES = 16 * 1024 * 1024;
/** Enough for the swarms below to pass through all layouts. */
const SWARMS = 4;
const RANKED_MAX = 1000;
const PEERS_A_SWARM = 2500;
/** One peer in this many is of any group, the others of a few, so that there are buckets of one peer and of many. */
const ANY_GROUP = 4;
const FEW_GROUPS = 50;
const ANSWER_PEERS = 50;

/** Takes a fraction of a second. Uses a store of its own. */
export function warmUpSwarms(random: Random, policy: CostTable): void {
  const store = new SwarmStore({
    random,
    policy,
    arenaBytes: ARENA_BYTES,
    minIntervalSeconds: 0,
    rankedMax: RANKED_MAX,
  });
  const request = new AnnounceRequest();
  const outcome = new AnnounceOutcome();
  const out = new Uint8Array(ANSWER_PEERS * 18);
  request.bytes = new Uint8Array(40);
  request.peerIdOffset = 20;
  request.numWant = ANSWER_PEERS;
  const visit = (peer: number, event: number): void => {
    request.bytes[0] = Math.floor(peer / PEERS_A_SWARM);
    request.bytes[20] = peer;
    request.bytes[21] = peer >>> 8;
    // Two peers a host.
    request.word0 = Math.imul((peer >>> 1) + 1, 0x9e3779b1) >>> 0;
    request.port = 1 + peer;
    request.group = (peer % ANY_GROUP === 0 ? peer : peer % FEW_GROUPS) % policy.groupCount;
    request.seed = peer % 3 === 0;
    request.event = event;
    request.nowSeconds = 1;
    const requester = store.announce(request, outcome);
    store.select(request, requester, out, 0, ANSWER_PEERS);
  };
  for (const event of [EVENT_NONE, EVENT_NONE, EVENT_STOPPED]) {
    for (let peer = 0; peer < SWARMS * PEERS_A_SWARM; peer++) visit(peer, event);
    store.setPolicy(policy);
  }
}
