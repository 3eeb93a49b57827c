/**
 * Answers of an upstream resolver: a real one on loopback sends hostile bytes, then the right answer. What is passed on is a
 * message that answers the question; whatever comes, forwarding ends and nothing else does.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { decode, encode } from 'dns-packet';
import { silentDnsLog } from '../../../src/dns-redirect/dns-log.js';
import type { ForwardedQuestion } from '../../../src/dns-redirect/forward/forwarded-question.js';
import { Forwarder, type Outcome } from '../../../src/dns-redirect/forward/forwarder.js';
import { reviewAnswer } from '../../../src/dns-redirect/review-answer.js';
import { readMessage } from '../../../src/dns-redirect/wire/dns-message.js';
import { DnsFormatError, nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { writeMessage } from '../../../src/dns-redirect/wire/message-writer.js';
import type { Random } from '../../../src/domain/random.js';
import { createPortableTransport } from '../../../src/transport/portable/portable-transport.js';
import { type FuzzSubject, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const NAME = 'asked.example';
const QUESTION: ForwardedQuestion = {
  name: nameFromText(NAME),
  type: 1,
  class: 1,
  dnssecOk: true,
  checkingDisabled: false,
  recursionDesired: true,
};
/** The truncation bit makes the forwarder ask over TCP. */
const TRUNCATED_FIRST = 1;
/** Set in the first byte: the resolver's answer gets the id that was asked with. */
const RIGHT_ID = 2;

export const dnsResolverAnswer: FuzzTarget = {
  name: 'dns-resolver-answer',
  about:
    'answers of upstream resolvers over UDP and TCP: what is passed on answers the question, and forwarding always ends',
  maxInputBytes: 4_000,
  create: createResolver,
};

async function createResolver(): Promise<FuzzSubject> {
  let input: Uint8Array = new Uint8Array(1);
  const hostile = (query: Buffer, idAt: number): Buffer => {
    const answer = Buffer.from(input.subarray(1));
    if ((input[0]! & RIGHT_ID) !== 0 && answer.length >= idAt + 2) answer.writeUInt16BE(query.readUInt16BE(0), idAt);
    return answer;
  };
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    const isTruncated = (input[0]! & TRUNCATED_FIRST) !== 0;
    const right = rightAnswer(query);
    if (isTruncated) right[2]! |= 2;
    else udp.send(hostile(query, 0), from.port, from.address);
    udp.send(right, from.port, from.address);
  });
  udp.bind(0, '127.0.0.1');
  await once(udp, 'listening');
  const { port } = udp.address();
  const tcp = createServer((connection) => {
    connection.on('error', () => {});
    connection.once('data', (framed: Buffer) => {
      // The length of the message precedes its id.
      const answer = hostile(framed.subarray(2), 2);
      connection.write(answer.subarray(0, answer.length >>> 1));
      connection.end(answer.subarray(answer.length >>> 1));
    });
  });
  tcp.listen(port, '127.0.0.1');
  await once(tcp, 'listening');
  const endpoint = { host: '127.0.0.1', port: (tcp.address() as AddressInfo).port };
  let nowMs = 0;
  const clock = { nowMs: () => nowMs };
  const transport = createPortableTransport();
  const forwarder = new Forwarder({ resolvers: [endpoint], transport, clock, log: silentDnsLog, cacheBytes: 0 });

  return {
    make: makeAnswer,
    async run(given) {
      input = given.length === 0 ? new Uint8Array(1) : given;
      checkReader(input.subarray(1));
      // Later than any failure or refusal of EDNS is remembered.
      nowMs += 3_600_000;
      const outcome = await new Promise<Outcome>((resolve) => {
        const known = forwarder.ask('key', QUESTION, { key: '1', trusted: false }, resolve);
        if (known !== undefined) resolve(known);
      });
      if (outcome.kind !== 'answered') return outcome.kind;
      const { message, template } = outcome.answer;
      holds(message.questions.length === 1, 'an answer has one question');
      holds(message.questions[0]!.name === QUESTION.name, 'an answer is to the question');
      holds(template.rcode < 16, 'an answer has a response code that needs no OPT record');
      return 'answered';
    },
    async close() {
      forwarder.close();
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

/** Whatever can be read can be written and looked through. */
function checkReader(bytes: Uint8Array): void {
  let message: ReturnType<typeof readMessage>;
  try {
    message = readMessage(bytes);
  } catch (thrown) {
    if (thrown instanceof DnsFormatError) return;
    throw thrown;
  }
  const again = readMessage(writeMessage(message));
  holds(inAnyCase(again) === inAnyCase(message), 'a message survives being written, but for the case of names');
  reviewAnswer(message, {
    find: () => ({ redirected: { target: 'mirror', zone: NAME, addresses: [], index: 0 }, zoneAt: 0 }),
    signedNames: 'leave',
    dnssecOk: true,
  });
}

/** A compressed name has the spelling of the one that it points to. */
function inAnyCase(message: ReturnType<typeof readMessage>): string {
  const text = (_: string, value: unknown): unknown =>
    value instanceof Uint8Array ? Buffer.from(value).toString('latin1') : value;
  return JSON.stringify(message, text).toLowerCase();
}

function rightAnswer(query: Buffer): Buffer {
  const { id = 0, questions = [] } = decode(query);
  return encode({ id, type: 'response', questions, answers: [{ name: NAME, type: 'A', ttl: 60, data: '192.0.2.1' }] });
}

function makeAnswer(random: Random): Uint8Array {
  const flags = random.below(4);
  const records = [
    { name: NAME, type: 'A', ttl: 60, data: '192.0.2.2' },
    { name: NAME, type: 'CNAME', ttl: 60, data: 'other.example' },
    { name: 'example', type: 'DNAME', ttl: 60, data: 'other.example' },
    { name: 'other.example', type: 'MX', ttl: 60, data: { preference: 1, exchange: NAME } },
  ];
  const packet = encode({
    id: random.below(65_536),
    type: 'response',
    flags: sometimes(random, 2) ? random.below(16) : 0,
    questions: sometimes(random, 5)
      ? []
      : [{ name: pick(random, [NAME, 'AsKeD.example', 'other.example']), type: 'A' }],
    answers: Array.from({ length: random.below(4) }, () => pick(random, records)),
    additionals: sometimes(random, 3) ? [pick(random, records)] : [],
  });
  const framed =
    (flags & TRUNCATED_FIRST) === 0
      ? packet
      : Buffer.concat([Buffer.of(packet.length >>> 8, packet.length & 255), packet]);
  return new Uint8Array(Buffer.concat([Buffer.of(flags), framed]));
}
