/** Who may ask, how often, and over how many connections; and what of EDNS belongs to one hop. */
import { connect } from 'node:net';
import { type DnsMessage, decode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { ServerCookies } from '../../../src/dns-redirect/serve/server-cookies.js';
import { DnsQuery, readQuery } from '../../../src/dns-redirect/wire/dns-query.js';
import { frameMessage } from '../../../src/dns-redirect/wire/message-stream.js';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { RemoteAddress } from '../../../src/transport/transport.js';
import { eventually } from '../../support/eventually.js';
import { labRules } from './lab-policy.js';
import {
  answerWith,
  askTcp,
  askUdp,
  type Closing,
  question,
  type RedirectOptions,
  startRedirect,
  startResolver,
} from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function started(options: Partial<RedirectOptions> = {}) {
  const resolver = await startResolver(closing, (query) => answerWith(query, '192.0.2.99'));
  const redirect = await startRedirect(closing, { upstreamResolvers: [resolver], ...options });
  return { redirect, server: redirect.addresses[0]! };
}

const opt = (...options: { code: number; data: Buffer }[]) => ({
  additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 1_232, flags: 0, options }],
});
const optionsOf = (answer: DnsMessage) =>
  (answer.additionals as unknown as { options: { code: number; data: Buffer }[] }[])[0]!.options;
const ask = async (server: Endpoint, ...words: Parameters<typeof question>) =>
  decode((await askUdp(server, question(...words)))!);

describe('strangers', () => {
  test('are refused over UDP and TCP, with the reason and no more bytes than that takes', async () => {
    const { server, redirect } = await started({ allowQueries: [parsePrefix('203.0.113.0/24')] });
    const sent = question('linuxtracker.example', 'A', opt());
    const packet = (await askUdp(server, sent))!;
    expect(decode(packet)).toMatchObject({ rcode: 'REFUSED', answers: [] });
    expect(optionsOf(decode(packet))).toMatchObject([{ code: 15, data: Buffer.of(0, 18) }]);
    expect(packet.length).toBeLessThanOrEqual(sent.length + 6);
    const [overTcp] = await askTcp(server, frameMessage(question('other.example')), { count: 1 });
    expect(decode(overTcp!).rcode).toBe('REFUSED');
    expect(redirect.counters()).toMatchObject({ notAllowed: 2, redirected: 0, forwarded: 0 });
  });
});

describe('a client that asks too often', () => {
  test('gets no more than its question over UDP, and ten times the rate over TCP', async () => {
    let [nowMs, stepMs] = [0, 0];
    const clock = {
      nowMs: () => {
        nowMs += stepMs;
        return nowMs;
      },
    };
    const { server, redirect } = await started({ clock, queriesPerSecond: 5 });
    for (let i = 0; i < 10; i++) expect(await ask(server, 'linuxtracker.example')).toMatchObject({ flag_tc: false });
    const sent = question('linuxtracker.example');
    const truncated = (await askUdp(server, sent))!;
    expect(decode(truncated)).toMatchObject({ flag_tc: true, answers: [] });
    expect(truncated.length).toBe(sent.length);
    expect(redirect.counters().rateLimited).toBe(1);
    const answersOverTcp = async (count: number): Promise<number> => {
      const queries = Array.from({ length: count }, (_, id) =>
        frameMessage(question('linuxtracker.example', 'A', { id })),
      );
      const answers = await askTcp(server, Buffer.concat(queries), { halfClose: true });
      return answers.filter((packet) => decode(packet).answers!.length === 1).length;
    };
    // The tokens of a TCP client are not those of UDP: two seconds at 50 queries a second.
    expect(await answersOverTcp(100)).toBe(100);
    expect(redirect.limitedPrefixes()).toEqual([{ prefix: '127.0.0.1/32', proven: false, questions: 1 }]);
    // Now each reading of the clock refills a quarter of a token, so the connection has to wait.
    stepMs = 5;
    expect(await answersOverTcp(30)).toBe(30);
    expect(redirect.limitedPrefixes().filter(({ proven }) => proven)).toHaveLength(1);
  });

  test('is counted by prefix, may have a rate of its own, and is not limited if it is a trusted resolver', async () => {
    const clock = { nowMs: () => 0 };
    const truncatedOf = async (options: Partial<RedirectOptions>): Promise<number> => {
      const { server } = await started({ clock, queriesPerSecond: 1, ...options });
      const all = await Promise.all(Array.from({ length: 8 }, () => ask(server, 'linuxtracker.example')));
      return all.filter(({ flag_tc }) => flag_tc).length;
    };
    expect(await truncatedOf({})).toBe(6);
    const loopback = parsePrefix('127.0.0.0/8');
    expect(await truncatedOf({ trustedResolvers: [loopback] })).toBe(0);
    const rateLimits = [
      { prefix: loopback, queriesPerSecond: 3 },
      { prefix: parsePrefix('127.0.0.0/16'), queriesPerSecond: 2 },
      { prefix: parsePrefix('203.0.113.0/24'), queriesPerSecond: 100 },
    ];
    expect(await truncatedOf({ rateLimits })).toBe(4);
  });
});

describe('TCP connections', () => {
  test('beyond the share of a client close the one of it that is idle for longest', async () => {
    let nowMs = 0;
    const { server, redirect } = await started({ clock: { nowMs: () => ++nowMs } });
    const closed: number[] = [];
    const open = async (i: number) => {
      const socket = connect(server);
      closing.push(async () => socket.destroy());
      socket.on('error', () => {});
      socket.on('close', () => closed.push(i));
      const answered = new Promise((resolve) => socket.once('data', resolve));
      socket.write(frameMessage(question('linuxtracker.example')));
      await answered;
    };
    for (let i = 0; i < 34; i++) await open(i);
    await eventually('two are closed', () => closed.length >= 2);
    expect(closed).toEqual([0, 1]);
    expect(redirect.counters().connectionsCrowded).toBe(2);
  });

  test('tell a client that asks how long they may be idle', async () => {
    const { server } = await started();
    const sent = question('linuxtracker.example', 'A', opt({ code: 11, data: Buffer.alloc(0) }));
    const [overTcp] = await askTcp(server, frameMessage(sent), { count: 1 });
    const keepalive = optionsOf(decode(overTcp!)).find(({ code }) => code === 11);
    expect(keepalive).toMatchObject({ timeout: 100 });
    const overUdp = decode((await askUdp(server, sent))!);
    expect(optionsOf(overUdp).map(({ code }) => code)).not.toContain(11);
  });
});

describe('cookies', () => {
  const read = (cookie: string): DnsQuery => {
    const packet = question('example.com', 'A', opt({ code: 10, data: Buffer.from(cookie, 'hex') }));
    const query = new DnsQuery();
    expect(readQuery(query, packet, 0, packet.length)).toBe(0);
    return query;
  };
  const clientAt = (address: string): RemoteAddress => {
    const client = new RemoteAddress();
    client.word0 = parseIp(address).words[0]!;
    return client;
  };

  test('get a new secret every day, and those of the previous one count for an hour', () => {
    const DAY = 86_400;
    let secrets = 0;
    let nowSeconds = 1_700_000_000;
    const cookies = new ServerCookies(
      () => new Uint8Array(16).fill(++secrets),
      () => nowSeconds,
    );
    const client = clientAt('198.51.100.100');
    const cookieOfNow = (): string => {
      const output = Buffer.alloc(24);
      cookies.put(read('2464c4abcf10c957'), client, output, 0);
      return output.toString('hex');
    };
    nowSeconds += DAY - 1;
    const last = cookieOfNow();
    expect(secrets).toBe(1);
    nowSeconds += 1;
    const first = cookieOfNow();
    expect(secrets).toBe(2);
    const forged = new ServerCookies(
      () => new Uint8Array(16).fill(1),
      () => nowSeconds,
    );
    expect(cookies.isProven(read(last), client)).toBe(true);
    expect(cookies.isProven(read(first), client)).toBe(true);
    nowSeconds += 3_599;
    expect(cookies.isProven(read(last), client)).toBe(true);
    nowSeconds += 2;
    expect(cookies.isProven(read(last), client)).toBe(false);
    // The first secret counts no more, even with the current time.
    const output = Buffer.alloc(24);
    forged.put(read('2464c4abcf10c957'), client, output, 0);
    expect(cookies.isProven(read(output.toString('hex')), client)).toBe(false);
    nowSeconds += DAY;
    expect(cookies.isProven(read(first), client)).toBe(false);
    expect(cookies.isProven(read(cookieOfNow()), client)).toBe(true);
    expect(secrets).toBe(3);
  });

  /** RFC 9018 appendix A.1 and A.2. */
  test('are those of the standard', () => {
    const key = Buffer.from('e5e973e5a6b2a43f48e7dc849e37bfcf', 'hex');
    let nowSeconds = 1_559_731_985;
    const cookies = new ServerCookies(
      () => key,
      () => nowSeconds,
    );
    const client = clientAt('198.51.100.100');
    const output = Buffer.alloc(24);
    cookies.put(read('2464c4abcf10c957'), client, output, 0);
    expect(output.toString('hex')).toBe('2464c4abcf10c957010000005cf79f111f8130c3eee29480');
    expect(cookies.isProven(read('2464c4abcf10c957010000005cf79f111f8130c3eee29480'), client)).toBe(true);
    expect(cookies.isProven(read('2464c4abcf10c957010000005cf79f111f8130c3eee29481'), client)).toBe(false);
    expect(cookies.isProven(read('2464c4abcf10c957'), client)).toBe(false);
    nowSeconds += 3_601;
    expect(cookies.isProven(read('2464c4abcf10c957010000005cf79f111f8130c3eee29480'), client)).toBe(false);
    nowSeconds -= 3_601;
    client.word0++;
    expect(cookies.isProven(read('2464c4abcf10c957010000005cf79f111f8130c3eee29480'), client)).toBe(false);
  });
});

describe('a client that returns our cookie, so that its address is not forged', () => {
  const CLIENT_COOKIE = Buffer.from('2464c4abcf10c957', 'hex');
  const withCookie = (data: Buffer, udpPayloadSize: number) => ({
    additionals: [{ name: '.', type: 'OPT', udpPayloadSize, flags: 0, options: [{ code: 10, data }] }],
  });
  const cookieOf = async (server: Endpoint): Promise<Buffer> => {
    const answer = decode((await askUdp(server, question('x.example', 'A', withCookie(CLIENT_COOKIE, 512))))!);
    return optionsOf(answer).find(({ code }) => code === 10)!.data;
  };

  test('gets larger answers than others', async () => {
    const sizes = new Map([
      ['middle.example', 1_300],
      ['large.example', 1_600],
    ]);
    const resolver = await startResolver(closing, (query, _, transport) => {
      const { name } = query.questions![0]!;
      const data = Array.from({ length: (sizes.get(name) ?? 0) / 100 }, () => 'x'.repeat(99));
      const answers = [{ name, type: 'TXT' as const, ttl: 60, data }];
      return transport === 'udp' && sizes.has(name)
        ? answerWith(query, '192.0.2.1', { flags: 0x0380, answers: [] })
        : answerWith(query, '192.0.2.1', { answers });
    });
    const redirect = await startRedirect(closing, { upstreamResolvers: [resolver] });
    const [server] = redirect.addresses as [Endpoint];
    const truncated = async (name: string, cookie: Buffer): Promise<unknown> =>
      decode((await askUdp(server, question(name, 'TXT', withCookie(cookie, 4_096))))!).flag_tc;
    const proven = await cookieOf(server);
    expect(await truncated('middle.example', CLIENT_COOKIE)).toBe(true);
    expect(await truncated('middle.example', proven)).toBe(false);
    // More than Ethernet carries in one piece.
    expect(await truncated('large.example', proven)).toBe(true);
  });

  test('gets its cookie in a truncated answer too, so that a client over its rate can prove its address', async () => {
    const clock = { nowMs: () => 1_700_000_000_000 };
    const { server } = await started({ clock, queriesPerSecond: 1 });
    const sent = question('linuxtracker.example', 'A', withCookie(CLIENT_COOKIE, 1_232));
    let answer = decode((await askUdp(server, sent))!);
    for (let i = 0; i < 3 && !answer.flag_tc; i++) answer = decode((await askUdp(server, sent))!);
    expect(answer).toMatchObject({ flag_tc: true, answers: [] });
    const [cookie] = optionsOf(answer);
    expect(cookie).toMatchObject({ code: 10 });
    expect(cookie!.data.subarray(0, 8)).toEqual(CLIENT_COOKIE);
    expect(cookie!.data).toHaveLength(24);
    const proven = question('linuxtracker.example', 'A', withCookie(cookie!.data, 1_232));
    expect(decode((await askUdp(server, proven))!)).toMatchObject({ flag_tc: false });
    // A forged address gets at most the server cookie more than the query has.
    const SERVER_COOKIE_BYTES = 16;
    expect((await askUdp(server, sent))!.length).toBe(sent.length + SERVER_COOKIE_BYTES);
  });

  test('has a rate of its own, ten times that of its address, and both are shown', async () => {
    const clock = { nowMs: () => 1_700_000_000_000 };
    const { server, redirect } = await started({ clock, queriesPerSecond: 1 });
    const proven = await cookieOf(server);
    const truncatedOf = async (cookie: Buffer, count: number): Promise<number> => {
      const sent = question('linuxtracker.example', 'A', withCookie(cookie, 1_232));
      const answers = await Promise.all(
        Array.from({ length: count }, async () => decode((await askUdp(server, sent))!)),
      );
      return answers.filter(({ flag_tc }) => flag_tc).length;
    };
    // A burst is two seconds' worth; the first question took one of them.
    expect(await truncatedOf(CLIENT_COOKIE, 10)).toBe(9);
    expect(await truncatedOf(proven, 23)).toBe(3);
    expect(redirect.limitedPrefixes()).toEqual([
      { prefix: '127.0.0.1/32', proven: false, questions: 9 },
      { prefix: '127.0.0.1/32', proven: true, questions: 3 },
    ]);
  });
});

test('several addresses come first in turn', async () => {
  const mirrorAddresses = ['203.0.113.20', '203.0.113.21', '203.0.113.22'].map(parseIp);
  const { server } = await started({ policy: compileRedirectPolicy({ ...labRules, mirrorAddresses }) });
  const first = new Map<unknown, number>();
  for (let i = 0; i < 9; i++) {
    const { answers } = await ask(server, 'linuxtracker.example');
    expect(answers).toHaveLength(3);
    first.set(answers![0]!.data, (first.get(answers![0]!.data) ?? 0) + 1);
  }
  expect([...first.values()]).toEqual([3, 3, 3]);
});

test('a port of multicast DNS that is taken is named in the error', async () => {
  const { listenError } = await import('../../../src/net/listen-error.js');
  const error = listenError(
    { protocol: 'dns', host: '127.0.0.1', port: 5_353 },
    { code: 'EADDRINUSE', key: 'dnsRedirect.listen' },
  );
  expect(error.message).toMatch(/^dnsRedirect\.listen: .*multicast DNS \(mDNS\): avahi.*choose another/);
});
