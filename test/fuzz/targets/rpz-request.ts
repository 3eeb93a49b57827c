/** Requests to the RPZ server: SOA, AXFR, IXFR and NOTIFY, plain and signed (RFC 1995, 1996, 5936, 8945). */
import { answerRequest, type RequestContext } from '../../../src/dns-redirect/rpz/answer-request.js';
import { SeenRequests } from '../../../src/dns-redirect/rpz/seen-requests.js';
import { type TsigKey, TsigSigner } from '../../../src/dns-redirect/rpz/tsig.js';
import { ZoneHistory } from '../../../src/dns-redirect/rpz/zone-history.js';
import { type DnsRecord, readMessage } from '../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { writeMessage } from '../../../src/dns-redirect/wire/message-writer.js';
import type { Random } from '../../../src/domain/random.js';
import { type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const ZONE = nameFromText('rpz.alias-tracker');
const NOW_SECONDS = 1_800_000_000;
const KEY: TsigKey = { name: nameFromText('isp'), algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 7) };
const MAX_UDP_BYTES = 1_232;

export const rpzRequest: FuzzTarget = {
  name: 'rpz-request',
  about: 'requests for zone transfers: every answer is a message with the id; the zone goes only to who may have it',
  words: [
    new Uint8Array([0, 252, 0, 1]),
    new Uint8Array([0, 251, 0, 1]),
    new Uint8Array([0, 250, 0, 255]),
    '\x03isp\0',
  ],
  maxInputBytes: 4_200,
  create: () => {
    const history = zone();
    const context = (key: boolean): RequestContext => ({
      zones: new Map([[ZONE, history]]),
      secondaries: [{ endpoint: { host: '192.0.2.1', port: 53 }, key: key ? KEY.name : undefined, notify: true }],
      keys: [KEY],
      nowSeconds: NOW_SECONDS,
      seen: new SeenRequests(),
    });
    return { make: makeRequest, run: (input) => runRequest(Buffer.from(input), context) };
  },
};

function zone(): ZoneHistory {
  const history = new ZoneHistory(ZONE, undefined);
  const record = (i: number): DnsRecord => {
    const name = nameFromText(`n${i}.example.rpz.alias-tracker`);
    return { name, type: 1, class: 1, ttl: 30, data: Uint8Array.of(192, 0, 2, i % 256) };
  };
  const records = Array.from({ length: 1_000 }, (_, i) => record(i));
  history.publish(records, { expire: 600, ttl: 30 }, NOW_SECONDS - 10, 'any');
  history.publish(records.slice(1), { expire: 600, ttl: 30 }, NOW_SECONDS, 'any');
  return history;
}

function makeRequest(random: Random): Uint8Array {
  const type = pick(random, [6, 252, 251, 2, 1]);
  const soa = Buffer.alloc(22);
  soa.writeUInt32BE(pick(random, [NOW_SECONDS - 10, NOW_SECONDS, NOW_SECONDS + 5, 0]), 2);
  const authority = { name: ZONE, type: 6, class: 1, ttl: 0, data: soa };
  const opt = { name: '\0', type: 41, class: pick(random, [512, 1_232, 65_535]), ttl: 0, data: new Uint8Array() };
  const request = writeMessage({
    id: random.below(65_536),
    flags: pick(random, [0, 0, 0x2000, 0x0100]),
    questions: [{ name: pick(random, [ZONE, ZONE, nameFromText('other')]), type, class: 1 }],
    answers: [],
    authorities: type === 251 ? [authority] : [],
    additionals: sometimes(random, 2) ? [opt] : [],
  });
  const seconds = pick(random, [NOW_SECONDS, NOW_SECONDS, NOW_SECONDS - 1_000]);
  return new Uint8Array(sometimes(random, 2) ? new TsigSigner(KEY, undefined).sign(request, seconds) : request);
}

function runRequest(bytes: Buffer, context: (key: boolean) => RequestContext): string {
  const isNoRequest = bytes.length < 12 || (bytes[2]! & 0x80) !== 0;
  let became = 'not answered';
  for (const transport of ['udp', 'tcp'] as const) {
    for (const [address, key] of [
      ['192.0.2.1', false],
      ['192.0.2.1', true],
      ['192.0.2.9', true],
    ] as const) {
      const answer = answerRequest({ bytes, address, transport }, context(key));
      holds((answer === undefined) === isNoRequest, 'answers and headless packets alone are dropped');
      if (answer === undefined) continue;
      const messages = [...answer.messages];
      became = answer.result;
      for (const message of messages) checkMessage(message, bytes, transport);
      const records = messages.flatMap((message) => readMessage(message).answers);
      const isPermitted = address === '192.0.2.1';
      holds(records.length === 0 || isPermitted, 'a stranger gets no record');
      holds(transport === 'tcp' || messages.length === 1, 'an answer over UDP is one datagram');
    }
  }
  return became;
}

function checkMessage(message: Buffer, request: Buffer, transport: 'udp' | 'tcp'): void {
  holds(message.length <= 65_535, 'a message fits its length', () => String(message.length));
  // Without a readable question, nothing is repeated; with one, it is 300 bytes at most.
  const limit = transport === 'udp' ? MAX_UDP_BYTES : 65_535;
  holds(message.length <= limit, 'an answer over UDP is not fragmented', () => String(message.length));
  holds(message.readUInt16BE(0) === request.readUInt16BE(0), 'an answer bears the id');
  holds((message[2]! & 0x80) !== 0, 'an answer bears the response bit');
  readMessage(message);
}
