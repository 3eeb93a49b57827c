/** Answers of original trackers: over HTTP in bencode (BEP 3, 7, 23, 31, 48), and packets over UDP (BEP 15). */
import bencode from 'bencode';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { decodeCompactPeers } from '../../../src/upstream/compact-peers.js';
import { MAX_PEERS_PER_ANSWER } from '../../../src/upstream/limits.js';
import { readAnnounceReply, readScrapeReply } from '../../../src/upstream/tracker-answer.js';
import { type ForeignPeer, TrackerRefusal } from '../../../src/upstream/tracker-contact.js';
import { decodeUdpAnswer } from '../../../src/wire/udp-client-packets.js';
import { attempt, bytesOf, type FuzzTarget, holds, pick, randomBytes, sometimes } from '../fuzz-target.js';

export const trackerAnswer: FuzzTarget = {
  name: 'tracker-answer',
  about:
    "original trackers' HTTP answers: peers and counts within bounds, as the package bencode reads them, or a clear error",
  words: [
    '5:peers',
    '6:peers6',
    '8:intervali',
    '14:failure reason',
    '8:retry in5:never',
    '5:filesd',
    '11:external ip4:',
    'd2:ip',
    '4:porti',
    '-1e',
    '0:',
  ],
  create: () => ({ make: makeAnswer, run: runAnswer }),
};

function makeAnswer(random: Random): Uint8Array {
  const compact = (size: number): Uint8Array =>
    randomBytes(random, size * random.below(6) + (sometimes(random, 5) ? 1 : 0));
  const dictionaries = Array.from({ length: random.below(4) }, () => ({
    ip: pick(random, ['192.0.2.1', '[2001:db8::1]', 'name.example', '::ffff:1.2.3.4']),
    'peer id': randomBytes(random, 20),
    port: random.below(70_000),
  }));
  const counts = { complete: random.below(99), downloaded: 1, incomplete: random.below(99) };
  const answers = [
    {
      interval: random.below(5_000),
      peers: compact(6),
      peers6: compact(18),
      'external ip': randomBytes(random, pick(random, [4, 16, 5])),
    },
    { interval: -1, 'min interval': 60, peers: dictionaries },
    { 'failure reason': 'not registered', 'retry in': pick(random, ['never', '5', 7]) },
    { files: { [String.fromCharCode(...randomBytes(random, 20).map((byte) => byte & 127))]: counts, short: counts } },
  ];
  return new Uint8Array(bencode.encode(pick(random, answers)));
}

function runAnswer(input: Uint8Array): string {
  const announce = attempt(() => readAnnounceReply(input), ClientError, TrackerRefusal);
  const scrape = attempt(() => readScrapeReply(input), ClientError, TrackerRefusal);
  if (scrape.refused === undefined) {
    for (const [infoHash, { seeders, leechers }] of scrape.value) {
      holds(/^[0-9a-f]{40}$/.test(infoHash), 'an info-hash is 40 hex digits');
      holds(
        Number.isSafeInteger(seeders) && seeders >= 0 && Number.isSafeInteger(leechers) && leechers >= 0,
        'counts are counts',
      );
    }
  }
  if (announce.refused !== undefined) {
    const { retryAfterSeconds } = announce.refused as TrackerRefusal;
    holds(retryAfterSeconds === undefined || retryAfterSeconds > 0, 'a time to come back lies ahead');
    return announce.refused instanceof TrackerRefusal ? 'refusal' : 'refused';
  }
  const { peers, intervalSeconds, minIntervalSeconds } = announce.value;
  checkPeers(peers);
  for (const seconds of [intervalSeconds, minIntervalSeconds]) {
    holds(seconds === undefined || (Number.isSafeInteger(seconds) && seconds > 0), 'an interval is positive');
  }
  checkAgainstBencode(input, peers);
  return scrape.refused === undefined ? 'scrape' : 'announce';
}

export function checkPeers(peers: readonly ForeignPeer[]): void {
  holds(peers.length <= MAX_PEERS_PER_ANSWER, 'the number of peers is bounded');
  for (const { address, port } of peers) {
    holds(Number.isInteger(port) && port >= 1 && port <= 65_535, 'a port is one', () => String(port));
    const mapped =
      address.family === 6 && address.words[0] === 0 && address.words[1] === 0 && address.words[2] === 0xffff;
    holds(!mapped, 'a mapped address is IPv4');
    holds(
      address.words.every((word) => word === word >>> 0),
      'address words are unsigned',
    );
  }
}

/** Compact peers of IPv4 alone: their number can be told from the bytes. */
function checkAgainstBencode(input: Uint8Array, peers: readonly ForeignPeer[]): void {
  let theirs: Record<string, unknown>;
  try {
    theirs = bencode.decode(input) as Record<string, unknown>;
  } catch {
    return; // It reads less than BEP 3 in places, and fails in its own ways.
  }
  const compact = theirs.peers;
  if (!(compact instanceof Uint8Array) || theirs.peers6 !== undefined) return;
  let named = 0;
  for (let at = 0; at + 6 <= compact.length; at += 6) if (compact[at + 4] !== 0 || compact[at + 5] !== 0) named++;
  holds(
    peers.length === Math.min(named, MAX_PEERS_PER_ANSWER),
    'every peer with a port is read',
    () => `${peers.length} of ${named}`,
  );
}

export const trackerPacket: FuzzTarget = {
  name: 'tracker-packet',
  about: "original trackers' UDP packets: whole numbers and peers within bounds, or a clear error",
  maxInputBytes: 8_000,
  create: () => ({ make: makePacket, run: runPacket }),
};

function makePacket(random: Random): Uint8Array {
  const head = Buffer.alloc(8);
  const action = random.below(5);
  head.writeUInt32BE(action, 0);
  head.writeUInt32BE(random.nextUint32(), 4);
  const body = [
    randomBytes(random, 8),
    randomBytes(random, 12 + 6 * random.below(20)),
    randomBytes(random, 12 * random.below(9)),
    bytesOf('an error'),
  ];
  return new Uint8Array(Buffer.concat([head, body[action] ?? new Uint8Array(0)]));
}

function runPacket(input: Uint8Array): string {
  const read = attempt(() => decodeUdpAnswer(input), ClientError);
  if (read.refused !== undefined) return 'refused';
  const answer = read.value;
  holds(answer.transactionId === answer.transactionId >>> 0, 'a transaction id is unsigned');
  if (answer.action === 'announce')
    for (const family of [4, 6] as const) checkPeers(decodeCompactPeers(answer.peers, family));
  if (answer.action === 'scrape') {
    holds(answer.entries.length * 12 + 8 === input.length, 'a scrape has one entry for each 12 bytes');
  }
  return answer.action;
}
