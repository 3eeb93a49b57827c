import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { frameMessage } from '../../../src/dns-redirect/wire/message-stream.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { labRules } from './lab-policy.js';
import {
  answerWith,
  askTcp,
  askUdp,
  type Closing,
  question,
  type RedirectOptions,
  settingsWith,
  startRedirect,
  startResolver,
} from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const OPT = { type: 'OPT' as const, name: '.', udpPayloadSize: 1_232, flags: 0, options: [] };

async function started(options: Partial<RedirectOptions> = {}) {
  const resolver = await startResolver(closing, (query) => answerWith(query, '192.0.2.99'));
  const redirect = await startRedirect(closing, { upstreamResolvers: [resolver], ...options });
  return { redirect, server: redirect.addresses[0]!, resolver };
}

describe('redirected names', () => {
  test('get the mirror address in the spelling of the question, with a short life', async () => {
    const { server, redirect } = await started();
    const answer = decode((await askUdp(server, question('LinuxTracker.EXAMPLE')))!);
    expect(answer).toMatchObject({ id: 4711, rcode: 'NOERROR', flag_ra: true, flag_rd: true, flag_aa: false });
    expect(answer.questions![0]!.name).toBe('LinuxTracker.EXAMPLE');
    expect(answer.answers).toMatchObject([{ name: 'LinuxTracker.EXAMPLE', type: 'A', ttl: 45, data: '203.0.113.20' }]);
    expect(redirect.counters()).toMatchObject({ redirected: 1, forwarded: 0, byType: { A: 1 } });
  });

  test('get the IPv6 address over TCP', async () => {
    const { server } = await started();
    const [answer] = await askTcp(server, frameMessage(question('www.linuxtracker.example', 'AAAA')), { count: 1 });
    expect(decode(answer!).answers).toMatchObject([{ type: 'AAAA', data: '2001:db8:100::20' }]);
  });

  test('have no HTTPS record, and the SOA says for how long', async () => {
    const { server } = await started();
    const query = question('www.linuxtracker.example', 'UNKNOWN_65');
    const answer = decode((await askUdp(server, query))!);
    expect(answer).toMatchObject({ rcode: 'NOERROR', answers: [] });
    expect(answer.authorities).toMatchObject([
      {
        name: 'linuxtracker.example',
        type: 'SOA',
        ttl: 45,
        data: { serial: 7, refresh: 3_600, retry: 600, expire: 86_400, minimum: 45 },
      },
    ]);
  });

  test('repeat EDNS and its DO bit, and refuse versions that are not known', async () => {
    const { server } = await started();
    const plain = decode((await askUdp(server, question('linuxtracker.example')))!);
    expect(plain.additionals).toEqual([]);
    const withDo = question('linuxtracker.example', 'A', { additionals: [{ ...OPT, flags: 0x8000 }] });
    const answer = decode((await askUdp(server, withDo))!);
    expect(answer.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232, flag_do: true }]);
    const versionOne = Buffer.from(withDo);
    versionOne[versionOne.length - 5] = 1; // the version, six bytes before the end of an empty OPT, less one of DO
    const packet = (await askUdp(server, versionOne))!;
    expect(packet[3]! & 15).toBe(0);
    expect(packet[packet.length - 6]).toBe(1); // upper bits of BADVERS (16)
  });

  test('that do not fit a datagram come truncated, and whole over TCP', async () => {
    const many = Array.from({ length: 40 }, (_, i) => parseIp(`203.0.113.${i + 1}`));
    const policy = compileRedirectPolicy({ ...labRules, mirrorAddresses: many });
    const { server } = await started({ policy });
    const small = decode((await askUdp(server, question('linuxtracker.example')))!);
    expect(small).toMatchObject({ flag_tc: true, answers: [] });
    const large = decode((await askUdp(server, question('linuxtracker.example', 'A', { additionals: [OPT] })))!);
    expect(large.flag_tc).toBe(false);
    expect(large.answers).toHaveLength(40);
    const [tcp] = await askTcp(server, frameMessage(question('linuxtracker.example')), { count: 1 });
    expect(decode(tcp!).answers).toHaveLength(40);
  });

  test('follow a new policy and the health of their target at once', async () => {
    let healthy = true;
    const { server, redirect, resolver } = await started({ state: { isHealthy: () => healthy, isOpen: () => true } });
    const address = async () => decode((await askUdp(server, question('linuxtracker.example')))!).answers![0]!.data;
    expect(await address()).toBe('203.0.113.20');
    healthy = false;
    expect(await address()).toBe('192.0.2.99');
    expect(redirect.counters().withdrawn).toBe(1);
    healthy = true;
    const policy = compileRedirectPolicy({ ...labRules, mirrorAddresses: [parseIp('203.0.113.99')] });
    redirect.setSettings(settingsWith({ policy, upstreamResolvers: [resolver] }));
    expect(await address()).toBe('203.0.113.99');
  });

  test('lead to the original for clients that are not listed', async () => {
    const { server } = await started({ listen: [{ host: '::1', port: 0 }] });
    const answer = decode((await askUdp(server, question('linuxtracker.example')))!);
    expect(answer.answers).toMatchObject([{ data: '192.0.2.99' }]);
  });
});

describe('bad input', () => {
  test('is answered with the fitting error or not at all, and the server goes on', async () => {
    const { server, redirect } = await started();
    const good = question('linuxtracker.example');
    const rcode = async (packet: Buffer, waitMs?: number) => (await askUdp(server, packet, waitMs))?.[3];
    const response = Buffer.from(good);
    response[2] = 0x81;
    const notify = Buffer.from(good);
    notify[2] = 0x20;
    const twoQuestions = encode({
      id: 1,
      type: 'query',
      questions: [
        { name: 'a.example', type: 'A' },
        { name: 'b.example', type: 'A' },
      ],
    });
    expect(await rcode(Buffer.from('hello'), 200)).toBeUndefined();
    expect(await rcode(Buffer.alloc(0), 200)).toBeUndefined();
    expect(await rcode(response, 200)).toBeUndefined();
    expect((await rcode(notify))! & 15).toBe(4);
    expect((await rcode(good.subarray(0, 14)))! & 15).toBe(1);
    expect((await rcode(twoQuestions))! & 15).toBe(1);
    expect((await rcode(Buffer.concat([good, Buffer.of(0)])))! & 15).toBe(1);
    expect((await rcode(question('linuxtracker.example', 'AXFR')))! & 15).toBe(5);
    expect(redirect.counters()).toMatchObject({ malformed: 7, refused: 1 });
    expect(decode((await askUdp(server, good))!).answers).toHaveLength(1);
  });

  test('over TCP ends the connection', async () => {
    const { server } = await started();
    const tooLong = Buffer.concat([Buffer.of(0xff, 0xff), Buffer.alloc(100)]);
    expect(await askTcp(server, tooLong)).toEqual([]);
    expect(await askTcp(server, Buffer.of(0, 3, 1, 2, 3))).toEqual([]);
  });
});

describe('TCP', () => {
  test('answers pipelined queries, also after the client closed its half', async () => {
    const { server } = await started();
    const queries = Array.from({ length: 100 }, (_, i) =>
      frameMessage(question(i % 2 === 0 ? 'linuxtracker.example' : `n${i}.example`, 'A', { id: i })),
    );
    const answers = await askTcp(server, Buffer.concat(queries), { halfClose: true });
    expect(answers.map((each) => each.readUInt16BE(0)).sort((a, b) => a - b)).toEqual(queries.map((_, i) => i));
  });

  test('closes idle connections', async () => {
    const { server } = await started({ tcpIdleTimeoutMs: 100 });
    expect(await askTcp(server, Buffer.of(0))).toEqual([]);
  });
});

describe('limits and counting', () => {
  test('a server that names itself as its upstream does not start', async () => {
    const { redirect } = await started();
    const port = redirect.addresses[0]!.port;
    await redirect.stop();
    await expect(
      startRedirect(closing, {
        listen: [{ host: '0.0.0.0', port }],
        upstreamResolvers: [{ host: '127.0.0.1', port }],
      }),
    ).rejects.toThrow(/names this server itself/);
  });

  test('a port in use is an error that says what to do', async () => {
    const { server } = await started();
    await expect(startRedirect(closing, { listen: [server], upstreamResolvers: [] })).rejects.toThrow(/cannot listen/);
  });
});
