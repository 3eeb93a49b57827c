/**
 * The order of draft section 4.3.3 over any kind of candidates: the requester's own AS by score, the operator's other AS by
 * score, foreign peers by rate and then score. The mix has already decided how many of each.
 */
import type { Candidates } from './candidates.js';
import type { MixPlan } from './mix.js';
import type { PeerSink } from './peer-sink.js';
import { FOREIGN_KEY, KEY_END, PARTITION_SHIFT } from './standing-key.js';

/** The requester's position in the ranking: a mutable record, reused for all answers. */
export class Standpoint {
  group = 0;
  /** The requester's own partition (0 if the candidates are ranked by pair keys). */
  partition = 0;
  /** Partitions that hold inner candidates: those below this number. */
  innerPartitions = 0;
  /** Its own sub-domain goes before the rest of its AS. */
  ownGroupFirst = false;
}

export function choosePeers(candidates: Candidates, standpoint: Standpoint, plan: MixPlan, sink: PeerSink): void {
  const innerTarget = sink.written + plan.inner;
  if (plan.inner > 0) {
    const low = standpoint.partition << PARTITION_SHIFT;
    // No partition is between the last inner one and the foreign one: that border is known.
    const last = standpoint.partition + 1 >= standpoint.innerPartitions;
    const high = last ? FOREIGN_KEY : (standpoint.partition + 1) << PARTITION_SHIFT;
    if (standpoint.ownGroupFirst) {
      candidates.takeGroup(standpoint.group, low, high, plan.inner, sink);
      sink.skipGroup = standpoint.group;
    }
    candidates.take(low, high, innerTarget - sink.written, sink);
    sink.skipGroup = -1;
    if (sink.written < innerTarget && standpoint.innerPartitions > 1) {
      candidates.takeSiblings(standpoint.partition, standpoint.innerPartitions, innerTarget - sink.written, sink);
    }
  }
  if (plan.foreign <= 0) return;
  if (plan.foreignSeeds < 0 || !candidates.offerServing) candidates.take(FOREIGN_KEY, KEY_END, plan.foreign, sink);
  else takeSeedsAndLeechers(candidates, plan, sink);
}

/** As many seeds as the mix has decided, and leechers. If one kind is too few, more of the other. */
function takeSeedsAndLeechers(candidates: Candidates, plan: MixPlan, sink: PeerSink): void {
  const target = sink.written + plan.foreign;
  const leechers = candidates.countLeechers(FOREIGN_KEY, KEY_END);
  const seeds = Math.min(plan.foreign, Math.max(plan.foreignSeeds, plan.foreign - leechers));
  candidates.offerLeechers = false;
  candidates.take(FOREIGN_KEY, KEY_END, seeds, sink);
  candidates.offerLeechers = true;
  candidates.offerServing = false;
  candidates.take(FOREIGN_KEY, KEY_END, target - sink.written, sink);
  candidates.offerServing = true;
}

/**
 * For a requester outside the operator's network. Rates and densities do not describe its traffic, so all foreign candidates
 * are equal, and so are all inner ones that it can reach. Inner ones are chosen first, because fewer may be found than were
 * counted; foreign ones then fill the answer.
 */
export function choosePeersForForeign(candidates: Candidates, plan: MixPlan, sink: PeerSink): void {
  let foreign = plan.foreign;
  if (plan.inner > 0 && !plan.gatewaysOnly) {
    const target = sink.written + plan.inner;
    sink.skipInnerOnly(true);
    candidates.takeUniform(0, FOREIGN_KEY, plan.inner, sink);
    sink.skipInnerOnly(false);
    foreign += target - sink.written;
  }
  if (foreign > 0) candidates.takeUniform(FOREIGN_KEY, KEY_END, foreign, sink);
}
