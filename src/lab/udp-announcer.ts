/**
 * Announces over UDP (BEP 15) from a chosen local address, as one peer of the lab. Connects, announces, reads the
 * answer. Gives up after a short time instead of retrying for minutes as the BEP asks, since it contacts only this
 * machine.
 */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { ClientError } from '../domain/errors.js';
import { formatEndpoint } from '../net/endpoint.js';
import { decodeUdpAnswer, encodeUdpAnnounce, encodeUdpConnect, type UdpAnswer } from '../wire/udp-client-packets.js';
import type { LabAnnounce, LabAnnounceAnswer } from './lab-announce.js';
import { readCompactPeers } from './lab-announce.js';

/** A machine that is busy with tests or clients may take seconds. */
const ANSWER_TIMEOUT_MS = 15_000;

/** @throws ClientError `unreachable`, or `refused-elsewhere` with the tracker's reason */
export async function announceOverUdp(announce: LabAnnounce): Promise<LabAnnounceAnswer> {
  const socket = createSocket(announce.localAddress.includes(':') ? 'udp6' : 'udp4');
  socket.on('error', () => {}); // one that comes between two waits; those of a wait reject it
  try {
    socket.bind(0, announce.localAddress);
    await once(socket, 'listening');
    const connected = await ask(socket, announce, encodeUdpConnect(1), 1);
    if (connected.action !== 'connect') throw new ClientError('refused-elsewhere', 'the tracker sent no connection id');
    const { connectionId } = connected;
    const request = encodeUdpAnnounce({
      connectionId,
      transactionId: 2,
      infoHash: Buffer.from(announce.infoHash, 'hex'),
      peerId: Buffer.from(announce.peerId, 'latin1'),
      port: announce.port,
      left: BigInt(announce.leftBytes),
      uploaded: BigInt(announce.uploadedBytes ?? 0),
      downloaded: BigInt(announce.downloadedBytes ?? 0),
      event: { none: 0, completed: 1, started: 2, stopped: 3 }[announce.event],
      numWant: announce.numWant ?? -1,
    });
    const answer = await ask(socket, announce, request, 2);
    if (answer.action === 'error') throw new ClientError('refused-elsewhere', answer.message);
    if (answer.action !== 'announce') throw new ClientError('refused-elsewhere', `answered with ${answer.action}`);
    const { intervalSeconds, seeders, leechers } = answer;
    return { intervalSeconds, seeders, leechers, peers: readCompactPeers(answer.peers) };
  } finally {
    socket.close();
  }
}

async function ask(
  socket: Socket,
  { tracker }: LabAnnounce,
  packet: Uint8Array,
  transactionId: number,
): Promise<UdpAnswer> {
  const signal = AbortSignal.timeout(ANSWER_TIMEOUT_MS);
  socket.send(packet, tracker.port, tracker.host);
  try {
    for (;;) {
      const [message] = (await once(socket, 'message', { signal })) as [Buffer];
      const answer = decodeUdpAnswer(message);
      if (answer.transactionId === transactionId) return answer;
    }
  } catch (thrown) {
    if (!signal.aborted) throw thrown;
    throw new ClientError('unreachable', `udp://${formatEndpoint(tracker)} does not answer`);
  }
}
