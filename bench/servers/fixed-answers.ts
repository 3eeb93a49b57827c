/** Handlers that answer any announce with the same number of bytes: what the transport alone costs. */
import type { DatagramHandler, HttpRequestHandler } from '../../src/transport/transport.js';

const CONNECT = 0;
const UDP_ANNOUNCE_HEAD_BYTES = 20;
const BYTES_PER_PEER = 6;
const BYTES_PER_PEER6 = 18;
const LF = 10;

export function echoDatagrams(numWant: number, ipv6: boolean): DatagramHandler {
  const bytes = UDP_ANNOUNCE_HEAD_BYTES + (ipv6 ? BYTES_PER_PEER6 : BYTES_PER_PEER) * numWant;
  return {
    onDatagram(input, start, length, _remote, output, outputStart) {
      if (length < 16) return 0;
      const action = input[start + 11]!;
      for (let i = 0; i < 4; i++) {
        output[outputStart + i] = i < 3 ? 0 : action;
        output[outputStart + 4 + i] = input[start + 12 + i]!;
      }
      return action === CONNECT ? 16 : bytes;
    },
  };
}

/** An answer like a tracker's, `numWant` peers of zeros. */
export function httpAnswer(numWant: number, keepAlive: boolean): Buffer {
  const peers = BYTES_PER_PEER * numWant;
  const body = Buffer.concat([
    Buffer.from(`d8:completei1000e10:incompletei300e8:intervali1800e12:min intervali900e5:peers${peers}:`),
    Buffer.alloc(peers),
    Buffer.from('e'),
  ]);
  const head =
    `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${body.length}\r\n` +
    `Connection: ${keepAlive ? 'keep-alive' : 'close'}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), body]);
}

export function echoRequests(numWant: number, keepAlive: boolean): HttpRequestHandler {
  const answer = httpAnswer(numWant, keepAlive);
  return {
    consumed: 0,
    close: !keepAlive,
    onHttpBytes(input, start, length, _remote, output, outputStart) {
      // The load generator sends one request at a time: what it sends is whole where it ends like a head.
      const end = start + length;
      if (length < 4 || input[end - 1] !== LF || input[end - 3] !== LF) return 0;
      (this as { consumed: number }).consumed = length;
      output.set(answer, outputStart);
      return answer.length;
    },
  };
}
