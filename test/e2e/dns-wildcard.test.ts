/** Listening on all addresses, without the transport that chooses the source of an answer: clients ignore any other source. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parsePrefix } from '../../src/domain/ip-address.js';
import { ownNetwork } from '../support/own-network.js';
import { type Closing, question, startRedirect } from '../unit/dns-redirect/running-redirect.js';

const CLIENT = { udp4: '203.0.113.9', udp6: '2001:db8:100::9' };
const SERVERS = ['203.0.113.53', '203.0.113.54', '2001:db8:100::53', '2001:db8:100::54'];
const network = await ownNetwork({ interfaces: [...Object.values(CLIENT), ...SERVERS], reachable: [] });

const closing: Closing[] = [];
let port: number;

describe.skipIf(network === undefined)('all addresses', () => {
  beforeAll(async () => {
    const redirect = await startRedirect(closing, {
      listen: [{ host: '0.0.0.0', port: 0 }],
      upstreamResolvers: [],
      allowQueries: ['203.0.113.0/24', '2001:db8:100::/48'].map(parsePrefix),
    });
    ({ port } = redirect.addresses[0]!);
    await startRedirect(closing, {
      listen: [{ host: '::', port }],
      upstreamResolvers: [],
      allowQueries: ['2001:db8:100::/48'].map(parsePrefix),
    });
  });
  afterAll(async () => {
    for (const close of closing) await close();
    network!.leave();
  });

  test.each(SERVERS)('%s answers from there', async (server) => {
    const type = server.includes(':') ? 'udp6' : 'udp4';
    const socket = createSocket(type);
    const answered = once(socket, 'message') as Promise<[unknown, { address: string }]>;
    socket.bind(0, CLIENT[type], () => socket.send(question('linuxtracker.example'), port, server));
    const [, from] = await answered;
    socket.close();
    expect(from.address).toBe(server);
  });
});
