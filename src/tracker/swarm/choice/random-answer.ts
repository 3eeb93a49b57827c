/** Who is answered at random, and what is noted of an answer for the measurement of traffic. */
import { FOREIGN_PARTITION } from '../../../selection/cost-table.js';
import { HOUSEHOLD_LOCALISED } from '../../../selection/household-groups.js';
import type { StandingKeys } from '../../../selection/standing-key.js';
import type { AnnounceRequest } from '../../announce-request.js';
import { answerMixOf } from '../answer-mix.js';
import { addressWordsOf, FLAG_CACHE, flagsOf, setMix } from '../memory/peer-record.js';
import type { Requester } from './requester.js';

/** An inner client of a household that is not localised. The operator's caches are always localised. */
export function isAnsweredAtRandom(
  request: AnnounceRequest,
  { record }: Requester,
  words: Uint32Array,
  keys: StandingKeys,
): boolean {
  if (request.household === HOUSEHOLD_LOCALISED) return false;
  if (keys.partitionOf(request.group) === FOREIGN_PARTITION) return false;
  return record === 0 || (flagsOf(words, record + addressWordsOf(request.family)) & FLAG_CACHE) === 0;
}

/** Adds peers to what the requester has been given, and stores how much of it is foreign: the next totals are divided by that. */
export function noteAnswer(
  words: Uint32Array,
  requester: Requester,
  family: 4 | 6,
  given: number,
  foreign: number,
): void {
  requester.given += given;
  requester.foreignGiven += foreign;
  if (!requester.announced || requester.record === 0 || requester.given === 0) return;
  const mix = answerMixOf(requester.given, requester.foreignGiven, requester.atRandom);
  setMix(words, requester.record + addressWordsOf(family), mix);
}
