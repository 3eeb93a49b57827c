import { once } from 'node:events';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { Health } from '../../../src/app/health.js';
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

test('alarms are those of all sources, in their order', () => {
  const health = new Health();
  health.addAlarms(() => ['one', 'two']);
  health.addAlarms(() => []);
  health.addAlarms(() => ['three']);
  expect(health.alarms()).toEqual(['one', 'two', 'three']);
});
