/** Requests of every odd kind to the control API and the mirror site: each gets an answer, and none is an internal error. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/domain/random.js';
import { pick } from '../../fuzz/fuzz-target.js';
import { eventually } from '../../support/eventually.js';
import { ServeProcess } from '../../support/serve-process.js';
import {
  announceOverUdp,
  CONTROL_PORT,
  CONTROL_TOKEN,
  call,
  customer,
  exchange,
  MACHINE,
  MIRROR_PORT,
  operatorConfig,
  operatorNetwork,
  torrent,
} from './operator-network.js';

const network = await operatorNetwork();
const REQUESTS = 1_000;
const HASH = '01'.repeat(20);
const METHODS = ['GET', 'GET', 'GET', 'GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'BREW'];
const NAMES = [
  'infoHash',
  'ip',
  'port',
  'numwant',
  'limit',
  'offset',
  'since',
  'subdomain',
  'q',
  'sort',
  'page',
  'limit[]',
  '__proto__',
];
const VALUES = [
  ...['', '0', '1', '-1', '1.5', '1e9', '1e400', 'NaN', '4294967296', '9007199254740993'],
  ...[HASH, HASH.slice(1), '5.5.5.60', '::1', '::ffff:5.5.5.60', 'north', 'dp-north', 'x', 'a'.repeat(3_000)],
  ...[
    '%',
    '%00',
    '%ff',
    '%E0%A4%A',
    '%F0%9F%98%80',
    '..',
    '../..',
    '[]',
    '{}',
    '__proto__',
    'constructor',
    "'",
    '"',
    '<',
    ';',
  ],
  ...['2026-01-01T00:00:00Z', '9999-12-31T23:59:59Z', '-271821-04-20T00:00:00Z', '0000-01-01T00:00:00Z'],
];
const MIRROR_PATHS = [
  '/',
  '/feed.xml',
  '/search',
  `/torrent/${HASH}`,
  `/torrent/${HASH}.torrent`,
  '/torrents/x.torrent',
  '/%2e%2e/etc/passwd',
  '//',
  '/announce',
];
const HEADERS = [
  '',
  'Range: bytes=0-1\r\n',
  'If-Modified-Since: x\r\n',
  'If-None-Match: "x", W/"y"\r\n',
  'Content-Length: 0\r\n',
  'Content-Type: application/json\r\nContent-Length: 2\r\n\r\n{',
  'Transfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n0\r\n\r\n',
  'Authorization: Basic !!!\r\n',
  'Authorization: Bearer\r\n',
  'Authorization: Digest x\r\n',
  'Host: [::1\r\n',
  'Host:\r\n',
  `Accept-Language: ${'x,'.repeat(500)}\r\n`,
  'X-Alias-Probe: \u00ff\r\n',
  `X-Alias-Probe: dp-north\r\nX-Alias-Signature: t=1,n=aaaaaaaa,v2=${'0'.repeat(64)}\r\n`,
];

describe.skipIf(network === undefined)('odd requests', () => {
  let serve: ServeProcess;

  beforeAll(async () => {
    serve = new ServeProcess(operatorConfig({ mirrorSite: { listen: `http://${MACHINE}:${MIRROR_PORT}` } }));
    await serve.start();
    for (let n = 0; n < 20; n++) await announceOverUdp(customer(60 + n), { infoHash: torrent(1) });
  });
  afterAll(async () => {
    await serve.close();
    network!.leave();
  });

  it(`${REQUESTS} of them get a status below 500 each, and log no error`, async () => {
    const { text } = await call('/api/v1/openapi.json', { token: CONTROL_TOKEN });
    const paths = Object.keys((JSON.parse(text) as { paths: object }).paths);
    expect(paths.length).toBeGreaterThan(10);
    const random = createRandom(7);
    for (let n = 0; n < REQUESTS; n++) {
      const toMirror = random.below(3) === 0;
      const template = pick(random, toMirror ? MIRROR_PATHS : paths);
      const path = template.replace(/\{[^}]+\}/g, () => pick(random, VALUES));
      const query = Array.from({ length: random.below(4) }, () => `${pick(random, NAMES)}=${pick(random, VALUES)}`);
      const target = query.length === 0 ? path : `${path}?${query.join('&')}`;
      const token = random.below(5) === 0 ? '' : `Authorization: Bearer ${CONTROL_TOKEN}\r\n`;
      const head = `${pick(random, METHODS)} ${target} HTTP/1.1\r\nHost: ${MACHINE}\r\nConnection: close\r\n`;
      const request = `${head}${token}${pick(random, HEADERS)}\r\n`;
      const answer = await exchange(customer(100), request, toMirror ? MIRROR_PORT : CONTROL_PORT);
      // On a busy machine a part may be late for a moment, which readiness reports.
      expect(answer.slice(0, 12), request).toMatch(path === '/readyz' ? /1\.1 ([234]\d\d|503)/ : /1\.1 [234]\d\d/);
    }
    expect(serve.output).not.toMatch(/internal error|^\S+ +(error|fatal)\b/im);
    await eventually('it is ready', async () => (await call('/readyz')).status === 200);
  });
});
