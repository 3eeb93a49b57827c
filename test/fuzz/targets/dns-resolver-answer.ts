/**
 * Answers of an upstream resolver: a real one on loopback sends hostile bytes, then the right answer. What is passed on
 * is an answer to the question; whatever comes, forwarding ends and nothing else does.
 */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { decode, encode } from 'dns-packet';
import { Forwarder } from '../../../src/dns-redirect/forwarder.js';
import { readQuery } from '../../../src/dns-redirect/query-packet.js';
import type { Random } from '../../../src/domain/random.js';
import { type FuzzSubject, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

const NAME = 'asked.example';
const CLIENT_ID = 0x4b1d;
const OVER_TCP = 1;
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
  let input: Uint8Array = new Uint8Array(0);
  const hostile = (query: Buffer, idAt: number): Buffer => {
    const answer = Buffer.from(input.subarray(1));
    if ((input[0]! & RIGHT_ID) !== 0 && answer.length >= idAt + 2) answer.writeUInt16BE(query.readUInt16BE(0), idAt);
    return answer;
  };
  const udp = createSocket('udp4');
  udp.on('message', (query, from) => {
    udp.send(hostile(query, 0), from.port, from.address);
    udp.send(rightAnswer(query), from.port, from.address);
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
  const forwarder = new Forwarder({ resolvers: [endpoint], clock: { nowMs: () => 0 }, attemptTimeoutMs: 2_000 });
  const query = queryOf(encode({ id: CLIENT_ID, type: 'query', questions: [{ name: NAME, type: 'A' }] }));

  return {
    make: makeAnswer,
    async run(given) {
      input = given.length === 0 ? new Uint8Array(1) : given;
      const transport = (input[0]! & OVER_TCP) === 0 ? 'udp' : 'tcp';
      const forwarding = await forwarder.forward(query, transport);
      if (forwarding.kind !== 'answered') {
        holds(transport === 'tcp', 'a right answer that follows is found over UDP', () => JSON.stringify(forwarding));
        return `${transport} ${forwarding.kind}`;
      }
      const { packet } = forwarding;
      holds(packet.readUInt16BE(0) === CLIENT_ID, "an answer bears the client's id");
      holds((packet[2]! & 0x80) !== 0, 'an answer has the response bit');
      const rcode = packet[3]! & 15;
      const asked = packet.readUInt16BE(4);
      holds(asked === 0 ? rcode !== 0 : sameQuestion(packet, query.questionBytes), 'an answer is to the question', () =>
        packet.toString('hex'),
      );
      return `${transport} answered`;
    },
    async close() {
      udp.close();
      tcp.close();
      await once(tcp, 'close');
    },
  };
}

function sameQuestion(packet: Buffer, question: Buffer): boolean {
  const theirs = packet.toString('latin1', 12, 12 + question.length);
  return theirs.toLowerCase() === question.toString('latin1').toLowerCase();
}

function queryOf(packet: Buffer) {
  const reading = readQuery(packet);
  if (reading.kind !== 'query') throw new Error(`a valid query is read as ${reading.kind}`);
  return reading.query;
}

function rightAnswer(query: Buffer): Buffer {
  const { id = 0, questions = [] } = decode(query);
  return encode({ id, type: 'response', questions, answers: [{ name: NAME, type: 'A', ttl: 60, data: '192.0.2.1' }] });
}

function makeAnswer(random: Random): Uint8Array {
  const flags = random.below(4);
  const packet = encode({
    id: CLIENT_ID,
    type: 'response',
    flags: sometimes(random, 2) ? random.below(16) : 0,
    questions: sometimes(random, 5)
      ? []
      : [{ name: pick(random, [NAME, 'AsKeD.example', 'other.example']), type: 'A' }],
    answers: [{ name: NAME, type: 'A', ttl: 60, data: '192.0.2.2' }],
  });
  const framed =
    (flags & OVER_TCP) === 0 ? packet : Buffer.concat([Buffer.of(packet.length >>> 8, packet.length & 255), packet]);
  return new Uint8Array(Buffer.concat([Buffer.of(flags), framed]));
}
