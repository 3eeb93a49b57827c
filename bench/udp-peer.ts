/** A client of BEP 15 with an address of its own, for measurements: many announces in flight over one socket. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Endpoint } from '../src/net/endpoint.js';
import {
  decodeUdpAnswer,
  encodeUdpAnnounce,
  encodeUdpConnect,
  type UdpAnswer,
} from '../src/wire/udp-client-packets.js';

/** Loopback loses packets only if a socket's buffer is full. */
const RETRY_MS = 1_000;
const PORT = 6_881;
const BUFFER_BYTES = 4 * 2 ** 20;

export class UdpPeer {
  readonly #socket: Socket;
  readonly #tracker: Endpoint;
  readonly #peerId: Buffer;
  readonly #waiting = new Map<number, (answer: UdpAnswer) => void>();
  #connectionId = 0n;
  #transactionId = 0;

  private constructor(socket: Socket, tracker: Endpoint, address: string) {
    this.#socket = socket;
    this.#tracker = tracker;
    this.#peerId = Buffer.from(`-BN0001-${address}`.padEnd(20, '0').slice(0, 20));
    socket.on('message', (packet) => {
      const answer = decodeUdpAnswer(packet);
      this.#waiting.get(answer.transactionId)?.(answer);
    });
  }

  static async open(address: string, tracker: Endpoint): Promise<UdpPeer> {
    const socket = createSocket({ type: 'udp4', recvBufferSize: BUFFER_BYTES });
    socket.on('error', () => {});
    socket.bind(0, address);
    await once(socket, 'listening');
    const peer = new UdpPeer(socket, tracker, address);
    const answer = await peer.#ask((transactionId) => encodeUdpConnect(transactionId));
    if (answer.action !== 'connect') throw new Error('the tracker sent no connection id');
    peer.#connectionId = answer.connectionId;
    return peer;
  }

  /** As a leecher. @returns the hosts of the peers */
  async announce(infoHash: string, numWant = 50): Promise<string[]> {
    const answer = await this.#ask((transactionId) =>
      encodeUdpAnnounce({
        connectionId: this.#connectionId,
        transactionId,
        infoHash: Buffer.from(infoHash, 'hex'),
        peerId: this.#peerId,
        left: 1_000n,
        port: PORT,
        numWant,
      }),
    );
    if (answer.action !== 'announce') {
      throw new Error(`answered with ${answer.action === 'error' ? answer.message : answer.action}`);
    }
    const hosts: string[] = [];
    for (let at = 0; at + 6 <= answer.peers.length; at += 6) hosts.push(answer.peers.subarray(at, at + 4).join('.'));
    return hosts;
  }

  close(): void {
    this.#socket.close();
  }

  #ask(encode: (transactionId: number) => Uint8Array): Promise<UdpAnswer> {
    const transactionId = ++this.#transactionId;
    const send = (): void => this.#socket.send(encode(transactionId), this.#tracker.port, this.#tracker.host);
    return new Promise((resolve) => {
      const again = setInterval(send, RETRY_MS);
      this.#waiting.set(transactionId, (answer) => {
        clearInterval(again);
        this.#waiting.delete(transactionId);
        resolve(answer);
      });
      send();
    });
  }
}
