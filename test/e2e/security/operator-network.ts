/**
 * The operator that all tests of docs/security.md attack: a network with public addresses and `lab: false`, strangers
 * outside it, and clients that speak from any address of either.
 */
import { createHash } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { connect } from 'node:net';
import bencode from 'bencode';
import { vi } from 'vitest';
import { formatIp } from '../../../src/domain/ip-address.js';
import { decodeUdpAnswer, encodeUdpAnnounce, encodeUdpConnect } from '../../../src/wire/udp-client-packets.js';
import { eventually } from '../../support/eventually.js';
import { ownNetwork } from '../../support/own-network.js';

// Each test talks to a process of its own, which needs seconds to start on a busy machine.
vi.setConfig({ testTimeout: 60_000, hookTimeout: 60_000 });

/** The machine itself, in the operator's network. */
export const MACHINE = '5.5.5.5';
export const OPERATOR_PREFIX = '5.5.5.0/24';
export const MACHINE6 = '2a0e:600d::5';
/** Customers: 5.5.5.16 – 5.5.5.127 in sub-domain north, 5.5.5.128 – 5.5.5.239 in south. */
export const customer = (n: number): string => `5.5.5.${n}`;
/** Anybody else on the Internet. */
export const stranger = (n: number): string => `9.9.9.${n}`;
export const TRACKER_PORT = 6_969;
export const CONTROL_PORT = 8_090;
export const MIRROR_PORT = 8_080;
export const CONTROL_TOKEN = 'control-secret-token-0001';
export const NORTH_TOKEN = 'north-secret-token-000001';
export const SOUTH_TOKEN = 'south-secret-token-000001';
export const PARTNER_TOKEN = 'partner-secret-token-0001';
const ANSWER_TIMEOUT_MS = 30_000;

/** Enters a namespace with the operator's machine, its customers, and strangers. See {@link ownNetwork}. */
export function operatorNetwork() {
  return ownNetwork({
    interfaces: [`${MACHINE}/32`, `${MACHINE6}/128`, '10.1.2.3/32', '169.254.169.254/32'],
    reachable: [OPERATOR_PREFIX, '9.9.9.0/24', '2a0e:bad::/32', '2a0e:600d::/48'],
  });
}

/** A configuration with every part that strangers can reach; `changes` go over its sections key by key. */
export function operatorConfig(changes: Readonly<Record<string, Record<string, unknown>>> = {}) {
  const sections: Record<string, Record<string, unknown>> = {
    operator: {
      name: 'Operator',
      networks: [{ asn: 64_500, prefixes: [OPERATOR_PREFIX, '2a0e:600d::/48'] }],
      subdomains: [
        { id: 'north', prefixes: ['5.5.5.0/25'] },
        { id: 'south', prefixes: ['5.5.5.128/25'] },
      ],
    },
    tracker: {
      listen: [`udp://0.0.0.0:${TRACKER_PORT}`, `http://0.0.0.0:${TRACKER_PORT}`],
      announceUrls: [`udp://${MACHINE}:${TRACKER_PORT}/announce`],
      torrents: 'open',
    },
    control: { listen: `http://${MACHINE}:${CONTROL_PORT}`, token: CONTROL_TOKEN },
    reports: {
      probes: [
        { id: 'dp-north', subdomains: ['north'], token: NORTH_TOKEN },
        { id: 'dp-south', subdomains: ['south'], token: SOUTH_TOKEN },
      ],
    },
    upstream: { exchange: false, originalTrackers: [{ name: 'partner', token: PARTNER_TOKEN }] },
    logging: { level: 'debug' },
  };
  for (const [name, section] of Object.entries(changes)) sections[name] = { ...sections[name], ...section };
  return sections;
}

export interface Announced {
  /** `address:port` or `[address]:port` of each peer, of the family that was asked over. */
  readonly peers: readonly string[];
  readonly seeders: number;
  readonly leechers: number;
  /** What the tracker takes the client for (BEP 24); over HTTP only. */
  readonly seenAs?: string;
  readonly failure?: string;
}

export interface AnnounceOptions {
  readonly infoHash: Uint8Array;
  readonly port?: number;
  readonly left?: number;
  readonly event?: number;
  readonly numWant?: number;
  readonly key?: number;
  readonly peerId?: string;
  readonly uploaded?: number;
  /** The address that the client says it has. */
  readonly ip?: string;
  /** Over HTTP: another listener of the tracker. */
  readonly trackerPort?: number;
}

export function torrent(n: number): Uint8Array {
  return new Uint8Array(20).fill(n);
}

/** One datagram from an address, and the answer; undefined if none comes. */
export async function datagram(
  from: string,
  packet: Uint8Array,
  to = MACHINE,
  port = TRACKER_PORT,
  timeoutMs = ANSWER_TIMEOUT_MS,
): Promise<Buffer | undefined> {
  const socket = createSocket(from.includes(':') ? 'udp6' : 'udp4');
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    socket.send(packet, port, to);
    const [answer] = (await once(socket, 'message', { signal: AbortSignal.timeout(timeoutMs) })) as [Buffer];
    return answer;
  } catch (thrown) {
    if ((thrown as Error).name === 'AbortError') return undefined;
    throw thrown;
  } finally {
    socket.close();
  }
}

/**
 * @returns all that comes back for a packet. The tracker answers in the order of arrival, so that the answer to a connect
 * request that follows on the same socket shows that no other is to come
 */
export async function answersTo(from: string, packet: Uint8Array): Promise<Buffer[]> {
  const socket = createSocket('udp4');
  const answers: Buffer[] = [];
  const lastId = 0x1a57;
  try {
    socket.bind(0, from);
    await once(socket, 'listening');
    socket.on('message', (answer) => answers.push(answer));
    socket.send(packet, TRACKER_PORT, MACHINE);
    socket.send(encodeUdpConnect(lastId), TRACKER_PORT, MACHINE);
    await eventually('the last answer', () => answers.some((answer) => answer.readUInt32BE(4) === lastId));
    return answers.filter((answer) => answer.readUInt32BE(4) !== lastId);
  } finally {
    socket.close();
  }
}

export async function announceOverUdp(from: string, options: AnnounceOptions): Promise<Announced> {
  const to = from.includes(':') ? MACHINE6 : MACHINE;
  const connected = await datagram(from, encodeUdpConnect(1), to);
  if (connected === undefined) throw new Error('no connect answer');
  const packet = encodeUdpAnnounce({
    connectionId: connected.readBigUInt64BE(8),
    transactionId: 2,
    infoHash: options.infoHash,
    peerId: Buffer.from(peerIdOf(from, options), 'latin1'),
    port: options.port ?? 6_881,
    left: BigInt(options.left ?? 1),
    uploaded: BigInt(options.uploaded ?? 0),
    event: options.event ?? 2,
    numWant: options.numWant ?? 200,
    key: options.key ?? 1,
    ip: options.ip === undefined ? 0 : Buffer.from(options.ip.split('.').map(Number)).readUInt32BE(0),
  });
  const bytes = await datagram(from, packet, to);
  if (bytes === undefined) throw new Error('no announce answer');
  const answer = decodeUdpAnswer(bytes);
  if (answer.action === 'error') return { peers: [], seeders: 0, leechers: 0, failure: answer.message };
  if (answer.action !== 'announce') throw new Error(`answered with ${answer.action}`);
  const read = from.includes(':') ? compactPeers6 : compactPeers;
  const peers = read(Buffer.from(answer.peers));
  return { peers, seeders: answer.seeders, leechers: answer.leechers };
}

export async function announceOverHttp(
  from: string,
  options: AnnounceOptions,
  headers = '',
  before = '',
): Promise<Announced> {
  const query = [
    `info_hash=${Buffer.from(options.infoHash).toString('hex').replace(/../g, '%$&')}`,
    `peer_id=${encodeURIComponent(peerIdOf(from, options))}`,
    `port=${options.port ?? 6_881}&left=${options.left ?? 1}&uploaded=${options.uploaded ?? 0}&downloaded=0&compact=1`,
    `numwant=${options.numWant ?? 200}&key=${options.key ?? 1}&event=started`,
    ...(options.ip === undefined ? [] : [`ip=${options.ip}`]),
  ].join('&');
  const text = await exchange(
    from,
    `${before}GET /announce?${query} HTTP/1.0\r\n${headers}\r\n`,
    options.trackerPort ?? TRACKER_PORT,
  );
  const body = Buffer.from(text.slice(text.indexOf('\r\n\r\n') + 4), 'latin1');
  if (!text.startsWith('HTTP/1.1 200')) return { peers: [], seeders: 0, leechers: 0, failure: text.split('\r\n')[0]! };
  const fields = bencode.decode(body) as Record<string, Uint8Array | number>;
  const bytesOf = (name: string): Buffer => Buffer.from((fields[name] as Uint8Array | undefined) ?? []);
  const failure = bytesOf('failure reason').toString();
  return {
    peers: compactPeers(bytesOf('peers')),
    seeders: Number(fields.complete ?? 0),
    leechers: Number(fields.incomplete ?? 0),
    seenAs: [...bytesOf('external ip')].join('.'),
    ...(failure === '' ? {} : { failure }),
  };
}

/** Sends text over one connection. @returns all that comes until it is closed, a character a byte */
export function exchange(from: string, text: string, port: number, to = MACHINE): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const connection = connect({ host: to, port, localAddress: from });
    connection.setTimeout(ANSWER_TIMEOUT_MS, () => connection.destroy());
    connection.on('data', (chunk: Buffer) => {
      received += chunk.toString('latin1');
    });
    connection.on('error', () => {});
    connection.on('close', () => resolve(received));
    connection.write(text, 'latin1');
  });
}

export interface CallOptions {
  readonly from?: string;
  readonly method?: 'GET' | 'POST';
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A call of the control API from an address. */
export async function call(path: string, options: CallOptions = {}) {
  const { from = MACHINE, token, body, headers = {} } = options;
  const json = body === undefined ? '' : JSON.stringify(body);
  const lines = Object.entries({
    host: `${MACHINE}:${CONTROL_PORT}`,
    connection: 'close',
    ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
    ...(body === undefined ? {} : { 'content-type': 'application/json', 'content-length': String(json.length) }),
    ...headers,
  }).map(([name, value]) => `${name}: ${value}\r\n`);
  const method = options.method ?? (body === undefined ? 'GET' : 'POST');
  const text = await exchange(from, `${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n${json}`, CONTROL_PORT);
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(text)?.[1] ?? 0);
  return { status, text: text.slice(text.indexOf('\r\n\r\n') + 4) };
}

/** One for each address and port. */
function peerIdOf(from: string, { peerId, port = 6_881 }: AnnounceOptions): string {
  return peerId ?? `-SE0001-${createHash('sha1').update(`${from} ${port}`).digest('hex').slice(0, 12)}`;
}

function compactPeers(bytes: Buffer): string[] {
  const peers: string[] = [];
  for (let at = 0; at + 6 <= bytes.length; at += 6) {
    peers.push(`${[...bytes.subarray(at, at + 4)].join('.')}:${bytes.readUInt16BE(at + 4)}`);
  }
  return peers;
}

function compactPeers6(bytes: Buffer): string[] {
  const peers: string[] = [];
  for (let at = 0; at + 18 <= bytes.length; at += 18) {
    const words = [0, 4, 8, 12].map((offset) => bytes.readUInt32BE(at + offset));
    peers.push(`[${formatIp({ family: 6, words })}]:${bytes.readUInt16BE(at + 16)}`);
  }
  return peers;
}
