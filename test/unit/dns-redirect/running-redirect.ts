/** A redirection on loopback with a scripted upstream resolver, and raw questions to it. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { type DnsMessage, decode, encode } from 'dns-packet';
import {
  createDnsRedirect,
  type DnsRedirect,
  type DnsRedirectOptions,
} from '../../../src/dns-redirect/dns-redirect.js';
import { NameCounters } from '../../../src/dns-redirect/name-counters.js';
import type { RateRules } from '../../../src/dns-redirect/serve/client-rates.js';
import type { ServerSettings } from '../../../src/dns-redirect/server-settings.js';
import { frameMessage, MessageReader } from '../../../src/dns-redirect/wire/message-stream.js';
import { parsePrefix } from '../../../src/domain/ip-address.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { createPortableTransport } from '../../../src/transport/portable/portable-transport.js';
import { within } from '../../support/eventually.js';
import { labPolicy } from './lab-policy.js';

export const clock = { nowMs: () => Date.UTC(2026, 10, 22) };
/** How long an answer may take on a busy machine. */
const ANSWER_MS = 30_000;

export type Closing = () => Promise<unknown>;

export interface RedirectOptions
  extends Partial<Omit<DnsRedirectOptions, 'settings'>>,
    Partial<Omit<ServerSettings, 'rates'>>,
    Partial<RateRules> {
  readonly upstreamResolvers: readonly Endpoint[];
}

export function settingsWith(options: RedirectOptions): ServerSettings {
  const policy = options.policy ?? labPolicy;
  return {
    policy,
    nameCounters: options.nameCounters ?? NameCounters.memoryFor(policy),
    upstreamResolvers: options.upstreamResolvers,
    allowQueries: options.allowQueries ?? ['127.0.0.0/8', '::1/128'].map(parsePrefix),
    rates: {
      queriesPerSecond: options.queriesPerSecond ?? 100_000,
      ipv4PrefixLength: options.ipv4PrefixLength ?? 32,
      ipv6PrefixLength: options.ipv6PrefixLength ?? 64,
      rateLimits: options.rateLimits ?? [],
      trustedResolvers: options.trustedResolvers ?? [],
    },
    cacheBytes: options.cacheBytes ?? 1_000_000,
  };
}

export async function startRedirect(closing: Closing[], options: RedirectOptions): Promise<DnsRedirect> {
  const redirect = createDnsRedirect({
    listen: [{ host: '127.0.0.1', port: 0 }],
    transport: createPortableTransport(),
    clock,
    attemptEveryMs: 5_000,
    ...options,
    settings: settingsWith(options),
  });
  await redirect.start();
  closing.push(() => redirect.stop());
  return redirect;
}

/** A resolver over UDP and TCP that answers with what `respond` returns, or not at all. */
export async function startResolver(
  closing: Closing[],
  respond: (query: DnsMessage, packet: Buffer, transport: 'udp' | 'tcp') => Buffer | Buffer[] | undefined,
): Promise<Endpoint> {
  const tcp = createServer((socket) => {
    const reader = new MessageReader(0xffff);
    socket.on('error', () => {});
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let packet = reader.next(); packet; packet = reader.next()) {
        for (const answer of [respond(decode(packet), packet, 'tcp') ?? []].flat()) socket.write(frameMessage(answer));
      }
    });
  });
  tcp.listen(0, '127.0.0.1');
  await once(tcp, 'listening');
  const port = (tcp.address() as { port: number }).port;
  const udp: Socket = createSocket('udp4');
  udp.on('message', (packet, from) => {
    for (const answer of [respond(decode(packet), packet, 'udp') ?? []].flat())
      udp.send(answer, from.port, from.address);
  });
  udp.bind(port, '127.0.0.1');
  await once(udp, 'listening');
  closing.push(
    () => new Promise((resolve) => udp.close(() => resolve(undefined))),
    () => new Promise((resolve) => tcp.close(resolve)),
  );
  return { host: '127.0.0.1', port };
}

export function answerWith(query: DnsMessage, address: string, more: Partial<DnsMessage> = {}): Buffer {
  const name = query.questions![0]!.name;
  return encode({
    id: query.id!,
    type: 'response',
    flags: 0x0180,
    questions: query.questions!,
    answers: [{ name, type: 'A', ttl: 60, data: address }],
    ...more,
  });
}

export function question(name: string, type = 'A', more: Partial<DnsMessage> = {}): Buffer {
  return encode({ id: 4711, type: 'query', flags: 0x0100, questions: [{ name, type }], ...more });
}

/** @returns the first datagram that comes back within `waitMs`, or undefined */
export async function askUdp(server: Endpoint, packet: Buffer, waitMs = ANSWER_MS): Promise<Buffer | undefined> {
  const socket = createSocket(server.host.includes(':') ? 'udp6' : 'udp4');
  try {
    const answered = new Promise<Buffer>((resolve) => socket.on('message', resolve));
    socket.send(packet, server.port, server.host);
    return await within(waitMs, answered);
  } finally {
    socket.close();
  }
}

/** Sends the bytes on one connection; @returns the messages that came back until the server closed or `count` were read. */
export async function askTcp(
  server: Endpoint,
  bytes: Buffer,
  options: { count?: number; halfClose?: boolean } = {},
): Promise<Buffer[]> {
  const socket = connect({ port: server.port, host: server.host, allowHalfOpen: true });
  const reader = new MessageReader(0xffff);
  const messages: Buffer[] = [];
  return new Promise((resolve) => {
    const done = (): void => {
      socket.destroy();
      resolve(messages);
    };
    socket.on('error', done);
    socket.on('end', done);
    socket.on('close', done);
    socket.on('data', (chunk) => {
      reader.push(chunk);
      for (let message = reader.next(); message; message = reader.next()) messages.push(message);
      if (messages.length === options.count) done();
    });
    socket.write(bytes);
    if (options.halfClose) socket.end();
  });
}
