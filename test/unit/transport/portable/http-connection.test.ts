import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { afterEach, expect, it } from 'vitest';
import {
  type ConnectionShared,
  createOutput,
  HttpConnection,
} from '../../../../src/transport/portable/http-connection.js';
import { HTTP_LATER, RemoteAddress } from '../../../../src/transport/transport.js';
import { eventually } from '../../../support/eventually.js';

const server = createServer({ allowHalfOpen: true });
afterEach(() => new Promise<void>((resolve) => server.close(() => resolve())));

it('forgets a request that waits once its connection has gone', async () => {
  const tickets: number[] = [];
  const shared: ConnectionShared = {
    handler: {
      consumed: 1,
      close: false,
      onHttpBytes: () => HTTP_LATER,
      passOn: (ticket) => void tickets.push(ticket),
    },
    output: createOutput(),
    requestTimeoutMs: 60_000,
    keepAliveTimeoutMs: 60_000,
    nowMs: () => 0,
    onBatch: () => {},
    waiting: new Map(),
    lastTicket: 0,
  };
  server.on('connection', (socket: Socket) => {
    socket.on('error', () => socket.destroy());
    new HttpConnection(socket, new RemoteAddress(), shared);
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  const address = server.address();
  const port = typeof address === 'object' ? address!.port : 0;
  const clients = [1, 2].map(() => connect(port, '127.0.0.1'));
  for (const client of clients) client.write('x');
  await eventually('two requests that wait', () => tickets.length === 2);
  expect([...shared.waiting.keys()]).toEqual(tickets);
  for (const client of clients) client.resetAndDestroy();
  await eventually('none', () => shared.waiting.size === 0);
});
