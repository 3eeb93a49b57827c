/** Questions to a resolver from a given address, and what its answer means for a user. */
import { createSocket } from 'node:dgram';
import { readMessage } from '../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText, nameToText } from '../../../src/dns-redirect/wire/domain-name.js';
import { writeMessage } from '../../../src/dns-redirect/wire/message-writer.js';
import { formatIp, ipv4FromWord, ipv6FromWords } from '../../../src/domain/ip-address.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { within } from '../eventually.js';

export const TYPES = { A: 1, CNAME: 5, MX: 15, TXT: 16, AAAA: 28, DS: 43, RRSIG: 46, HTTPS: 65 } as const;
export type TypeName = keyof typeof TYPES;

const TRY_MS = 2_000;
const TRIES = 20;
const RCODES = ['NOERROR', 'FORMERR', 'SERVFAIL', 'NXDOMAIN', 'NOTIMP', 'REFUSED'];

export interface AskOptions {
  /** The client's address. */
  readonly from?: string;
  readonly dnssec?: boolean;
}

/** @returns data of the records of that type, sorted and joined; or `NODATA`, or the name of the response code */
export async function ask(server: Endpoint, name: string, type: TypeName, options: AskOptions = {}): Promise<string> {
  const query = writeMessage({
    id: 4711,
    flags: 0x0100,
    questions: [{ name: nameFromText(name), type: TYPES[type], class: 1 }],
    answers: [],
    authorities: [],
    additionals: options.dnssec ? [{ name: '\0', type: 41, class: 1_232, ttl: 0x8000, data: new Uint8Array() }] : [],
  });
  const answer = readMessage(await exchange(server, query, options.from ?? '127.0.0.1'));
  const rcode = answer.flags & 15;
  if (rcode !== 0) return RCODES[rcode] ?? String(rcode);
  const found = answer.answers.filter((record) => record.type === TYPES[type]).map(({ data }) => show(type, data));
  const signed = answer.answers.some((record) => record.type === TYPES.RRSIG) ? ' signed' : '';
  return found.length === 0 ? 'NODATA' : found.sort().join(' ') + signed;
}

async function exchange(server: Endpoint, query: Buffer, from: string): Promise<Buffer> {
  const socket = createSocket('udp4');
  const answered = new Promise<Buffer>((resolve) => socket.once('message', resolve));
  // A daemon that has not started yet refuses: it is asked again.
  socket.on('error', () => {});
  await new Promise<void>((resolve) => socket.bind(0, from, resolve));
  try {
    for (let i = 0; i < TRIES; i++) {
      socket.send(query, server.port, server.host);
      const answer = await within(TRY_MS, answered);
      if (answer !== undefined) return answer;
    }
    throw new Error(`${server.host}:${server.port} does not answer`);
  } finally {
    socket.close();
  }
}

function show(type: TypeName, data: Uint8Array): string {
  const view = new DataView(data.buffer, data.byteOffset, data.length);
  switch (type) {
    case 'A':
      return formatIp(ipv4FromWord(view.getUint32(0)));
    case 'AAAA':
      return formatIp(ipv6FromWords(view.getUint32(0), view.getUint32(4), view.getUint32(8), view.getUint32(12)));
    case 'MX':
      return `${view.getUint16(0)} ${nameToText(Buffer.from(data.subarray(2)).toString('latin1'))}`;
    case 'CNAME':
      return nameToText(Buffer.from(data).toString('latin1'));
    case 'TXT':
      return Buffer.from(data.subarray(1)).toString('latin1');
    default:
      return Buffer.from(data).toString('hex');
  }
}
