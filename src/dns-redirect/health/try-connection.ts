/**
 * Tries one health check: a connect packet of BEP 15, or an HTTP request that asks for nothing (`OPTIONS *`, RFC 9110
 * section 9.3.7), so that it costs the target little, changes nothing there, and a mirror site does not pass it on. Over HTTPS, the
 * certificate must be trusted and for the name, as browsers and clients want it.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect as connectTcp, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type TLSSocket } from 'node:tls';
import { errorCodeOf, messageOf } from '../../domain/errors.js';
import { formatIp } from '../../domain/ip-address.js';
import { formatEndpoint } from '../../net/endpoint.js';
import { decodeUdpAnswer, encodeUdpConnect } from '../../wire/udp-client-packets.js';
import type { HealthCheck } from './health-plan.js';

/** The status codes of a gateway whose own target does not work. */
const BROKEN_GATEWAY = new Set(['502', '503', '504']);
/** A status line is shorter. */
const MAX_ANSWER_BYTES = 4_096;

/** @returns undefined if it succeeded, else what failed. Never rejects */
export function tryConnection(check: HealthCheck, timeoutMs: number): Promise<string | undefined> {
  return check.protocol === 'udp' ? tryUdp(check, timeoutMs) : tryHttp(check, timeoutMs);
}

function tryUdp({ address, port }: HealthCheck, timeoutMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = createSocket(address.family === 4 ? 'udp4' : 'udp6');
    const transactionId = randomInt(0x1_0000_0000);
    let isOver = false;
    const end = (failure?: string): void => {
      if (isOver) return;
      isOver = true;
      clearTimeout(timer);
      socket.close();
      resolve(failure);
    };
    const timer = setTimeout(() => end(noAnswer(timeoutMs)), timeoutMs);
    socket.on('error', (error) => end(reasonOf(error)));
    socket.on('message', (packet) => {
      const failure = failureOfPacket(packet, transactionId);
      if (failure !== 'other') end(failure);
    });
    // Connected, so that a closed port is reported, and only the target's packets arrive.
    socket.connect(port, formatIp(address), () => {
      socket.send(encodeUdpConnect(transactionId), (error) => {
        if (error) end(reasonOf(error));
      });
    });
  });
}

function failureOfPacket(packet: Buffer, transactionId: number): string | undefined {
  try {
    const answer = decodeUdpAnswer(packet);
    if (answer.transactionId !== transactionId) return 'other';
    return answer.action === 'connect' ? undefined : `answered a connect with ${answer.action}`;
  } catch {
    return 'answered with a packet that is not of BEP 15';
  }
}

function tryHttp(
  { protocol, address, port, certificateFor }: HealthCheck,
  timeoutMs: number,
): Promise<string | undefined> {
  return new Promise((resolve) => {
    const host = formatIp(address);
    const named = certificateFor ?? formatEndpoint({ host, port });
    const request = `OPTIONS * HTTP/1.1\r\nHost: ${named}\r\nUser-Agent: alias-tracker-health\r\nConnection: close\r\n\r\n`;
    const socket: Socket =
      protocol === 'https'
        ? connectTls({ host, port, servername: certificateFor ?? '', rejectUnauthorized: false }, () => {
            const fault = certificateFault(socket as TLSSocket, certificateFor);
            if (fault === undefined) socket.write(request);
            else end(fault);
          })
        : connectTcp({ host, port }, () => socket.write(request));
    let answer = '';
    const end = (failure?: string): void => {
      clearTimeout(timer);
      socket.destroy();
      resolve(failure);
    };
    const timer = setTimeout(() => end(noAnswer(timeoutMs)), timeoutMs);
    socket.on('error', (error) => end(reasonOf(error)));
    socket.on('close', () => end('closed the connection without an answer'));
    socket.on('data', (chunk) => {
      answer += chunk.toString('latin1', 0, MAX_ANSWER_BYTES);
      if (!answer.includes('\n') && answer.length < MAX_ANSWER_BYTES) return;
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(answer)?.[1];
      if (status === undefined) end('answered with something other than HTTP');
      else end(BROKEN_GATEWAY.has(status) ? `answered ${status}` : undefined);
    });
  });
}

/** @param name undefined: any certificate will do */
function certificateFault(socket: TLSSocket, name: string | undefined): string | undefined {
  if (name === undefined) return undefined;
  if (checkServerIdentity(name, socket.getPeerCertificate()) !== undefined) return `its certificate is not for ${name}`;
  return socket.authorized ? undefined : `its certificate is not trusted (${socket.authorizationError})`;
}

function noAnswer(timeoutMs: number): string {
  return `no answer within ${timeoutMs / 1_000} s`;
}

function reasonOf(error: Error): string {
  switch (errorCodeOf(error)) {
    case 'ECONNREFUSED':
      return 'nothing listens there';
    case 'EHOSTUNREACH':
    case 'ENETUNREACH':
      return 'no route leads there';
    default:
      return messageOf(error);
  }
}
