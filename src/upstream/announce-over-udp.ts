/**
 * Asks a tracker over UDP (BEP 15, and BEP 41 for the path): connect, then announce or scrape. Each exchange has a socket
 * of its own, connected so that only the tracker's datagrams arrive, and random transaction ids. It retries lost packets.
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

const EVENT_NUMBERS = { none: 0, started: 2, stopped: 3 } as const;

/**
 * @param tryTimeoutsMs how long to wait for each packet, one value for each try
 * @throws TrackerRefusal for an error packet; Error if there is no usable answer in time
 */
export async function announceOverUdp(
  destination: TrackerDestination,
  announce: OutgoingAnnounce,
  signal?: AbortSignal,
  tryTimeoutsMs: readonly number[] = announce.event === 'stopped' ? [STOPPED_TIMEOUT_MS] : UDP_TRY_TIMEOUTS_MS,
): Promise<AnnounceReply> {
  const pathAndQuery = destination.url.pathname + destination.url.search;
  const options = pathAndQuery === '/announce' || pathAndQuery === '/' ? undefined : Buffer.from(pathAndQuery);
  const { answer, localAddress } = await exchange(destination, tryTimeoutsMs, signal, (connectionId, transactionId) =>
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
    ),
  );
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
): Promise<Map<InfoHash, ScrapeCounts>> {
  const counts = new Map<InfoHash, ScrapeCounts>();
  const { answer } = await exchange(destination, UDP_TRY_TIMEOUTS_MS, signal, (connectionId, transactionId) =>
    encodeUdpScrape(connectionId, transactionId, infoHashes.map(infoHashToBytes)),
  );
  if (answer.action !== 'scrape') throw new Error(`answered a scrape with ${answer.action}`);
  infoHashes.forEach((infoHash, i) => {
    const entry = answer.entries[i];
    if (entry) counts.set(infoHash, entry);
  });
  return counts;
}

async function exchange(
  destination: TrackerDestination,
  tryTimeoutsMs: readonly number[],
  signal: AbortSignal | undefined,
  encodeRequest: (connectionId: bigint, transactionId: number) => Uint8Array,
): Promise<{ answer: UdpAnswer; localAddress: IpAddress }> {
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
    for (const timeoutMs of tryTimeoutsMs) {
      // The connection id may have expired since the last try, so each try connects again.
      const connected = await inbox.ask(encodeUdpConnect, timeoutMs);
      if (connected === undefined) continue;
      if (connected.action !== 'connect') throw new Error(`answered a connect with ${connected.action}`);
      const { connectionId } = connected;
      const answer = await inbox.ask((transactionId) => encodeRequest(connectionId, transactionId), timeoutMs);
      if (answer !== undefined) return { answer, localAddress: parseIp(socket.address().address) };
    }
    throw new Error(`no answer within ${tryTimeoutsMs.reduce((a, b) => a + b, 0)} ms`);
  } finally {
    signal?.removeEventListener('abort', abort);
    socket.close();
  }
}

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
