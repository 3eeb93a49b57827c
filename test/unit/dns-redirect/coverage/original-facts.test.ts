/** What originals offer, asked of a real name server with signed zones and of a real HTTPS server. */
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, describe, expect, test } from 'vitest';
import { httpsAt, originalFacts } from '../../../../src/dns-redirect/coverage/original-facts.js';
import { formatIp, parseIp } from '../../../../src/domain/ip-address.js';
import type { Closing } from '../../../support/dns/daemon.js';
import { startSignedWorld } from '../../../support/dns/signed-world.js';
import { freePort } from '../../../support/free-port.js';
import { requireProgram } from '../../../support/real-program.js';

const VECTORS = join(import.meta.dirname, '../../../vectors/tls');
const HERE = parseIp('127.0.0.1');
const NAME = 'tracker-one.test';
const isAllowed = () => undefined;
const isBlocked = () => 'not here';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** @returns its port */
async function startHttps(headers: Record<string, string> = {}): Promise<number> {
  const [key, cert] = ['key', 'cert'].map((part) => readFileSync(join(VECTORS, `one.${part}.pem`)));
  const server = createServer({ key: key!, cert: cert! }, (_, response) => {
    response.writeHead(200, headers);
    response.end();
  });
  server.on('tlsClientError', () => {});
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  return (server.address() as AddressInfo).port;
}

describe('HTTPS of the original', () => {
  test.each([
    [{}, false],
    [{ 'Strict-Transport-Security': 'max-age=31536000; includeSubDomains' }, true],
    [{ 'Strict-Transport-Security': 'includeSubDomains; max-age="600"' }, true],
    [{ 'Strict-Transport-Security': 'max-age=0' }, false],
  ])('with the headers %o', async (headers, hsts) => {
    const port = await startHttps(headers as Record<string, string>);
    expect(await httpsAt(NAME, [HERE], isAllowed, port)).toEqual({ answers: true, hsts });
  });

  test('none if nothing listens, and unknown if nothing may connect', async () => {
    expect(await httpsAt(NAME, [HERE], isAllowed, await freePort())).toEqual({ answers: false, hsts: false });
    expect(await httpsAt(NAME, [HERE], isBlocked, await startHttps())).toBeUndefined();
  });
});

const programs = ['named', 'dig', 'dnssec-keygen'].map(requireProgram);

test.skipIf(programs.includes(undefined))('records and signed zones of the original', async () => {
  const world = await startSignedWorld(closing);
  const factsOf = (name: string) => originalFacts(name, { resolvers: [world], blockedReason: isBlocked });
  const signed = await factsOf('tracker.signedsite.example');
  expect(signed).toMatchObject({ signedZone: 'signedsite.example', hasMx: false, texts: [], https: undefined });
  expect([...signed.ipv4!, ...signed.ipv6!].map(formatIp)).toEqual(['198.51.100.69', '2001:db8:f00::69']);
  const plain = await factsOf('popular.example');
  expect(plain).toMatchObject({ signedZone: null, hasMx: true, cname: undefined, texts: ['v=spf1 mx -all'] });
  expect((await factsOf('www.plain.example')).cname).toBe('site.cdn.plain.example');
});
