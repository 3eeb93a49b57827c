/**
 * Asks one upstream resolver one question and waits for the matching answer. Against forged answers (RFC 5452) it uses a
 * new socket on a random port, connected so that only the resolver's datagrams arrive, a random id, and compares the
 * question. It changes only the id of the message. A question in flight does not keep the process running.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import type { Endpoint } from '../net/endpoint.js';
import { DNS_HEADER_BYTES } from './limits.js';
import type { Query } from './query-packet.js';
import { frameMessage, MessageReader } from './wire/message-stream.js';

export type AskResolver = (resolver: Endpoint, query: Query, timeoutMs: number) => Promise<Buffer>;

/** @returns the answer with the client's id. @throws Error if there is none in time, or the resolver is not reachable */
export const askOverUdp: AskResolver = (resolver, query, timeoutMs) =>
  new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const socket = createSocket(isIPv6(resolver.host) ? 'udp6' : 'udp4');
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    let finished = false;
    timer.unref();
    socket.unref();
    const finish = (error: Error | undefined, answer?: Buffer): void => {
      if (finished) return;
      finished = true;
      clearTimeout(timer);
      socket.close();
      if (answer) resolve(answer);
      else reject(error);
    };
    socket.on('error', finish);
    socket.on('message', (message) => {
      // A datagram that does not match is forged or late. The answer may still arrive.
      if (answersQuery(message, id, query)) finish(undefined, withId(message, query.id));
    });
    socket.on('connect', () => socket.send(withId(query.packet, id), (error) => error && finish(error)));
    // Without a callback: a callback of `connect` is called with the error (no route, no such address family), and no
    // 'error' event follows.
    socket.connect(resolver.port, resolver.host);
  });

/** {@link askOverUdp} over a TCP connection of its own. */
export const askOverTcp: AskResolver = (resolver, query, timeoutMs) =>
  new Promise((resolve, reject) => {
    const id = randomInt(0x10000);
    const reader = new MessageReader(0xffff);
    const socket = connect({ host: resolver.host, port: resolver.port, noDelay: true });
    const timer = setTimeout(() => finish(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    timer.unref();
    socket.unref();
    const finish = (error: Error, answer?: Buffer): void => {
      clearTimeout(timer);
      socket.destroy();
      if (answer) resolve(answer);
      else reject(error);
    };
    socket.on('error', finish);
    socket.on('close', () => finish(new Error('the resolver closed the connection')));
    socket.on('connect', () => socket.write(frameMessage(withId(query.packet, id))));
    socket.on('data', (chunk) => {
      reader.push(chunk);
      const message = reader.next();
      if (message === undefined) return;
      if (answersQuery(message, id, query)) finish(new Error('unused'), withId(message, query.id));
      else finish(new Error('the resolver answered another question'));
    });
  });

export function rcodeOf(answer: Buffer): number {
  return answer[3]! & 15;
}

function withId(packet: Buffer, id: number): Buffer {
  const copy = Buffer.from(packet);
  copy.writeUInt16BE(id, 0);
  return copy;
}

/** The id, the response bit, and the question in any case of letters; an error may come without its question. */
function answersQuery(answer: Buffer, id: number, query: Query): boolean {
  if (answer.length < DNS_HEADER_BYTES || answer.readUInt16BE(0) !== id || (answer[2]! & 0x80) === 0) return false;
  if (answer.readUInt16BE(4) === 0) return rcodeOf(answer) !== 0;
  const question = answer.subarray(DNS_HEADER_BYTES, DNS_HEADER_BYTES + query.questionBytes.length);
  return sameBytesInAnyCase(question, query.questionBytes);
}

function sameBytesInAnyCase(a: Buffer, b: Buffer): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (lower(a[i]!) !== lower(b[i]!)) return false;
  return true;
}

/** Length octets are below 64, so only letters change. */
function lower(byte: number): number {
  return byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte;
}
