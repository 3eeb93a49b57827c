/** What the witnesses ask for: one answer each, over a socket of its own, and whether it is right. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { decode, encode } from 'dns-packet';
import type { Endpoint } from '../../src/net/endpoint.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  type UdpAnswer,
} from '../../src/wire/udp-client-packets.js';

type Ask = (signal: AbortSignal) => Promise<void>;

const INFO_HASH = Buffer.alloc(20, 0xab);
const PEER_PORT = 6_881;
/** The seed and the leecher of a swarm of their own. */
export const SEED_ADDRESS = '127.1.0.11';
const LEECHER_ADDRESS = '127.1.0.12';

/** A leecher that must get the seed which announces beside it. */
export function announces(tracker: Endpoint): Ask {
  return async (signal) => {
    await announce(tracker, SEED_ADDRESS, 0n, signal);
    const answer = await announce(tracker, LEECHER_ADDRESS, 1_000n, signal);
    if (!hostsOf(answer.peers).includes(SEED_ADDRESS)) throw new Error('the seed is not in the answer');
  };
}

async function announce(tracker: Endpoint, from: string, left: bigint, signal: AbortSignal) {
  const socket = createSocket('udp4');
  socket.on('error', () => {});
  try {
    socket.bind(0, from);
    await once(socket, 'listening', { signal });
    const connected = await exchange(socket, tracker, encodeUdpConnect(1), signal);
    if (connected.action !== 'connect') throw new Error('no connection id');
    const { connectionId } = connected;
    const peerId = Buffer.from(`-SK0001-${from}`.padEnd(20, '0').slice(0, 20));
    const request = { connectionId, transactionId: 2, infoHash: INFO_HASH, peerId, left, port: PEER_PORT, numWant: 50 };
    const answer = await exchange(socket, tracker, encodeUdpAnnounce(request), signal);
    if (answer.action !== 'announce') throw new Error(answer.action);
    return answer;
  } finally {
    socket.close();
  }
}

async function exchange(
  socket: ReturnType<typeof createSocket>,
  { host, port }: Endpoint,
  packet: Uint8Array,
  signal: AbortSignal,
): Promise<UdpAnswer> {
  const answered = once(socket, 'message', { signal });
  socket.send(packet, port, host);
  const [message] = (await answered) as [Buffer];
  return decodeUdpAnswer(message);
}

function hostsOf(peers: Uint8Array): string[] {
  return Array.from({ length: Math.floor(peers.length / 6) }, (_, i) => peers.subarray(6 * i, 6 * i + 4).join('.'));
}

/** @param expected the addresses that are right: redirected, or of the original */
export function resolves(server: Endpoint, name: string, expected: readonly string[]): Ask {
  return async (signal) => {
    const socket = createSocket('udp4');
    socket.on('error', () => {});
    try {
      const answered = once(socket, 'message', { signal });
      socket.send(
        encode({ id: 7, type: 'query', flags: 0x0100, questions: [{ name, type: 'A' }] }),
        server.port,
        server.host,
      );
      const [message] = (await answered) as [Buffer];
      const { answers } = decode(message) as { answers?: { data: unknown }[] };
      if (!expected.includes(String(answers?.[0]?.data))) throw new Error('a wrong answer');
    } finally {
      socket.close();
    }
  };
}

export function fetches(url: string, headers: Readonly<Record<string, string>> = {}): Ask {
  return async (signal) => {
    const response = await fetch(url, { headers, signal });
    await response.arrayBuffer();
    if (response.status !== 200) throw new Error(`status ${response.status}`);
  };
}
