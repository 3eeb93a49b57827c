/** One question to one DNS server over UDP, for tools: no retries, no cache, and the whole answer as values. */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import type { Endpoint } from '../net/endpoint.js';
import { CLASS_IN, FLAG_RECURSION_DESIRED } from './wire/dns-codes.js';
import { type DnsMessage, readMessage } from './wire/dns-message.js';
import { type DomainName, nameFromText } from './wire/domain-name.js';
import { writeMessage } from './wire/message-writer.js';

export interface AskOptions {
  readonly timeoutMs: number;
  /** The address to ask from; default: the system chooses. */
  readonly from?: string | undefined;
}

/** @returns undefined if no answer arrives in time. Never rejects */
export function askDns(
  server: Endpoint,
  text: string,
  type: number,
  { timeoutMs, from }: AskOptions,
): Promise<DnsMessage | undefined> {
  return new Promise((resolve) => {
    const id = randomInt(0x10000);
    const name = nameFromText(text);
    const socket = createSocket(isIPv6(server.host) ? 'udp6' : 'udp4');
    let isOver = false;
    const end = (answer?: DnsMessage): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(answer);
    };
    const timer = setTimeout(end, timeoutMs);
    socket.on('error', () => end());
    socket.on('message', (bytes) => {
      const answer = messageFor(bytes, id, name, type);
      if (answer !== undefined) end(answer);
    });
    const question = { name, type, class: CLASS_IN };
    const nothing = { answers: [], authorities: [], additionals: [] };
    const packet = writeMessage({ id, flags: FLAG_RECURSION_DESIRED, questions: [question], ...nothing });
    socket.on('connect', () => socket.send(packet, (error) => error && end()));
    const connect = (): void => socket.connect(server.port, server.host);
    if (from === undefined) connect();
    else socket.bind({ address: from }, connect);
  });
}

function messageFor(bytes: Buffer, id: number, name: DomainName, type: number): DnsMessage | undefined {
  try {
    const message = readMessage(bytes);
    const [question] = message.questions;
    const isOurs = question?.type === type && question.name.toLowerCase() === name.toLowerCase();
    return message.id === id && isOurs ? message : undefined;
  } catch {
    return undefined;
  }
}
