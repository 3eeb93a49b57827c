/**
 * Asks a tracker over UDP (BEP 15, and BEP 41 for the path): connect, unless an id of the last minute is at hand, then announce
 * or scrape. Each exchange has a socket of its own, connected so that only the tracker's datagrams arrive, and random
 * transaction ids. It retries lost packets.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { type InfoHash, infoHashToBytes } from '../domain/info-hash.js';
import { formatIp, type IpAddress, parseIp } from '../domain/ip-address.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  encodeUdpScrape,
  type UdpAnswer,
} from '../wire/udp-client-packets.js';
import { encodeUrlData } from '../wire/udp-options.js';
import { decodeCompactPeers } from './compact-peers.js';
import { STOPPED_TIMEOUT_MS, UDP_TRY_TIMEOUTS_MS } from './limits.js';
import {
  type AnnounceReply,
  LEFT_BYTES,
  type OutgoingAnnounce,
  type ScrapeCounts,
  type TrackerDestination,
  TrackerRefusal,
} from './tracker-contact.js';
import type { UdpConnections } from './udp-connections.js';

const EVENT_NUMBERS = { none: 0, started: 2, stopped: 3 } as const;

/**
 * @param tryTimeoutsMs how long to wait for each packet, one value for each try
 * @param connections absent: each request asks for a connection id
 * @throws TrackerRefusal for an error packet; Error if there is no usable answer in time
 */
export async function announceOverUdp(
  destination: TrackerDestination,
  announce: OutgoingAnnounce,
  signal?: AbortSignal,
  tryTimeoutsMs: readonly number[] = announce.event === 'stopped' ? [STOPPED_TIMEOUT_MS] : UDP_TRY_TIMEOUTS_MS,
  connections?: UdpConnections,
): Promise<AnnounceReply> {
  const pathAndQuery = destination.url.pathname + destination.url.search;
  const options = pathAndQuery === '/announce' || pathAndQuery === '/' ? undefined : Buffer.from(pathAndQuery);
  const encode: EncodeRequest = (connectionId, transactionId) =>
    encodeUdpAnnounce(
      {
        connectionId,
        transactionId,
        infoHash: infoHashToBytes(announce.infoHash),
        peerId: announce.peerId,
        left: LEFT_BYTES,
        event: EVENT_NUMBERS[announce.event],
        key: announce.key,
        numWant: announce.numWant,
        port: announce.port,
        ip: announce.address?.family === 4 ? announce.address.words[0]! : 0,
      },
      options && encodeUrlData(options),
    );
  const { answer, localAddress } = await exchange({ destination, tryTimeoutsMs, signal, connections, encode });
  if (answer.action !== 'announce') throw new Error(`answered an announce with ${answer.action}`);
  return {
    intervalSeconds: answer.intervalSeconds || undefined,
    minIntervalSeconds: undefined,
    peers: decodeCompactPeers(answer.peers, destination.address.family),
    ourAddresses: [localAddress],
  };
}

/** @param infoHashes at most 74, the limit of BEP 15. @throws as {@link announceOverUdp} */
export async function scrapeOverUdp(
  destination: TrackerDestination,
  infoHashes: readonly InfoHash[],
  signal?: AbortSignal,
  connections?: UdpConnections,
): Promise<Map<InfoHash, ScrapeCounts>> {
  const counts = new Map<InfoHash, ScrapeCounts>();
  const encode: EncodeRequest = (connectionId, transactionId) =>
    encodeUdpScrape(connectionId, transactionId, infoHashes.map(infoHashToBytes));
  const { answer } = await exchange({ destination, tryTimeoutsMs: UDP_TRY_TIMEOUTS_MS, signal, connections, encode });
  if (answer.action !== 'scrape') throw new Error(`answered a scrape with ${answer.action}`);
  infoHashes.forEach((infoHash, i) => {
    const entry = answer.entries[i];
    if (entry) counts.set(infoHash, entry);
  });
  return counts;
}

type EncodeRequest = (connectionId: bigint, transactionId: number) => Uint8Array;

interface UdpRequest {
  readonly destination: TrackerDestination;
  readonly tryTimeoutsMs: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly connections: UdpConnections | undefined;
  readonly encode: EncodeRequest;
}

async function exchange(request: UdpRequest): Promise<{ answer: UdpAnswer; localAddress: IpAddress }> {
  const { destination, tryTimeoutsMs, signal } = request;
  const socket = createSocket(destination.address.family === 4 ? 'udp4' : 'udp6');
  socket.unref();
  const inbox = createInbox(socket);
  const abort = (): void => {
    socket.emit('error', new Error('stopped'));
  };
  signal?.addEventListener('abort', abort);
  try {
    socket.connect(destination.port, formatIp(destination.address));
    await Promise.race([once(socket, 'connect'), inbox.failed]);
    const [firstMs, ...laterMs] = tryTimeoutsMs as readonly [number, ...number[]];
    const known = await askWithKnownId(request, inbox, firstMs);
    if (typeof known === 'object') return { answer: known, localAddress: parseIp(socket.address().address) };
    // A single try is not spent on an id that the tracker may have forgotten.
    for (const timeoutMs of known === 'silent' && laterMs.length > 0 ? laterMs : tryTimeoutsMs) {
      // The connection id may have expired since the last try, so each try connects again.
      const answer = await askWithFreshId(request, inbox, timeoutMs);
      if (answer === undefined) continue;
      if (known !== 'none') request.connections?.failed(destination);
      return { answer, localAddress: parseIp(socket.address().address) };
    }
    throw new Error(`no answer within ${tryTimeoutsMs.reduce((a, b) => a + b, 0)} ms`);
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.close();
  }
}

/** @returns why it has to be asked with a fresh id; a refusal may concern the id or the torrent */
async function askWithKnownId(
  { destination, connections, encode }: UdpRequest,
  inbox: Inbox,
  timeoutMs: number,
): Promise<UdpAnswer | 'none' | 'silent' | 'refused'> {
  const connectionId = connections?.find(destination);
  if (connectionId === undefined) return 'none';
  try {
    const answer = await inbox.ask((transactionId) => encode(connectionId, transactionId), timeoutMs);
    if (answer === undefined) return 'silent';
    connections?.worked(destination);
    return answer;
  } catch (thrown) {
    if (thrown instanceof TrackerRefusal) return 'refused';
    throw thrown;
  }
}

async function askWithFreshId(
  { destination, connections, encode }: UdpRequest,
  inbox: Inbox,
  timeoutMs: number,
): Promise<UdpAnswer | undefined> {
  const connected = await inbox.ask(encodeUdpConnect, timeoutMs);
  if (connected === undefined) return undefined;
  if (connected.action !== 'connect') throw new Error(`answered a connect with ${connected.action}`);
  const { connectionId } = connected;
  const answer = await inbox.ask((transactionId) => encode(connectionId, transactionId), timeoutMs);
  if (answer !== undefined) connections?.given(destination, connectionId);
  return answer;
}

type Inbox = ReturnType<typeof createInbox>;

/** Sends one request and waits for the answer with its transaction id. @returns `undefined` if none arrives in time */
function createInbox(socket: ReturnType<typeof createSocket>) {
  let expected: { transactionId: number; settle: (answer: UdpAnswer) => void } | undefined;
  const failed = new Promise<never>((_, reject) => {
    socket.on('error', reject);
  });
  failed.catch(() => {}); // it may fail while no request waits
  socket.on('message', (packet) => {
    try {
      const answer = decodeUdpAnswer(packet);
      if (answer.transactionId === expected?.transactionId) expected.settle(answer);
    } catch {
      // Not a packet of BEP 15. The answer may still arrive.
    }
  });
  return {
    failed,
    async ask(encode: (transactionId: number) => Uint8Array, timeoutMs: number): Promise<UdpAnswer | undefined> {
      const transactionId = randomInt(0x100000000);
      let timer: NodeJS.Timeout | undefined;
      const answered = new Promise<UdpAnswer | undefined>((settle) => {
        expected = { transactionId, settle };
        timer = setTimeout(() => settle(undefined), timeoutMs);
        timer.unref();
      });
      socket.send(encode(transactionId), () => {});
      const answer = await Promise.race([answered, failed]).finally(() => clearTimeout(timer));
      expected = undefined;
      if (answer?.action === 'error') throw new TrackerRefusal(answer.message.slice(0, 200));
      return answer;
    },
  };
}
