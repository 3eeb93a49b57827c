/**
 * The name of an original tracker is redirected to the alias tracker for everybody inside the network. The exchange must
 * still reach the original, and must notice when it would not.
 */
import { createServer } from 'node:tls';
import { afterEach, expect, test } from 'vitest';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { createNameResolver } from '../../../src/net/name-resolver.js';
import { startRedirect } from '../dns-redirect/running-redirect.js';
import {
  type Closing,
  clock,
  infoHash,
  joinSwarm,
  portsOf,
  startExchange,
  startNames,
  startTracker,
} from './original-tracker.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const request = { family: 4, want: 50 } as const;

/**
 * `tracker.example` is really 127.0.0.1, if the original tracker listens; the redirection says 127.0.0.99, if the
 * alias tracker would listen on the same port.
 */
async function world() {
  const original = await startTracker(closing);
  await joinSwarm(original, [7001, 7002]);
  const names = await startNames(closing, { 'tracker.example': { address: '127.0.0.1' } });
  const redirect = await startRedirect(closing, {
    policy: compileRedirectPolicy({
      sites: [],
      trackers: [{ name: 'tracker.example' }],
      mirrorAddresses: [],
      trackerAddresses: [parseIp('127.0.0.99')],
    }),
    upstreamResolvers: [names.endpoint],
    clock,
  });
  const udpPort = Number(new URL(original.udpUrl).port);
  const httpPort = Number(new URL(original.httpUrl).port);
  return {
    original,
    names,
    redirect,
    urls: [`udp://tracker.example:${udpPort}/announce`, `http://tracker.example:${httpPort}/announce`],
    ownEndpoints: () => [
      { host: '127.0.0.99', port: udpPort },
      { host: '127.0.0.99', port: httpPort },
    ],
  };
}

test('asked past the redirection, the original tracker answers', async () => {
  const { names, redirect, urls, ownEndpoints } = await world();
  // Everybody else is led to the alias tracker:
  expect(await createNameResolver(redirect.addresses, clock).addresses('tracker.example')).toEqual([
    parseIp('127.0.0.99'),
  ]);
  const { exchange, received } = startExchange(closing, { resolver: names.resolver, ownEndpoints });
  const outcome = await exchange.request(infoHash, urls, request);
  expect(outcome.trackers.map(({ result }) => result)).toEqual(['answered', 'answered']);
  expect(received.map(({ peers }) => portsOf(peers))).toEqual([
    [7001, 7002],
    [7001, 7002],
  ]);
});

test('asked through the redirection, it would ask itself: refused, with one clear warning', async () => {
  const { original, redirect, urls, ownEndpoints } = await world();
  const warnings: object[] = [];
  const { exchange, received } = startExchange(closing, {
    resolver: createNameResolver(redirect.addresses, clock),
    ownEndpoints,
    log: { debug: () => {}, warn: (fields) => warnings.push(fields) },
  });
  for (let i = 0; i < 3; i++) {
    const outcome = await exchange.request(infoHash, [urls[0]!], request);
    expect(outcome.trackers).toMatchObject([{ result: 'own-address', peers: 0 }]);
  }
  expect(warnings).toHaveLength(1);
  expect(JSON.stringify(warnings)).toContain('upstream.resolvers');
  expect(exchange.counters()).toMatchObject({ ownAddress: 3, answered: 0 });
  expect(original.announces).toEqual([]);
  expect(received).toEqual([]);
});

test('an own address without a port counts for every port', async () => {
  const { redirect, urls } = await world();
  const { exchange } = startExchange(closing, {
    resolver: createNameResolver(redirect.addresses, clock),
    ownEndpoints: () => [{ host: '127.0.0.99' }],
  });
  const outcome = await exchange.request(infoHash, urls, request);
  expect(outcome.trackers.map(({ result }) => result)).toEqual(['own-address', 'own-address']);
});

test("HTTPS keeps the tracker's name for the certificate", async () => {
  const asked: string[] = [];
  // Without a certificate the handshake fails, but the name has been sent by then.
  const server = createServer({
    SNICallback: (name, done) => {
      asked.push(name);
      done(new Error('no certificate'));
    },
  });
  server.on('tlsClientError', () => {});
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closing.push(() => new Promise((resolve) => server.close(resolve)));
  const { port } = server.address() as { port: number };
  const names = await startNames(closing, { 'secure.example': { address: '127.0.0.1' } });
  const { exchange } = startExchange(closing, { resolver: names.resolver });
  const outcome = await exchange.request(infoHash, [`https://secure.example:${port}/announce`], request);
  expect(outcome.trackers[0]!.result).toBe('failed');
  expect(asked).toEqual(['secure.example']);
});

test('names are looked up once while their answer lives, failures too', async () => {
  let nowMs = 0;
  const names = await startNames(closing, { 'tracker.example': { address: '127.0.0.1' } });
  const resolver = createNameResolver([names.endpoint], { nowMs: () => nowMs });
  const asksAfter = async (ms: number, name: string) => {
    nowMs += ms;
    const before = names.asked.length;
    await resolver.addresses(name).catch(() => undefined);
    return names.asked.length > before;
  };
  expect(await asksAfter(0, 'tracker.example')).toBe(true);
  expect(await asksAfter(59_000, 'tracker.example')).toBe(false);
  expect(await asksAfter(1_001, 'tracker.example')).toBe(true);
  expect(await asksAfter(0, 'nothing.example')).toBe(true);
  expect(await asksAfter(29_000, 'nothing.example')).toBe(false);
  expect(await asksAfter(1_001, 'nothing.example')).toBe(true);
  await expect(resolver.addresses('nothing.example')).rejects.toThrow(/cannot resolve nothing.example/);
});

test('localhost is this machine in the lab only', async () => {
  const original = await startTracker(closing);
  const url = original.httpUrl.replace('127.0.0.1', 'localhost');
  const { exchange } = startExchange(closing);
  expect((await exchange.request(infoHash, [url], request)).trackers[0]!.result).toBe('answered');
  const outside = startExchange(closing, { lab: false });
  expect((await outside.exchange.request(infoHash, [url], request)).trackers[0]!.result).toBe('unresolvable');
});
