import { once } from 'node:events';
import { type AddressInfo, createConnection, createServer, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Health } from '../../../src/app/health.js';
import { alarm } from '../../../src/domain/alarm.js';
import { eventually } from '../../support/eventually.js';

const CHECK_EVERY_MS = 5_000;

beforeEach(() => void vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] }));
afterEach(() => void vi.useRealTimers());

test('a part that accepts no connections is a fault until it does again, and no connection of a check stays open', async () => {
  const connections = new Set<Socket>();
  let accepted = 0;
  const server = createServer((socket) => {
    accepted++;
    connections.add(socket);
    socket.on('close', () => connections.delete(socket)).resume();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const health = new Health();
  health.watch('site', { host: '0.0.0.0', port });
  let changes = 0;
  const unsubscribe = health.onChange(() => changes++);
  const checked = async (): Promise<void> => {
    const before = changes;
    vi.advanceTimersByTime(CHECK_EVERY_MS);
    await eventually('the check', () => changes > before);
  };

  await checked();
  expect(health.reasons()).toEqual([]);
  expect(accepted).toBe(1);
  await eventually('the end of the connection', () => connections.size === 0);

  server.close();
  await once(server, 'close');
  health.report('site', 'its own fault');
  await checked();
  expect(health.isHealthy('site')).toBe(false);
  expect(health.reasons()).toEqual(['site: its own fault', expect.stringContaining(`127.0.0.1:${port}`)]);

  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  await checked();
  // Each reporter ends what it reported itself.
  expect(health.reasons()).toEqual(['site: its own fault']);
  health.report('site', undefined);
  expect(health.isHealthy('site')).toBe(true);

  unsubscribe();
  const before = changes;
  health.stop();
  vi.advanceTimersByTime(CHECK_EVERY_MS);
  health.report('other', 'x');
  expect(changes).toBe(before);
  expect(accepted).toBe(2);
  await eventually('the end of the connection', () => connections.size === 0);
  server.close();
});

test('a part that leaves connections waiting is a fault, long before the system gives them up', async () => {
  const stuck = new Worker(
    `const server = require('node:net').createServer().listen({ port: 0, host: '127.0.0.1', backlog: 1 }, () => {
      require('node:worker_threads').parentPort.postMessage(server.address().port);
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
    });`,
    { eval: true },
  );
  const [port] = (await once(stuck, 'message')) as [number];
  // More than wait at a listener with such a backlog: the next one gets no answer.
  const waiting = Array.from({ length: 4 }, () => createConnection({ host: '127.0.0.1', port }).on('error', () => {}));
  await Promise.all(waiting.slice(0, 2).map((socket) => once(socket, 'connect')));
  const health = new Health();
  health.watch('site', { host: '127.0.0.1', port });
  vi.advanceTimersByTime(CHECK_EVERY_MS);
  await eventually('the fault', () => !health.isHealthy('site'));
  expect(health.reasons()).toEqual([`site: does not accept connections on 127.0.0.1:${port}`]);
  health.stop();
  for (const socket of waiting) socket.destroy();
  await stuck.terminate();
});

test('alarms are those of all sources, in their order', () => {
  const health = new Health();
  const named = (text: string) => alarm('part-restarted', { text });
  health.addAlarms(() => ['one', 'two'].map(named));
  health.addAlarms(() => []);
  health.addAlarms(() => [named('three')]);
  expect(health.alarms().map(({ text }) => text)).toEqual(['one', 'two', 'three']);
});
