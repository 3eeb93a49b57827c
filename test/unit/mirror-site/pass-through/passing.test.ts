/** What passes between a reader and the original, on real sockets. */
import { createHash } from 'node:crypto';
import type { RequestListener } from 'node:http';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import { exchange, send } from '../../../support/raw-http.js';
import { SITE, type StandIn, type StandInOptions, startStandIn } from '../../../support/stand-in.js';

let standIn: StandIn;
afterEach(() => standIn.stop());

async function start(original: RequestListener, options: StandInOptions = {}): Promise<StandIn> {
  standIn = await startStandIn(original, options);
  return standIn;
}

describe('a request in the original’s place', () => {
  test('reaches the original with its method, path, headers and body, and the answer comes back', async () => {
    await start((request, response) => {
      const hash = createHash('sha1');
      request.on('data', (chunk) => hash.update(chunk));
      request.on('end', () => {
        response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2; HttpOnly']);
        response.writeHead(201, 'Made', {
          'X-Seen': `${request.method} ${request.url}`,
          'Content-Type': 'text/x-test',
        });
        response.end(JSON.stringify([hash.digest('hex'), request.headers]));
      });
    });
    const body = Buffer.alloc(3_000_000, 'x');
    const got = await send(standIn.url, standIn.host, '/a//b/../c?x=%zz&y=%C3%A4', {
      method: 'PUT',
      body,
      headers: { Cookie: 's=1; alias-tracker=again; t=2', 'X-Forwarded-For': '1.2.3.4', 'User-Agent': 'test/1' },
    });
    expect([got.status, got.message]).toEqual([201, 'Made']);
    expect(got.headers['x-seen']).toBe('PUT /a//b/../c?x=%zz&y=%C3%A4');
    expect(got.headers['set-cookie']).toEqual(['a=1; Path=/', 'b=2; HttpOnly']);
    const [sha1, seen] = JSON.parse(got.text) as [string, Record<string, string>];
    expect(sha1).toBe(createHash('sha1').update(body).digest('hex'));
    expect(seen).toMatchObject({ host: standIn.host, cookie: 's=1; t=2', 'user-agent': 'test/1' });
    expect(seen.via).toMatch(/^1\.1 alias-tracker-[0-9a-f]{8}$/);
    expect(seen['x-forwarded-for']).toBeUndefined();
  });

  test('magnet links and torrents', async () => {
    const magnet = `magnet:?xt=urn:btih:${'ab'.repeat(20)}&amp;dn=A&amp;tr=udp%3A%2F%2Fold.example%3A80`;
    await start((request, response) => {
      const page = `<body><a href="${magnet}">x</a></body>`;
      const zipped = request.headers['accept-encoding'] === 'gzip';
      response.writeHead(200, {
        'Content-Type': 'text/html',
        ETag: '"1"',
        ...(zipped && { 'Content-Encoding': 'gzip' }),
      });
      response.end(zipped ? gzipSync(page) : page);
    });
    const got = await send(standIn.url, standIn.host, '/');
    expect(got.text).toContain('alias.example.net');
    expect(got.text).not.toContain('old.example');
    expect(standIn.errors).toEqual([]);
    const answer = await exchange(
      standIn.port,
      `GET http://${SITE}/ HTTP/1.1\r\nHost: ${SITE}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toContain('400');
  });
});
