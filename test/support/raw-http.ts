/** HTTP as it is on the wire: for tests that compare answers to the byte, or send what no client would. */
import { once } from 'node:events';
import { request as httpRequest, type IncomingMessage, type OutgoingHttpHeaders } from 'node:http';
import { connect } from 'node:net';

export interface Got {
  readonly status: number;
  readonly message: string;
  readonly headers: IncomingMessage['headers'];
  /** Name, value, name, value … */
  readonly rawHeaders: readonly string[];
  readonly body: Buffer;
  /** Of the body as UTF-8. */
  readonly text: string;
}

export interface Sent {
  readonly method?: string;
  readonly headers?: OutgoingHttpHeaders;
  readonly body?: string | Uint8Array;
  /** Address to send from. */
  readonly from?: string;
}

/** @param base `http://127.0.0.1:8080` @param host in the Host header */
export async function send(base: string, host: string, path: string, sent: Sent = {}): Promise<Got> {
  const { hostname, port } = new URL(base);
  const request = httpRequest({
    host: hostname,
    port,
    path,
    method: sent.method ?? 'GET',
    headers: { Host: host, ...sent.headers },
    agent: false,
    ...(sent.from === undefined ? {} : { localAddress: sent.from }),
  });
  request.end(sent.body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk as Buffer);
  const body = Buffer.concat(chunks);
  return {
    status: response.statusCode ?? 0,
    message: response.statusMessage ?? '',
    headers: response.headers,
    rawHeaders: response.rawHeaders,
    body,
    text: body.toString(),
  };
}

/** Sends bytes and returns everything that comes back until the connection ends. */
export async function exchange(port: number, bytes: string, address = '127.0.0.1'): Promise<string> {
  const socket = connect(port, address);
  const chunks: Buffer[] = [];
  socket.on('data', (chunk) => chunks.push(chunk));
  socket.on('error', () => undefined);
  socket.write(bytes, 'latin1');
  await once(socket, 'close');
  return Buffer.concat(chunks).toString('latin1');
}

/** @param received answers on one connection, each with a Content-Length. @returns the bodies of those that have come whole */
export function wholeBodies(received: string): string[] {
  const bodies: string[] = [];
  for (let at = 0; ; ) {
    const bodyAt = received.indexOf('\r\n\r\n', at) + 4;
    const length = Number(/Content-Length: (\d+)/.exec(received.slice(at, bodyAt))?.[1]);
    if (bodyAt < 4 || bodyAt + length > received.length) return bodies;
    at = bodyAt + length;
    bodies.push(received.slice(bodyAt, at));
  }
}
