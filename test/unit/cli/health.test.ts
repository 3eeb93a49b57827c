import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { registerHealthCommand } from '../../../src/cli/commands/health.js';
import { messageOf } from '../../../src/domain/errors.js';
import { runCommand } from '../../support/command-line.js';

let reasons: string[] = [];
let server: Server;
let url: string;

beforeAll(async () => {
  server = createServer((request, response) => {
    const answer =
      request.url === '/healthz'
        ? { status: 'ok' }
        : { status: reasons.length === 0 ? 'ready' : 'not ready', reasons, alarms: ['a probe is silent'] };
    response.writeHead(request.url === '/readyz' && reasons.length > 0 ? 503 : 200).end(JSON.stringify(answer));
  });
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => server.close());

const health = (...args: string[]) => runCommand(registerHealthCommand, ['health', '--url', url, ...args]);

test('a tracker that is ready', async () => {
  reasons = [];
  const { stdout, thrown } = await health();
  expect(thrown).toBeUndefined();
  expect(stdout.toString()).toBe('ready\n');
});

test('one that is not: the reasons, and --live is content', async () => {
  reasons = ['storage: the disk is full', 'tracker: it restarts'];
  const { stdout, thrown } = await health();
  expect(messageOf(thrown)).toBe('not ready: storage: the disk is full; tracker: it restarts');
  expect(thrown).toMatchObject({ exitCode: 1 });
  expect(stdout.toString()).toBe('');
  expect((await health('--live')).stdout.toString()).toBe('alive\n');
});

test('one that does not answer', async () => {
  const { thrown } = await runCommand(registerHealthCommand, ['health', '--live', '--url', 'http://127.0.0.1:1']);
  expect(messageOf(thrown)).toContain('does not answer');
  expect(thrown).toMatchObject({ exitCode: 1 });
});
