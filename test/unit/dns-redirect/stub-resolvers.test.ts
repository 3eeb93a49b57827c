/** Resolvers inside programs of users: c-ares, as Node.js has it, in front of the redirection. */
import { Resolver } from 'node:dns/promises';
import { afterEach, expect, test } from 'vitest';
import { PATIENCE_MS } from '../../support/eventually.js';
import { answerWith, type Closing, startRedirect, startResolver } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

test('c-ares gets its answers, with a cookie of this hop although the resolver sends its own', async () => {
  const upstream = await startResolver(closing, (query) => {
    const options = [{ code: 10, data: Buffer.alloc(24, 7) }];
    return answerWith(query, '192.0.2.99', {
      additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 1_232, flags: 0, options }],
    });
  });
  const redirect = await startRedirect(closing, { upstreamResolvers: [upstream] });
  const { host, port } = redirect.addresses[0]!;
  // A client that does not accept the answer asks again, and gives up in the end.
  const resolver = new Resolver({ timeout: PATIENCE_MS, tries: 1 });
  resolver.setServers([`${host}:${port}`]);
  for (let i = 0; i < 3; i++) {
    expect(await resolver.resolve4('linuxtracker.example')).toEqual(['203.0.113.20']);
    expect(await resolver.resolve6('linuxtracker.example')).toEqual(['2001:db8:100::20']);
    expect(await resolver.resolve4('other.example')).toEqual(['192.0.2.99']);
  }
  await expect(resolver.resolve6('tracker.example.org')).rejects.toMatchObject({ code: 'ENODATA' });
  expect(redirect.counters()).toMatchObject({ queries: 10, overTcp: 0 });
});
