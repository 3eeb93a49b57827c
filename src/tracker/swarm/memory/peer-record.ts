/**
 * A peer as words in the arena. IPv4 takes six words, IPv6 nine: the address, then
 *
 *   +0  port (16) | identity, low part (16)
 *   +1  locality group (16) | last seen (16): seconds, wrapping; peers are far younger than 18 hours
 *   +2  flags (8) | capability level (3) | evidence (1) | dual stack (1) | identity, high part (19)
 *   +3  uploaded, in units of 16 KiB, wrapping: the low bits (20) | has neighbours (1) | history (11)
 *   +4  downloaded, in units of 64 KiB, wrapping (22) | uploaded, the high bits (2) | mix of the last answer (8): see answer-mix
 *
 * counted from the end of the address. The identity is a hash of peer id and key (BEP 7, BEP 15). The evidence bit and the
 * history are evidence of an inner peer (see supply-evidence). A leecher has the bit while it starves; its history is a digest
 * of its progress (10) and whether it was given foreign peers (1). A seed has the bit while it has shown that it serves; its
 * history is the generation of that evidence. An imported peer has other values in the last two words: see imported-peer.
 */

export const FLAG_SEED = 1;
export const FLAG_PAUSED = 2;
export const FLAG_COMPLETED = 4;
/** From an original tracker: handed out, not counted. */
export const FLAG_UPSTREAM = 8;
/** Another peer of its host was in the swarm when one of the two joined. */
export const FLAG_SHARED_HOST = 16;
export const FLAG_WITHHELD = 32;
export const FLAG_CACHE = 64;
/** The capability level comes from a report. */
export const FLAG_REPORTED = 128;

/** An address, port and identity to compare records with; see endpoint-key. Words of addresses are signed. */
export interface EndpointWords {
  readonly addressWords: 1 | 4;
  readonly word0: number;
  readonly word1: number;
  readonly word2: number;
  readonly word3: number;
  readonly port: number;
  readonly identityLow: number;
  readonly identityHigh: number;
}

/** Lists of a swarm: peers for all, peers for leechers only, and peers that are not handed out. */
export const LIST_LEECHERS = 0;
export const LIST_SERVING = 1;
export const LIST_NONE = 2;

export const META_WORDS = 5;
/** In snapshots of version 1. */
export const META_WORDS_V1 = 4;

const EVIDENCE = 1 << 20;
const UPLOADED_SHIFT = 12;
const UPLOADED_LOW_BITS = 20;
const UPLOADED_HIGH_SHIFT = 8;
const UPLOADED_HIGH_MASK = 3 << UPLOADED_HIGH_SHIFT;
const DOWNLOADED_SHIFT = 10;
const ANSWER_MIX_MASK = 0xff;
export const UPLOADED_UNIT_BYTES = 2 ** 14;
export const DOWNLOADED_UNIT_BYTES = 2 ** 16;
/** The download total is stored in units of 64 KiB, modulo this value plus one. */
export const DOWNLOADED_MASK = 0x3fffff;
/** In a record from a snapshot that has no total of downloads. */
export const DOWNLOADED_UNKNOWN = DOWNLOADED_MASK;
const NEIGHBOURS = 1 << 11;
export const HISTORY_MASK = NEIGHBOURS - 1;
/** The upload total is stored in units of 16 KiB, modulo this value plus one. */
export const UPLOADED_MASK = 0x3fffff;
/** The same client is in the swarm with an address of the other family, too, which has this bit as well. */
const DUAL_STACK = 1 << 19;
export const IDENTITY_HIGH_MASK = DUAL_STACK - 1;

/** Words of a record. */
export function recordWordsOf(addressWords: 1 | 4): number {
  return addressWords + META_WORDS;
}

export function otherFamilyOf(family: 4 | 6): 4 | 6 {
  return family === 4 ? 6 : 4;
}

/** 0: no peer; such a record is an unused slot of a ranked swarm. */
export function portOf(words: Uint32Array, meta: number): number {
  return words[meta]! >>> 16;
}

/** Words of a record's address. */
export function addressWordsOf(family: 4 | 6): 1 | 4 {
  return family === 4 ? 1 : 4;
}

export function listOfFlags(flags: number): number {
  if ((flags & FLAG_WITHHELD) !== 0) return LIST_NONE;
  return (flags & (FLAG_SEED | FLAG_PAUSED)) !== 0 ? LIST_SERVING : LIST_LEECHERS;
}

/** Whether the record at `record` is this address and port. */
export function isEndpoint(words: Uint32Array, record: number, endpoint: EndpointWords): boolean {
  if (endpoint.addressWords === 1) {
    return (words[record]! | 0) === endpoint.word0 && words[record + 1]! >>> 16 === endpoint.port;
  }
  return words[record + 4]! >>> 16 === endpoint.port && isAddress(words, record, endpoint);
}

export function isAddress(words: Uint32Array, record: number, endpoint: EndpointWords): boolean {
  if ((words[record]! | 0) !== endpoint.word0) return false;
  if (endpoint.addressWords === 1) return true;
  return (
    (words[record + 1]! | 0) === endpoint.word1 &&
    (words[record + 2]! | 0) === endpoint.word2 &&
    (words[record + 3]! | 0) === endpoint.word3
  );
}

/** Whether the record counts against the same per-address limit: the address, or the /64 of an IPv6 one. */
export function isSameHost(words: Uint32Array, record: number, endpoint: EndpointWords): boolean {
  if ((words[record]! | 0) !== endpoint.word0) return false;
  return endpoint.addressWords === 1 || (words[record + 1]! | 0) === endpoint.word1;
}

export function hasIdentity(words: Uint32Array, meta: number, endpoint: EndpointWords): boolean {
  return (
    (words[meta]! & 0xffff) === endpoint.identityLow &&
    (words[meta + 2]! & IDENTITY_HIGH_MASK) === endpoint.identityHigh
  );
}

/** 32 bits of the identity, for indexes. It is already a keyed hash. */
export function identityHashOf(words: Uint32Array, meta: number): number {
  return identityHash(words[meta]! & 0xffff, words[meta + 2]! & IDENTITY_HIGH_MASK);
}

export function identityHash(low: number, high: number): number {
  return (high << 13) | (low >>> 3);
}

/** Replaces the identity by that of an endpoint. */
export function setIdentity(words: Uint32Array, meta: number, endpoint: EndpointWords): void {
  words[meta] = (words[meta]! & 0xffff0000) | endpoint.identityLow;
  words[meta + 2] = (words[meta + 2]! & ~IDENTITY_HIGH_MASK) | endpoint.identityHigh;
}

export function isDualStack(words: Uint32Array, meta: number): boolean {
  return (words[meta + 2]! & DUAL_STACK) !== 0;
}

export function setDualStack(words: Uint32Array, meta: number, isTwin: boolean): void {
  words[meta + 2] = isTwin ? words[meta + 2]! | DUAL_STACK : words[meta + 2]! & ~DUAL_STACK;
}

/**
 * Whether a peer counts in `complete` and `incomplete`: of a client with both families only the IPv4 peer does. Peers of original
 * trackers are counted separately.
 */
export function isCounted(words: Uint32Array, meta: number, family: 4 | 6): boolean {
  return family === 4 || !isDualStack(words, meta);
}

/** False for peers from original trackers and from a snapshot, until they announce. */
export function hasKnownIdentity(words: Uint32Array, meta: number): boolean {
  return ((words[meta]! & 0xffff) | (words[meta + 2]! & IDENTITY_HIGH_MASK)) !== 0;
}

export function flagsOf(words: Uint32Array, meta: number): number {
  return words[meta + 2]! >>> 24;
}

export function setFlags(words: Uint32Array, meta: number, flags: number): void {
  words[meta + 2] = (words[meta + 2]! & 0x00ffffff) | (flags << 24);
}

export function levelOf(words: Uint32Array, meta: number): number {
  return (words[meta + 2]! >>> 21) & 7;
}

export function groupOf(words: Uint32Array, meta: number): number {
  return words[meta + 1]! >>> 16;
}

/** Seconds since the peer was last seen, modulo 65,536. */
export function ageSeconds(words: Uint32Array, meta: number, nowSeconds: number): number {
  return (nowSeconds - words[meta + 1]!) & 0xffff;
}

export function setLastSeen(words: Uint32Array, meta: number, seconds: number): void {
  words[meta + 1] = (words[meta + 1]! & 0xffff0000) | (seconds & 0xffff);
}

export function setGroup(words: Uint32Array, meta: number, group: number): void {
  words[meta + 1] = (words[meta + 1]! & 0xffff) | (group << 16);
}

export function setLevelAndFlags(words: Uint32Array, meta: number, level: number, flags: number): void {
  words[meta + 2] = (words[meta + 2]! & 0x1fffff) | (level << 21) | (flags << 24);
}

/** Whether a peer waits for content: neither a seed nor a paused one. */
export function isLeecher(flags: number): boolean {
  return (flags & (FLAG_SEED | FLAG_PAUSED)) === 0;
}

export function hasEvidence(words: Uint32Array, meta: number): boolean {
  return (words[meta + 2]! & EVIDENCE) !== 0;
}

export function setEvidence(words: Uint32Array, meta: number, marked: boolean): void {
  words[meta + 2] = marked ? words[meta + 2]! | EVIDENCE : words[meta + 2]! & ~EVIDENCE;
}

/** @returns units of 16 KiB, modulo 2^22 */
export function uploadedOf(words: Uint32Array, meta: number): number {
  const high = (words[meta + 4]! & UPLOADED_HIGH_MASK) >>> UPLOADED_HIGH_SHIFT;
  return (words[meta + 3]! >>> UPLOADED_SHIFT) | (high << UPLOADED_LOW_BITS);
}

/** @returns units of 64 KiB, modulo 2^22 */
export function downloadedOf(words: Uint32Array, meta: number): number {
  return words[meta + 4]! >>> DOWNLOADED_SHIFT;
}

export function setDownloaded(words: Uint32Array, meta: number, units: number): void {
  words[meta + 4] = (units << DOWNLOADED_SHIFT) | (words[meta + 4]! & (UPLOADED_HIGH_MASK | ANSWER_MIX_MASK));
}

/** How much of the last answer with peers was foreign: see answer-mix. */
export function mixOf(words: Uint32Array, meta: number): number {
  return words[meta + 4]! & ANSWER_MIX_MASK;
}

export function setMix(words: Uint32Array, meta: number, mix: number): void {
  words[meta + 4] = (words[meta + 4]! & ~ANSWER_MIX_MASK) | mix;
}

export function historyOf(words: Uint32Array, meta: number): number {
  return words[meta + 3]! & HISTORY_MASK;
}

export function setUploaded(words: Uint32Array, meta: number, units: number): void {
  words[meta + 3] = (units << UPLOADED_SHIFT) | (words[meta + 3]! & (NEIGHBOURS | HISTORY_MASK));
  const high = (units >>> UPLOADED_LOW_BITS) << UPLOADED_HIGH_SHIFT;
  words[meta + 4] = (words[meta + 4]! & ~UPLOADED_HIGH_MASK) | (high & UPLOADED_HIGH_MASK);
}

export function setHistory(words: Uint32Array, meta: number, history: number): void {
  words[meta + 3] = (words[meta + 3]! & ~HISTORY_MASK) | history;
}

/** Whether other peers at its address have something for it, or it for them: see neighbours. */
export function hasNeighbours(words: Uint32Array, meta: number): boolean {
  return (words[meta + 3]! & NEIGHBOURS) !== 0;
}

export function setHasNeighbours(words: Uint32Array, meta: number): void {
  words[meta + 3] = words[meta + 3]! | NEIGHBOURS;
}

/**
 * Copies transfer totals and the mix of the last answer of a snapshot's record.
 * @param fromMetaWords of that record: the first version had one word less, and no total of downloads
 */
export function restoreTotals(
  words: Uint32Array,
  meta: number,
  from: Uint32Array,
  fromMeta: number,
  fromMetaWords: number,
): void {
  const uploadedLow = from[fromMeta + 3]! >>> UPLOADED_SHIFT;
  words[meta + 3] = (uploadedLow << UPLOADED_SHIFT) | (words[meta + 3]! & (NEIGHBOURS | HISTORY_MASK));
  words[meta + 4] = fromMetaWords < META_WORDS ? DOWNLOADED_UNKNOWN << DOWNLOADED_SHIFT : from[fromMeta + 4]!;
}

/** Units transferred between two announces; 0 if the counter has restarted, or moved by more than half of its range. */
export function growthOf(before: number, now: number): number {
  const growth = (now - before) & UPLOADED_MASK;
  return growth > UPLOADED_MASK >>> 1 ? 0 : growth;
}
