/** What an operator reads when the client of a cache cannot be used; one server for each way in which another program may answer. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, test } from 'vitest';
import { CALL_TIMEOUT_MS, type CacheClient } from '../../../src/caches/cache-client.js';
import { Aria2Client } from '../../../src/caches/clients/aria2-client.js';
import { QbittorrentClient } from '../../../src/caches/clients/qbittorrent-client.js';
import { TransmissionClient } from '../../../src/caches/clients/transmission-client.js';
import { MAX_ANSWER_BYTES, MAX_QUOTED_BYTES, REFUSED_LOGIN_PAUSE_MS } from '../../../src/caches/limits.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { freePort } from '../../support/free-port.js';

const servers: Server[] = [];
const clients: CacheClient[] = [];
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

let nowMs = 1_000;
const clock = { nowMs: () => nowMs };
const NEVER = new AbortController().signal;
const KINDS = {
  transmission: (url: string) => new TransmissionClient({ name: 'pop', url }),
  qbittorrent: (url: string) => new QbittorrentClient({ name: 'pop', url, clock }),
  aria2: (url: string) => new Aria2Client({ name: 'pop', url, directory: '/nowhere' }),
};

async function serve(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<string> {
  const server = createServer(answer);
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`;
}

async function errorOf(client: CacheClient): Promise<OperatorError> {
  clients.push(client);
  const thrown = await client.state(NEVER).then(
    () => undefined,
    (error: unknown) => error,
  );
  expect(thrown).toBeInstanceOf(OperatorError);
  return thrown as OperatorError;
}

const json = (value: unknown) => (_: IncomingMessage, response: ServerResponse) => response.end(JSON.stringify(value));

describe.each(Object.entries(KINDS))('%s', (_, make) => {
  test('that does not run', async () => {
    const url = `http://127.0.0.1:${await freePort()}/`;
    expect(await errorOf(make(url))).toMatchObject({
      code: 'unreachable',
      message: expect.stringMatching(
        /^cache pop: \w+ at http:\/\/127\.0\.0\.1:\d+ cannot be reached \(ECONNREFUSED\); start it/,
      ),
    });
  });

  test('that is a web page', async () => {
    const url = await serve((_, response) => response.end('<html>hello</html>'));
    expect(await errorOf(make(url))).toMatchObject({
      code: 'invalid-answer',
      message: expect.stringMatching(/web page|does not say its version.*check the host, port and path/),
    });
  });

  test('that is somewhere else', async () => {
    const url = await serve((_, response) => response.writeHead(301, { location: '/web/' }).end());
    expect(await errorOf(make(url))).toMatchObject({
      code: 'invalid-answer',
      message: expect.stringContaining('path of url'),
    });
  });

  test('that sends more than a client would', async () => {
    const block = Buffer.alloc(1024 * 1024, 0x20);
    const url = await serve((_, response) => {
      const more = (): void => {
        while (!response.destroyed && response.write(block));
      };
      response.on('drain', more);
      more();
    });
    const error = await errorOf(make(url));
    expect(error).toMatchObject({ code: 'invalid-answer' });
    expect(error.message).toContain(`more than ${MAX_ANSWER_BYTES} bytes`);
  });

  test('that sends JSON of another kind', async () => {
    const url = await serve((request, response) =>
      request.url!.endsWith('/app/version') ? response.end('v4.5.2') : response.end('{"x":[]}'),
    );
    expect(await errorOf(make(url))).toMatchObject({
      code: 'invalid-answer',
      message: expect.stringContaining('in an unknown form; supported are versions'),
    });
  });

  test('whose connection breaks', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await errorOf(make(url))).toMatchObject({ code: 'unreachable' });
  });
});

test(`a client that never answers, or only begins to, ends the call after ${CALL_TIMEOUT_MS / 1_000} s`, async () => {
  const silent = await serve(() => {});
  const slow = await serve((_, response) => void response.write(' '));
  const errors = await Promise.all(
    Object.values(KINDS).flatMap((make) => [errorOf(make(silent)), errorOf(make(slow))]),
  );
  for (const error of errors) {
    expect(error).toMatchObject({
      code: 'unreachable',
      message: expect.stringContaining('does not answer within 5 s'),
    });
  }
});

test('a port that is not one is not known, and what a client says of a failure is one line of limited length', async () => {
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (part: Buffer) => {
      body += part.toString();
    });
    request.on('end', () => {
      const broken = {
        status: 0,
        error: 3,
        errorString: `no\nroom\u001b[31m${'x'.repeat(9_000)}`,
        labels: ['alias-tracker'],
      };
      const sizes = { totalSize: 5, haveValid: 0, leftUntilDone: 5, uploadedEver: 0, downloadedEver: 0 };
      const facts = {
        version: `4.0.6\u0007${'y'.repeat(900)} (x)`,
        'rpc-version': 17,
        'peer-port': 0,
        'download-dir': '/',
      };
      const torrents = body.includes('torrent-get') ? [{ hashString: 'a'.repeat(40), ...broken, ...sizes }] : [];
      response.end(JSON.stringify({ result: 'success', arguments: { ...facts, 'size-bytes': 5, torrents } }));
    });
  });
  const client = KINDS.transmission(url);
  clients.push(client);
  const state = await client.state(NEVER);
  expect(state.peerPort).toBeUndefined();
  for (const text of [state.client, state.torrents[0]!.error!]) {
    expect(text.length).toBeLessThanOrEqual(MAX_QUOTED_BYTES);
    expect(text).not.toMatch(/\p{Cc}/u);
  }
});

test.each([0, 65_536, 123_456_789])('aria2 that listens on port %i must be told another one', async (port) => {
  const url = await serve((_, response) =>
    response.end(JSON.stringify({ jsonrpc: '2.0', result: { version: '1.37', dir: '/', 'listen-port': `${port}` } })),
  );
  const client = KINDS.aria2(url);
  clients.push(client);
  await expect(client.state(NEVER)).rejects.toThrow(/give its listen-port a single port|in an unknown form/);
});

test.each([
  [401, 'rpc-username'],
  [403, 'rpc-whitelist'],
  [421, 'rpc-host-whitelist'],
])('Transmission that answers %i: the message names %s', async (status, setting) => {
  const url = await serve((_, response) => response.writeHead(status).end('<h1>no</h1>'));
  const error = await errorOf(KINDS.transmission(url));
  expect(error).toMatchObject({ code: 'refused-elsewhere', message: expect.stringContaining(setting) });
});

test('Transmission before labels is too old', async () => {
  const url = await serve(
    json({ result: 'success', arguments: { version: '2.94', 'rpc-version': 15, 'peer-port': 1, 'download-dir': '/' } }),
  );
  expect((await errorOf(KINDS.transmission(url))).message).toContain(
    'is version 2.94, which has no labels; install 3.00 or later',
  );
});

test('Transmission that does not say how much is free is used all the same', async () => {
  const url = await serve((request, response) => {
    request.setEncoding('utf8').on('data', (body: string) => {
      const facts = { version: '3.00 (x)', 'rpc-version': 16, 'peer-port': 1, 'download-dir': 'down', torrents: [] };
      const result = body.includes('free-space') ? 'directory path is not absolute' : 'success';
      response.end(JSON.stringify({ result, arguments: facts }));
    });
  });
  const client = KINDS.transmission(url);
  clients.push(client);
  expect(await client.state(NEVER)).toEqual({
    client: 'Transmission 3.00',
    peerPort: 1,
    freeBytes: undefined,
    torrents: [],
  });
});

test('aria2 with a range of ports must be told which one it is, in either place', async () => {
  const url = await serve((request, response) => {
    let body = '';
    request.on('data', (chunk) => {
      body += chunk;
    });
    request.on('end', () => {
      const { method } = JSON.parse(body) as { method: string };
      const result: Record<string, unknown> = {
        'aria2.getVersion': { version: '1.36.0' },
        'aria2.getGlobalOption': { dir: '/d', 'listen-port': '6881-6999' },
      };
      response.end(JSON.stringify({ jsonrpc: '2.0', id: '1', result: result[method] ?? [] }));
    });
  });
  expect((await errorOf(KINDS.aria2(url))).message).toContain('listens on one port of 6881-6999');
  const told = new Aria2Client({ name: 'pop', url, directory: '/nowhere', peerPort: 6_900 });
  clients.push(told);
  expect(await told.state(NEVER)).toEqual({
    client: 'aria2 1.36.0',
    peerPort: 6_900,
    freeBytes: undefined,
    torrents: [],
  });
});

describe('qBittorrent', () => {
  const calls: string[] = [];
  let loginAnswer = 'Ok.';
  let isSessionValid = true;
  const start = (): Promise<string> => {
    calls.length = 0;
    return serve((request, response) => {
      const call = request.url!.split('/api/v2/')[1]!.split('?')[0]!;
      calls.push(call);
      if (call === 'auth/login') {
        isSessionValid = loginAnswer === 'Ok.';
        if (isSessionValid) response.setHeader('set-cookie', 'QBT_SID_8080=abc; HttpOnly; path=/');
        return void response.end(loginAnswer);
      }
      // Against cross-site requests it compares these with its own address.
      const own = request.headers.origin === `http://${request.headers.host}` && request.headers.referer!.endsWith('/');
      if (!own || !isSessionValid || request.headers.cookie !== 'QBT_SID_8080=abc')
        return void response.writeHead(403).end();
      const answers: Record<string, string> = {
        'app/version': 'v5.2.0',
        'app/preferences': '{"listen_port":6881}',
        'sync/maindata': '{"rid":1,"server_state":{"free_space_on_disk":7}}',
        'torrents/info': '[]',
      };
      response.end(answers[call]);
    });
  };
  const clientOf = (url: string): QbittorrentClient => {
    const client = new QbittorrentClient({ name: 'pop', url, clock, user: 'admin', password: 'p' });
    clients.push(client);
    return client;
  };

  test('has one session, which is opened again when it has expired', async () => {
    loginAnswer = 'Ok.';
    const client = clientOf(await start());
    expect(await client.state(NEVER)).toMatchObject({ client: 'qBittorrent 5.2.0', peerPort: 6_881, freeBytes: 7 });
    await client.state(NEVER);
    expect(calls.filter((call) => call === 'auth/login')).toHaveLength(1);
    isSessionValid = false;
    await client.state(NEVER);
    expect(calls.filter((call) => call === 'auth/login')).toHaveLength(2);
  });

  test('is not asked again with a refused password for a quarter of an hour: it would ban this machine', async () => {
    loginAnswer = 'Fails.';
    const client = clientOf(await start());
    for (let i = 0; i < 10; i++) {
      await expect(client.state(NEVER)).rejects.toThrow('refuses user and password; write those of its Web UI');
    }
    expect(calls).toEqual(['auth/login']);
    nowMs += REFUSED_LOGIN_PAUSE_MS;
    loginAnswer = 'Ok.';
    expect(await client.state(NEVER)).toMatchObject({ peerPort: 6_881 });
  });

  test('below a path of a proxy is asked there', async () => {
    loginAnswer = 'Ok.';
    const url = await start();
    const paths: string[] = [];
    servers[0]!.on('request', ({ url: path }) => paths.push(path!.split('?')[0]!));
    await clientOf(`${url}qbt/`).state(NEVER);
    expect(paths[0]).toBe('/qbt/api/v2/auth/login');
  });
});
