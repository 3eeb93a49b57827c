/**
 * Which peers may be handed out: one set of rules for peers that announce, peers that original trackers name, and peers from a
 * snapshot. A client that announces from an excluded address is still counted. Excluded peers that others name are not stored: an
 * address of the operator's network would count as an inner peer, perhaps as a seed, because a stranger says so (draft section 4.2
 * asks original trackers for foreign peers only).
 */

import type { NetworkSet } from '../domain/network-set.js';
import { isBogon4, isBogon6 } from './bogons.js';

export interface PeerRules {
  /** Loopback and private addresses are accepted. */
  readonly lab: boolean;
  /** Peers on lower ports are not handed out. */
  readonly portFloor: number;
  /** Addresses that are not handed out. */
  readonly denied: NetworkSet;
}

/** Why a peer that an original tracker names is refused. */
export type ImportRefusal =
  | 'own-network'
  | 'own-address'
  | 'reserved-address'
  | 'denied-address'
  | 'low-port'
  | 'repeated'
  | 'address-limit'
  | 'swarm-limit'
  | 'no-room';

/** @param isInner whether the operator's topology has the address. @returns undefined: none of these rules refuses it */
export function importRefusal(
  rules: PeerRules,
  family: 4 | 6,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  port: number,
  isInner: boolean,
): ImportRefusal | undefined {
  if (isInner) return 'own-network';
  if (isReserved(rules, family, word0, word1, word2, word3)) return 'reserved-address';
  if (rules.denied.has(family, word0, word1, word2, word3)) return 'denied-address';
  return port < rules.portFloor ? 'low-port' : undefined;
}

/** Whether a peer that announces, or announced before a restart, is counted but not handed out. */
export function isWithheld(
  rules: PeerRules,
  family: 4 | 6,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
  port: number,
  isInner: boolean,
): boolean {
  if (port < rules.portFloor) return true;
  if (!rules.denied.isEmpty && rules.denied.has(family, word0, word1, word2, word3)) return true;
  // An operator with private or shared (RFC 6598) addresses in its access networks has named them as its own.
  return isReserved(rules, family, word0, word1, word2, word3) && !isInner;
}

function isReserved(
  { lab }: PeerRules,
  family: 4 | 6,
  word0: number,
  word1: number,
  word2: number,
  word3: number,
): boolean {
  return family === 4 ? isBogon4(word0, lab) : isBogon6(word0, word1, word2, word3, lab);
}
