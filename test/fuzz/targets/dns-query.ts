/** Query packets as clients send them (RFC 1035, RFC 6891), and the answers that are made of them. */
import { decode, encode } from 'dns-packet';
import {
  errorAnswer,
  redirectedAnswer,
  truncatedAnswer,
  udpAnswerBytes,
} from '../../../src/dns-redirect/answer-packet.js';
import { decide } from '../../../src/dns-redirect/decide.js';
import { MAX_QUERY_BYTES } from '../../../src/dns-redirect/limits.js';
import { type Query, RCODE_SERVFAIL, readQuery } from '../../../src/dns-redirect/query-packet.js';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { frameMessage, MessageReader } from '../../../src/dns-redirect/wire/message-stream.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { Random } from '../../../src/domain/random.js';
import { BrokenRule, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const HEADER_BYTES = 12;
const NAMES = [
  'www.popular.example',
  'tracker.popular.example',
  'a.b.c.d.example',
  '',
  'x'.repeat(63),
  'WwW.PoPuLaR.eXaMpLe',
];
const CLIENT = parseIp('203.0.113.7');
const policy = compileRedirectPolicy({
  sites: [{ name: 'www.popular.example' }],
  trackers: [{ name: 'tracker.popular.example' }],
  mirrorAddresses: [parseIp('203.0.113.20'), parseIp('2001:db8:100::20')],
  trackerAddresses: [parseIp('203.0.113.21')],
  ttlSeconds: 45,
  serial: 7,
});

export const dnsQuery: FuzzTarget = {
  name: 'dns-query',
  about: 'DNS query packets: read as dns-packet reads them; every answer repeats the question and fits the client',
  words: [new Uint8Array([0xc0, 0x0c]), new Uint8Array([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]), '\x03www', '\x00'],
  maxInputBytes: MAX_QUERY_BYTES + 100,
  create: () => ({ make: makeQuery, run: runQuery }),
};

export function makeQuery(random: Random): Uint8Array {
  const edns = { name: '.', type: 'OPT', udpPayloadSize: pick(random, [0, 512, 1_232, 4_096, 65_535]), options: [] };
  const packet = encode({
    id: random.below(65_536),
    type: 'query',
    flags: sometimes(random, 3) ? random.below(0x8000) : 0x0100,
    questions: [{ name: pick(random, NAMES), type: pick(random, ['A', 'AAAA', 'TXT', 'MX', 'ANY', 'AXFR', 'HTTPS']) }],
    additionals: sometimes(random, 2) ? [{ ...edns, flags: sometimes(random, 2) ? 0x8000 : 0 }] : [],
  });
  return new Uint8Array(packet);
}

function runQuery(input: Uint8Array): string {
  const packet = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  checkFraming(packet);
  const reading = readQuery(packet);
  const isNoQuery = packet.length < HEADER_BYTES || (packet[2]! & 0x80) !== 0;
  holds((reading.kind === 'drop') === isNoQuery, 'answers and headless packets alone are dropped');
  if (reading.kind !== 'query') return reading.kind;
  const { query } = reading;
  checkAgainstOtherCodec(packet, query);
  const decision = decide(query.question, CLIENT, policy);
  const limit = udpAnswerBytes(query);
  checkAnswer(errorAnswer(query, RCODE_SERVFAIL), query, limit);
  checkAnswer(truncatedAnswer(query), query, limit);
  if (decision.kind === 'answer' || decision.kind === 'nodata') {
    checkAnswer(redirectedAnswer(query, decision, limit), query, limit);
    checkAnswer(redirectedAnswer(query, decision, 65_535), query, 65_535);
  }
  return decision.kind;
}

function checkAgainstOtherCodec(packet: Buffer, query: Query): void {
  let other: ReturnType<typeof decode>;
  try {
    other = decode(packet);
  } catch {
    return; // It checks the inside of options and records, which nobody here needs.
  }
  const [question] = other.questions ?? [];
  holds(other.id === query.id && question !== undefined, 'the other codec sees the same header');
  if (query.question.name === undefined) return;
  const name = question.name === '.' ? '' : question.name;
  holds(name === query.question.name, 'the other codec sees the same name', () => `${name} ≠ ${query.question.name}`);
}

function checkAnswer(answer: Buffer, query: Query, limit: number): void {
  holds(answer.length <= limit, 'an answer fits what the client takes', () => `${answer.length} > ${limit}`);
  holds(
    answer.readUInt16BE(0) === query.id && (answer[2]! & 0x80) !== 0,
    'an answer bears the id and the response bit',
  );
  const { questionBytes } = query;
  holds(
    answer.subarray(HEADER_BYTES, HEADER_BYTES + questionBytes.length).equals(questionBytes),
    'an answer repeats the question byte for byte',
  );
  try {
    decode(answer);
  } catch (thrown) {
    // Names that are not text are beyond the other codec, whoever writes them.
    if (query.question.name !== undefined) throw new BrokenRule('the other codec reads every answer', String(thrown));
  }
}

/** The same bytes over a stream, in two pieces. */
function checkFraming(packet: Buffer): void {
  const reader = new MessageReader(65_535);
  const framed = frameMessage(packet);
  const cut = framed.length >>> 1;
  reader.push(framed.subarray(0, cut));
  holds(reader.next() === undefined, 'half a message is not a message');
  reader.push(framed.subarray(cut));
  holds(reader.next()?.equals(packet) === true, 'a framed message comes out as it went in');
}
