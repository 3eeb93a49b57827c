/** Query packets as clients send them (RFC 1035, RFC 6891), and the answers that are made of them. */
import { decode, encode } from 'dns-packet';
import { AnswerWriter } from '../../../src/dns-redirect/answer-template.js';
import { createDnsCounterMemory, dnsCountersOver } from '../../../src/dns-redirect/counters.js';
import { ALWAYS } from '../../../src/dns-redirect/decide.js';
import { silentDnsLog } from '../../../src/dns-redirect/dns-log.js';
import { Forwarder } from '../../../src/dns-redirect/forward/forwarder.js';
import { LoopProbe } from '../../../src/dns-redirect/forward/loop-probe.js';
import { NameCounters } from '../../../src/dns-redirect/name-counters.js';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { ClientRates } from '../../../src/dns-redirect/serve/client-rates.js';
import { LATER, NO_ANSWER, Responder } from '../../../src/dns-redirect/serve/responder.js';
import { ServerCookies } from '../../../src/dns-redirect/serve/server-cookies.js';
import { DnsQuery, DROP, MAX_QUERY_BYTES, readQuery } from '../../../src/dns-redirect/wire/dns-query.js';
import { nameToText } from '../../../src/dns-redirect/wire/domain-name.js';
import { frameMessage, MessageReader } from '../../../src/dns-redirect/wire/message-stream.js';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { NetworkSet } from '../../../src/domain/network-set.js';
import type { Random } from '../../../src/domain/random.js';
import { createPortableTransport } from '../../../src/transport/portable/portable-transport.js';
import { RemoteAddress } from '../../../src/transport/transport.js';
import { BrokenRule, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const HEADER_BYTES = 12;
const NAMES = [
  'www.popular.example',
  'tracker.popular.example',
  '_8443._https.www.popular.example',
  '_dns.resolver.arpa',
  'a.b.c.d.example',
  '',
  'x'.repeat(63),
  'WwW.PoPuLaR.eXaMpLe',
];
const TYPES = ['A', 'AAAA', 'TXT', 'MX', 'ANY', 'AXFR', 'CNAME', 'DS', 'UNKNOWN_65'];
const policy = compileRedirectPolicy({
  sites: [{ name: 'www.popular.example' }],
  trackers: [{ name: 'tracker.popular.example' }],
  mirrorAddresses: [parseIp('203.0.113.20'), parseIp('2001:db8:100::20')],
  trackerAddresses: [parseIp('203.0.113.21')],
  ttlSeconds: 45,
  serial: 7,
});
const clock = { nowMs: () => 1_000_000 };

export const dnsQuery: FuzzTarget = {
  name: 'dns-query',
  about: 'DNS query packets: read as dns-packet reads them; every answer repeats the question and fits the client',
  words: [
    new Uint8Array([0xc0, 0x0c]),
    new Uint8Array([0, 0, 41, 4, 208, 0, 0, 0, 0, 0, 0]),
    new Uint8Array([0, 10, 0, 8]),
    '\x03www',
    '\x00',
  ],
  maxInputBytes: MAX_QUERY_BYTES + 100,
  create: () => {
    const responder = createResponder();
    return { make: makeQuery, run: (input) => runQuery(responder, input) };
  },
};

/** Without upstream resolvers: what is forwarded is answered with SERVFAIL, later. */
function createResponder(): Responder {
  const rules = { queriesPerSecond: 1e9, ipv4PrefixLength: 32, ipv6PrefixLength: 64 };
  const forwarder = new Forwarder({
    resolvers: [],
    transport: createPortableTransport(),
    clock,
    log: silentDnsLog,
    cacheBytes: 0,
  });
  return new Responder(
    {
      state: ALWAYS,
      forwarder,
      clock,
      rates: new ClientRates({ ...rules, rateLimits: [], trustedResolvers: [] }),
      writer: new AnswerWriter(
        new ServerCookies(
          () => new Uint8Array(16),
          () => 1_000,
        ),
      ),
      counters: dnsCountersOver(createDnsCounterMemory()),
      loopProbe: new LoopProbe(forwarder, clock, silentDnsLog),
      log: {
        ...silentDnsLog,
        warn: (fields) => {
          throw new BrokenRule('no query meets a defect', JSON.stringify(fields));
        },
      },
    },
    policy,
    new NameCounters(NameCounters.memoryFor(policy)),
    new NetworkSet([parsePrefix('0.0.0.0/0')]),
  );
}

export function makeQuery(random: Random): Uint8Array {
  const edns = {
    name: '.',
    type: 'OPT',
    udpPayloadSize: pick(random, [0, 512, 1_232, 4_096, 65_535]),
    options: sometimes(random, 3)
      ? [{ code: pick(random, [8, 10, 11]), data: Buffer.alloc(pick(random, [8, 24])) }]
      : [],
  };
  const packet = encode({
    id: random.below(65_536),
    type: 'query',
    flags: sometimes(random, 3) ? random.below(0x8000) : 0x0100,
    questions: [{ name: pick(random, NAMES), type: pick(random, TYPES) }],
    additionals: sometimes(random, 2) ? [{ ...edns, flags: sometimes(random, 2) ? 0x8000 : 0 }] : [],
  });
  return new Uint8Array(packet);
}

async function runQuery(responder: Responder, input: Uint8Array): Promise<string> {
  const packet = Buffer.from(input.buffer, input.byteOffset, input.byteLength);
  checkFraming(packet);
  const query = new DnsQuery();
  const fault = readQuery(query, packet, 0, packet.length);
  const isNoQuery = packet.length < HEADER_BYTES || (packet[2]! & 0x80) !== 0;
  holds((fault === DROP) === isNoQuery, 'answers and headless packets alone are dropped');
  if (fault === 0) checkAgainstOtherCodec(packet, query);
  const limit = query.hasEdns ? Math.min(query.udpBytes, 1_232) : 512;
  for (const overTcp of [false, true]) {
    const answer = await answerOf(responder, packet, overTcp);
    holds((answer === undefined) === isNoQuery, 'every query is answered');
    if (answer === undefined) continue;
    holds(answer.readUInt16BE(0) === packet.readUInt16BE(0), 'an answer bears the id');
    holds((answer[2]! & 0x80) !== 0, 'an answer has the response bit');
    if (fault === 0) checkAnswer(answer, packet, query, overTcp ? 65_535 : limit);
    else holds(answer.length === HEADER_BYTES, 'what cannot be read is answered with a header');
  }
  return fault === 0 ? 'query' : `fault ${fault}`;
}

function answerOf(responder: Responder, packet: Buffer, overTcp: boolean): Promise<Buffer | undefined> {
  const output = new Uint8Array(65_535);
  const client = new RemoteAddress();
  client.word0 = 0xcb007107;
  return new Promise((resolve) => {
    const later = () => ({ send: (answer: Uint8Array) => resolve(Buffer.from(answer)) });
    const length = responder.respond(packet, 0, packet.length, client, { overTcp, later }, output, 0);
    if (length === NO_ANSWER) resolve(undefined);
    else if (length !== LATER) resolve(Buffer.from(output.subarray(0, length)));
  });
}

function checkAgainstOtherCodec(packet: Buffer, query: DnsQuery): void {
  let other: ReturnType<typeof decode>;
  try {
    other = decode(packet);
  } catch {
    return; // It checks the inside of options and records, which nobody here needs.
  }
  const [question] = other.questions ?? [];
  holds(other.id === query.id && question !== undefined, 'the other codec sees the same header');
  const text = nameToText(query.name);
  if (text.includes('\\') || /[^!-~]/.test(question.name)) return;
  const name = question.name.toLowerCase();
  holds(name === text, 'the other codec sees the same name', () => `${name} ≠ ${text}`);
}

function checkAnswer(answer: Buffer, packet: Buffer, query: DnsQuery, limit: number): void {
  holds(answer.length <= limit, 'an answer fits what the client takes', () => `${answer.length} > ${limit}`);
  const question = packet.subarray(HEADER_BYTES, query.questionEnd);
  holds(
    answer.subarray(HEADER_BYTES, query.questionEnd).equals(question),
    'an answer repeats the question byte for byte',
  );
  try {
    decode(answer);
  } catch (thrown) {
    // Names that are not text are beyond the other codec, whoever writes them.
    if (!nameToText(query.name).includes('\\')) {
      throw new BrokenRule('the other codec reads every answer', String(thrown));
    }
  }
}

/** The same bytes over a stream, in two pieces. */
function checkFraming(packet: Buffer): void {
  const reader = new MessageReader(65_535);
  const framed = frameMessage(packet);
  const cut = framed.length >>> 1;
  reader.push(framed.subarray(0, cut));
  holds(!reader.hasMessage && reader.next() === undefined, 'half a message is not a message');
  reader.push(framed.subarray(cut));
  holds(reader.hasMessage && reader.next()?.equals(packet) === true, 'a framed message comes out as it went in');
}
