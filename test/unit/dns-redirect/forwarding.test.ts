import { createSocket } from 'node:dgram';
import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { frameMessage } from '../../../src/dns-redirect/wire/message-stream.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import {
  answerWith,
  askTcp,
  askUdp,
  type Closing,
  question,
  startRedirect,
  startResolver,
} from './running-redirect.js';

/** After this a resolver that does not answer is given up. */
const SILENT_MS = 200;
const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(upstreamResolvers: Endpoint[], attemptTimeoutMs = 5_000) {
  const redirect = await startRedirect(closing, { upstreamResolvers, attemptTimeoutMs });
  return { redirect, server: redirect.addresses[0]! };
}

const probes = (asked: string[]) => asked.filter((name) => !name.endsWith('.test'));

describe('what passes', () => {
  test('the query byte for byte but for a fresh id, and the answer likewise', async () => {
    const seen: Buffer[] = [];
    const resolver = await startResolver(closing, (query, packet) => {
      if (query.questions![0]!.name.endsWith('.test')) return undefined;
      seen.push(packet);
      return answerWith(query, '192.0.2.7', {
        additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 1232, flags: 0, options: [] }],
      });
    });
    const { server, redirect } = await start([resolver]);
    const options = [{ code: 10, data: Buffer.from('cookie!!') }];
    const sent = question('MiXeD.example', 'TXT', {
      additionals: [{ name: '.', type: 'OPT', udpPayloadSize: 4096, flags: 0x8000, options }],
    });
    const answers = [await askUdp(server, sent), await askUdp(server, sent)];
    expect(seen[0]!.subarray(2)).toEqual(sent.subarray(2));
    expect(new Set([4711, ...seen.map((packet) => packet.readUInt16BE(0))]).size).toBeGreaterThan(1);
    expect(decode(answers[0]!)).toMatchObject({ id: 4711, answers: [{ name: 'MiXeD.example', data: '192.0.2.7' }] });
    expect(redirect.counters()).toMatchObject({ forwarded: 2, byType: { TXT: 2 } });
  });

  test('names that are not text', async () => {
    const resolver = await startResolver(closing, (_, packet) => {
      const answer = Buffer.from(packet);
      answer[2] = 0x81;
      return answer;
    });
    const { server } = await start([resolver]);
    const odd = Buffer.from('000101000001000000000000' + '02ff2e00' + '00010001', 'hex');
    expect((await askUdp(server, odd))!.subarray(4)).toEqual(odd.subarray(4));
  });

  test('truncation, so that the client asks over TCP and so do we', async () => {
    const resolver = await startResolver(closing, (query, _, transport) =>
      transport === 'udp' ? answerWith(query, '', { flags: 0x0380, answers: [] }) : answerWith(query, '192.0.2.8'),
    );
    const { server } = await start([resolver]);
    expect(decode((await askUdp(server, question('big.example')))!)).toMatchObject({ flag_tc: true, answers: [] });
    const [answer] = await askTcp(server, frameMessage(question('big.example')), { count: 1 });
    expect(decode(answer!).answers).toMatchObject([{ data: '192.0.2.8' }]);
  });

  test('not what is longer than the client said it takes', async () => {
    const resolver = await startResolver(closing, (query) => {
      const name = query.questions![0]!.name;
      const answers = Array.from({ length: 60 }, () => ({ name, type: 'A', ttl: 1, data: '192.0.2.1' }));
      return answerWith(query, '', { answers });
    });
    const { server } = await start([resolver]);
    const answer = (await askUdp(server, question('long.example')))!;
    expect(answer.length).toBeLessThan(512);
    expect(decode(answer)).toMatchObject({ flag_tc: true, answers: [] });
  });
});

describe('resolvers that fail', () => {
  const silent = () => startResolver(closing, () => undefined);
  const good = (asked: string[] = []) =>
    startResolver(closing, (query) => {
      asked.push(query.questions![0]!.name);
      return answerWith(query, '192.0.2.9');
    });

  test('a silent one is followed by the next and asked last for a while', async () => {
    const asked: string[] = [];
    const first = await startResolver(closing, (query) => {
      asked.push(query.questions![0]!.name);
      return undefined;
    });
    const { server } = await start([first, await good()], SILENT_MS);
    for (const name of ['one.example', 'two.example', 'three.example']) {
      expect(decode((await askUdp(server, question(name)))!).answers).toHaveLength(1);
    }
    expect(probes(asked)).toEqual(['one.example']);
  });

  test('one that nobody listens at costs no waiting', async () => {
    const { server } = await start([{ host: '127.0.0.1', port: 1 }, await good()]);
    expect(decode((await askUdp(server, question('a.example')))!).answers).toHaveLength(1);
  });

  test('SERVFAIL and REFUSED are not the last word, NXDOMAIN is', async () => {
    const asked: string[] = [];
    const unwilling = await startResolver(closing, (query) => {
      const rcode = { 'servfail.example': 2, 'refused.example': 5 }[query.questions![0]!.name] ?? 3;
      return answerWith(query, '', { flags: 0x0180 | rcode, answers: [] });
    });
    const { server } = await start([unwilling, await good(asked)]);
    const rcode = async (name: string) => (await askUdp(server, question(name)))![3]! & 15;
    expect(await rcode('servfail.example')).toBe(0);
    expect(await rcode('refused.example')).toBe(0);
    expect(await rcode('nothing.example')).toBe(3);
    expect(probes(asked)).toEqual(['servfail.example', 'refused.example']);
  });

  test('when all fail: SERVFAIL with the question, and the server goes on', async () => {
    const { server, redirect } = await start([await silent(), await silent()], SILENT_MS);
    const answer = decode((await askUdp(server, question('lost.example')))!);
    expect(answer).toMatchObject({ rcode: 'SERVFAIL', questions: [{ name: 'lost.example' }] });
    expect(redirect.counters().failed).toBe(1);
    expect(decode((await askUdp(server, question('linuxtracker.example')))!).answers).toHaveLength(1);
    const [overTcp] = await askTcp(server, frameMessage(question('lost.example')), { count: 1 });
    expect(decode(overTcp!).rcode).toBe('SERVFAIL');
  });
});

describe('forged answers', () => {
  test('with another id, another question, or from another place are not believed', async () => {
    const resolver = await startResolver(closing, (query) => {
      const name = query.questions![0]!.name;
      const real = answerWith(query, '192.0.2.1');
      const wrongId = answerWith(query, '203.0.113.66');
      wrongId.writeUInt16BE(query.id! ^ 1, 0);
      const wrongQuestion = encode({
        id: query.id!,
        type: 'response',
        questions: [{ name: `x${name.slice(1)}`, type: 'A' }],
        answers: [{ name, type: 'A', ttl: 1, data: '203.0.113.66' }],
      });
      const noResponse = answerWith(query, '203.0.113.66');
      noResponse[2] = 0;
      return [Buffer.from('x'), wrongId, wrongQuestion, noResponse, real];
    });
    const { server } = await start([resolver]);
    const answer = decode((await askUdp(server, question('victim.example')))!);
    expect(answer.answers).toMatchObject([{ data: '192.0.2.1' }]);
  });
});

describe('loops', () => {
  test('a resolver that asks us again is found and not used', async () => {
    // A plain relay in front of our own port: what a resolver that forwards to us looks like from here.
    const relay = createSocket('udp4');
    let relayed = 0;
    let target = 0;
    relay.on('message', (packet, from) => {
      relayed++;
      const out = createSocket('udp4');
      out.on('message', (answer) => {
        relay.send(answer, from.port, from.address);
        out.close();
      });
      out.send(packet, target, '127.0.0.1');
      closing.push(() =>
        Promise.resolve()
          .then(() => out.close())
          .catch(() => undefined),
      );
    });
    await new Promise<void>((resolve) => relay.bind(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => relay.close(() => resolve(undefined))));
    const looping = { host: '127.0.0.1', port: relay.address().port };
    const warnings: string[] = [];
    const log = { debug: () => {}, info: () => {}, warn: (_: object, message: string) => warnings.push(message) };
    const resolver = await startResolver(closing, (query) => answerWith(query, '192.0.2.2'));
    const redirect = await startRedirect(closing, { upstreamResolvers: [looping, resolver], log });
    target = redirect.addresses[0]!.port;
    await redirect.probeLoops();
    expect(warnings[0]).toMatch(/forwards to this server/);
    relayed = 0;
    const answer = decode((await askUdp(redirect.addresses[0]!, question('a.example')))!);
    expect(answer.answers).toMatchObject([{ data: '192.0.2.2' }]);
    expect(relayed).toBe(0);
  });
});

test('too much at once is turned away, not piled up', async () => {
  const resolver = await startResolver(closing, () => undefined);
  const { server, redirect } = await start([resolver], 2_000);
  const same = Array.from({ length: 70 }, (_, i) => frameMessage(question('same.example', 'A', { id: i })));
  const answers = (
    await Promise.all(
      [0, 1, 2].map((i) => askTcp(server, Buffer.concat(same.slice(i * 30, (i + 1) * 30)), { halfClose: true })),
    )
  ).flat();
  expect(answers.map((each) => decode(each).rcode)).toEqual(same.map(() => 'SERVFAIL'));
  expect(redirect.counters()).toMatchObject({ overloaded: 6, failed: 64 });
});

describe('a resolver that this machine cannot send to', () => {
  // The kernel refuses both at connect, before anything is sent: a socket may not broadcast by default, and an IPv6
  // socket that is bound to one machine-local scope has no route to a multicast address without an interface.
  const unreachable: Endpoint[] = [
    { host: '255.255.255.255', port: 53 },
    { host: '::ffff:255.255.255.255', port: 53 },
  ];

  test.each(unreachable)(
    '$host: the client gets SERVFAIL, over UDP and TCP, and the server goes on',
    async (resolver) => {
      const { server, redirect } = await start([resolver]);
      for (let i = 0; i < 3; i++) {
        const answer = await askUdp(server, question('other.example'));
        expect(decode(answer!)).toMatchObject({ id: 4711, rcode: 'SERVFAIL' });
      }
      const [overTcp] = await askTcp(server, frameMessage(question('other.example')), { count: 1 });
      expect(decode(overTcp!)).toMatchObject({ rcode: 'SERVFAIL' });
      expect(redirect.counters()).toMatchObject({ failed: 4 });
      expect(decode((await askUdp(server, question('linuxtracker.example')))!).answers).toHaveLength(1);
    },
  );

  test.each(unreachable)('$host: the next resolver answers', async (resolver) => {
    const working = await startResolver(closing, (query) => answerWith(query, '192.0.2.7'));
    const { server } = await start([resolver, working]);
    expect(decode((await askUdp(server, question('other.example')))!).answers).toMatchObject([{ data: '192.0.2.7' }]);
  });
});
