/**
 * Bencoded answers to an HTTP announce (BEP 3, 7, 23, 24, 31), written into the transport's buffer. Keys are sorted:
 * complete, external ip, incomplete, interval, min interval, peers, peers6; or failure reason, interval, retry in.
 * The caller passes the chosen peers as compact bytes; the dictionary form is made from them.
 */
import { readUint16 } from './byte-order.js';
import {
  asciiBytes,
  copyBytes,
  decimalDigits,
  FixedText,
  viewOf,
  writeBytes,
  writeDecimal,
  writeFixed,
  writeIpv4Text,
  writeIpv6Text,
} from './write-bytes.js';

const COMPLETE = new FixedText('d8:completei');
const EXTERNAL_IP_4 = new FixedText('e11:external ip4:');
const EXTERNAL_IP_6 = new FixedText('e11:external ip16:');
const INCOMPLETE = new FixedText('10:incompletei');
const INTERVAL = new FixedText('e8:intervali');
const MIN_INTERVAL = new FixedText('e12:min intervali');
const PEERS = new FixedText('e5:peers');
const NO_PEERS_BUT_6 = new FixedText('e5:peers0:6:peers6');
const PEERS6 = new FixedText('6:peers6');
const PEER_IP = asciiBytes('d2:ip');
const PEER_ID = asciiBytes('7:peer id20:');
const PEER_PORT = asciiBytes('4:porti');
const FAILURE = asciiBytes('d14:failure reason');
const FAILURE_INTERVAL = asciiBytes('8:intervali');
const RETRY_IN = asciiBytes('e8:retry ini');
const NO_PEERS = new Uint8Array(0);
const END = 0x65;
const LIST = 0x6c;
const COLON = 0x3a;
const LONGEST_ADDRESS_TEXT = 39;

/** The numbers of an answer; one record is reused for every answer. */
export class AnnounceAnswer {
  complete = 0;
  incomplete = 0;
  intervalSeconds = 0;
  minIntervalSeconds = 0;
  /** The client as the tracker sees it (BEP 24), and the family of the peers. */
  family: 4 | 6 = 4;
  word0 = 0;
  word1 = 0;
  word2 = 0;
  word3 = 0;
}

/** Finds the peer id of a peer for the dictionary form, if it is stored. */
export interface PeerIdSource {
  /**
   * Writes the 20-byte id of the peer whose compact form is at `peerOffset`.
   * @returns false if the id is unknown; the dictionary then omits it, as it does for no_peer_id
   */
  copyPeerId(peers: Uint8Array, peerOffset: number, peerBytes: 6 | 18, out: Uint8Array, at: number): boolean;
}

function writeUpToPeers(out: Uint8Array, start: number, answer: AnnounceAnswer): number {
  const view = viewOf(out);
  let at = writeDecimal(out, writeFixed(view, start, COMPLETE), answer.complete);
  at = writeFixed(view, at, answer.family === 4 ? EXTERNAL_IP_4 : EXTERNAL_IP_6);
  view.setInt32(at, answer.word0 | 0);
  at += 4;
  if (answer.family === 6) {
    view.setInt32(at, answer.word1 | 0);
    view.setInt32(at + 4, answer.word2 | 0);
    view.setInt32(at + 8, answer.word3 | 0);
    at += 12;
  }
  at = writeDecimal(out, writeFixed(view, at, INCOMPLETE), answer.incomplete);
  at = writeDecimal(out, writeFixed(view, at, INTERVAL), answer.intervalSeconds);
  return writeDecimal(out, writeFixed(view, at, MIN_INTERVAL), answer.minIntervalSeconds);
}

/** Digits that {@link startCompactAnnounce} reserves for the length of the compact peers. */
const USUAL_DIGITS = 3;

/**
 * Writes the compact form (BEP 23; BEP 7 for IPv6, where `peers` is present and empty) up to the peers. The caller
 * writes the peers and then calls {@link finishCompactAnnounce}.
 * @returns where to write the peers
 */
export function startCompactAnnounce(out: Uint8Array, start: number, answer: AnnounceAnswer): number {
  const at = writeUpToPeers(out, start, answer);
  return writeFixed(viewOf(out), at, answer.family === 4 ? PEERS : NO_PEERS_BUT_6) + USUAL_DIGITS + 1;
}

/**
 * @param peersStart as {@link startCompactAnnounce} returned it
 * @returns the offset after the answer
 */
export function finishCompactAnnounce(out: Uint8Array, peersStart: number, peersLength: number): number {
  const lengthAt = peersStart - USUAL_DIGITS - 1;
  const target = lengthAt + decimalDigits(peersLength) + 1;
  if (target !== peersStart) out.copyWithin(target, peersStart, peersStart + peersLength);
  writeDecimal(out, lengthAt, peersLength);
  out[target - 1] = COLON;
  out[target + peersLength] = END;
  return target + peersLength + 1;
}

/**
 * Like {@link finishCompactAnnounce}, with peers of the other family added (BEP 7). `peers` precedes `peers6`,
 * whichever is the client's own family.
 * @param bodyStart as passed to {@link startCompactAnnounce}
 * @param other compact peers of the other family, from offset 0
 */
export function finishMixedAnnounce(
  out: Uint8Array,
  bodyStart: number,
  answer: AnnounceAnswer,
  peersStart: number,
  peersLength: number,
  other: Uint8Array,
  otherLength: number,
): number {
  if (answer.family === 4) {
    const end = finishCompactAnnounce(out, peersStart, peersLength) - 1;
    return writePeers(out, writeFixed(viewOf(out), end, PEERS6), other, 0, otherLength, END);
  }
  const view = viewOf(out);
  // Move the client's own peers to make room for the ones that precede them.
  const moved = peersStart + otherLength + USUAL_DIGITS + 1;
  out.copyWithin(moved, peersStart, peersStart + peersLength);
  let at = writeFixed(view, writeUpToPeers(out, bodyStart, answer), PEERS);
  at = writePeers(out, at, other, 0, otherLength, 0);
  return writePeers(out, writeFixed(view, at, PEERS6), out, moved, peersLength, END);
}

/** @param end a byte to write after the peers, or 0 for none */
function writePeers(out: Uint8Array, at: number, from: Uint8Array, start: number, length: number, end: number): number {
  let next = writeDecimal(out, at, length);
  out[next++] = COLON;
  if (from === out) out.copyWithin(next, start, start + length);
  else copyBytes(out, next, from, start, length);
  next += length;
  if (end !== 0) out[next++] = end;
  return next;
}

/**
 * The dictionary form (`compact=0`). One list under `peers` holds both families, because each entry spells its address.
 * @param ids null for `no_peer_id=1`
 * @param other compact peers of the other family, from offset 0
 */
export function writeDictionaryAnnounce(
  out: Uint8Array,
  start: number,
  answer: AnnounceAnswer,
  peers: Uint8Array,
  peersStart: number,
  peersLength: number,
  ids: PeerIdSource | null,
  other: Uint8Array = NO_PEERS,
  otherLength = 0,
): number {
  let at = writeFixed(viewOf(out), writeUpToPeers(out, start, answer), PEERS);
  out[at++] = LIST;
  at = writePeerDictionaries(out, at, answer.family, peers, peersStart, peersLength, ids);
  at = writePeerDictionaries(out, at, answer.family === 4 ? 6 : 4, other, 0, otherLength, ids);
  out[at++] = END;
  out[at++] = END;
  return at;
}

function writePeerDictionaries(
  out: Uint8Array,
  start: number,
  family: 4 | 6,
  peers: Uint8Array,
  peersStart: number,
  peersLength: number,
  ids: PeerIdSource | null,
): number {
  let at = start;
  const peerBytes = family === 4 ? 6 : 18;
  for (let peer = peersStart; peer < peersStart + peersLength; peer += peerBytes) {
    at = writeBytes(out, at, PEER_IP);
    at = writeAddressString(out, at, peers, peer, family);
    if (ids?.copyPeerId(peers, peer, peerBytes, out, at + PEER_ID.length)) {
      at = writeBytes(out, at, PEER_ID) + 20;
    }
    at = writeDecimal(out, writeBytes(out, at, PEER_PORT), readUint16(peers, peer + peerBytes - 2));
    out[at++] = END;
    out[at++] = END;
  }
  return at;
}

/** Writes `length:text`. The text starts after a length of two digits, and moves by one byte if it is shorter. */
function writeAddressString(out: Uint8Array, at: number, peers: Uint8Array, peer: number, family: 4 | 6): number {
  const textStart = at + decimalDigits(LONGEST_ADDRESS_TEXT) + 1;
  const textEnd =
    family === 4 ? writeIpv4Text(out, textStart, peers, peer) : writeIpv6Text(out, textStart, peers, peer);
  const length = textEnd - textStart;
  let end = writeDecimal(out, at, length);
  out[end++] = COLON;
  return copyBytes(out, end, out, textStart, length);
}

/**
 * A failure (BEP 3) with HTTP status 200, because clients show the reason only then.
 * @param retryInMinutes BEP 31; 0 means not temporary: `interval` and `retry in` are omitted
 */
export function writeFailure(out: Uint8Array, start: number, reason: Uint8Array, retryInMinutes: number): number {
  let at = writeDecimal(out, writeBytes(out, start, FAILURE), reason.length);
  out[at++] = COLON;
  at = writeBytes(out, at, reason);
  if (retryInMinutes > 0) {
    at = writeDecimal(out, writeBytes(out, at, FAILURE_INTERVAL), retryInMinutes * 60);
    at = writeDecimal(out, writeBytes(out, at, RETRY_IN), retryInMinutes);
    out[at++] = END;
  }
  out[at++] = END;
  return at;
}
