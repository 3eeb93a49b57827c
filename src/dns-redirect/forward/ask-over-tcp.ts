/** Asks one upstream resolver one question over a TCP connection of its own, where an answer does not fit a datagram. */
import { randomInt } from 'node:crypto';
import { connect } from 'node:net';
import type { Endpoint } from '../../net/endpoint.js';
import { frameMessage, MessageReader } from '../wire/message-stream.js';
import { answersQuestion, type ForwardedQuestion, writeQuestion } from './forwarded-question.js';
import type { Asked } from './resolver-sockets.js';

/** One of the two functions is called once, unless it is cancelled. */
export function askOverTcp(
  resolver: Endpoint,
  question: ForwardedQuestion,
  withEdns: boolean,
  onAnswer: (packet: Buffer) => void,
  onError: (error: Error) => void,
): Asked {
  const id = randomInt(0x10000);
  const reader = new MessageReader(0xffff);
  const socket = connect({ host: resolver.host, port: resolver.port, noDelay: true });
  let ended = false;
  socket.unref();
  const end = (then: () => void): void => {
    if (ended) return;
    ended = true;
    socket.destroy();
    then();
  };
  socket.on('error', (error) => end(() => onError(error)));
  socket.on('close', () => end(() => onError(new Error('the resolver closed the connection'))));
  socket.on('connect', () => socket.write(frameMessage(writeQuestion(question, id, withEdns))));
  socket.on('data', (chunk) => {
    reader.push(chunk);
    const packet = reader.next();
    if (packet === undefined) return;
    if (answersQuestion(packet, id, question)) end(() => onAnswer(packet));
    else end(() => onError(new Error('the resolver answered another question')));
  });
  return { cancel: () => end(() => {}) };
}
