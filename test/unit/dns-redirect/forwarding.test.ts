import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, type Socket as TcpSocket } from 'node:net';
import { decode, encode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { frameMessage, MessageReader } from '../../../src/dns-redirect/wire/message-stream.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
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

/** After this another resolver is asked. */
const SILENT_MS = 200;
const OPT = { name: '.', type: 'OPT', udpPayloadSize: 4_096, flags: 0, options: [] };
const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function start(upstreamResolvers: Endpoint[], options: Partial<RedirectOptions> = {}) {
  const redirect = await startRedirect(closing, { upstreamResolvers, ...options });
  return { redirect, server: redirect.addresses[0]! };
}

const isProbe = (name: string) => name.endsWith('.test');
const probes = (asked: string[]) => asked.filter((name) => !isProbe(name));

/** A resolver that notes what it is asked. */
async function noting(respond: Parameters<typeof startResolver>[1] = (query) => answerWith(query, '192.0.2.9')) {
  const asked: string[] = [];
  const endpoint = await startResolver(closing, (query, packet, transport) => {
    asked.push(query.questions![0]!.name);
    return isProbe(query.questions![0]!.name) ? undefined : respond(query, packet, transport);
  });
  return { endpoint, asked };
}

const ask = async (server: Endpoint, ...words: Parameters<typeof question>) =>
  decode((await askUdp(server, question(...words)))!);

test('our addresses at the end of a chain come first in turn', async () => {
  const mirrorAddresses = ['203.0.113.20', '203.0.113.21', '203.0.113.22'].map(parseIp);
  const { endpoint } = await noting((query) => {
    const [name, data] = [query.questions![0]!.name, 'linuxtracker.example'];
    return answerWith(query, '', { answers: [{ name, type: 'CNAME', ttl: 60, data }] });
  });
  const { server } = await start([endpoint], { policy: compileRedirectPolicy({ ...labRules, mirrorAddresses }) });
  const first = new Set<unknown>();
  for (let i = 0; i < 3; i++) {
    const { answers } = await ask(server, 'alias.example');
    expect(answers!.map(({ type }) => type)).toEqual(['CNAME', 'A', 'A', 'A']);
    first.add(answers![1]!.data);
  }
  expect(first.size).toBe(3);
});

describe('what passes', () => {
  test('the question with a fresh id and an OPT record of this hop, and the answer likewise', async () => {
    const seen: Buffer[] = [];
    const { endpoint } = await noting((query, packet) => {
      seen.push(packet);
      return answerWith(query, '192.0.2.7', {
        flags: 0x01a0,
        additionals: [{ ...OPT, options: [{ code: 10, data: Buffer.from('theirs-and-a-cookie!') }] }],
      });
    });
    const { server, redirect } = await start([endpoint], { cacheBytes: 0 });
    const options = [
      { code: 10, data: Buffer.from('cookie!!') },
      { code: 8, data: Buffer.from([0, 1, 24, 0, 203, 0, 113]) },
    ];
    const sent = question('MiXeD.example', 'TXT', { additionals: [{ ...OPT, flags: 0x8000, options }] });
    const answers = [await askUdp(server, sent), await askUdp(server, sent)];
    for (const packet of seen) {
      const asked = decode(packet);
      expect(asked).toMatchObject({
        flag_rd: true,
        flag_ad: true,
        questions: [{ name: 'mixed.example', type: 'TXT' }],
      });
      expect(asked.additionals).toMatchObject([{ type: 'OPT', udpPayloadSize: 1_232, flag_do: true, options: [] }]);
    }
    expect(new Set([4711, ...seen.map((packet) => packet.readUInt16BE(0))]).size).toBeGreaterThan(1);
    const answer = decode(answers[0]!);
    expect(answer).toMatchObject({ id: 4711, flag_ad: true, answers: [{ name: 'MiXeD.example', data: '192.0.2.7' }] });
    const [opt] = answer.additionals as unknown as { options: { code: number; data: Buffer }[] }[];
    expect(opt).toMatchObject({ type: 'OPT', udpPayloadSize: 1_232, flag_do: true });
    // A cookie of this server, which begins with the client's.
    expect(opt!.options.map(({ code }) => code)).toEqual([10]);
    expect(opt!.options[0]!.data.subarray(0, 8).toString()).toBe('cookie!!');
    expect(opt!.options[0]!.data).toHaveLength(24);
    expect(redirect.counters()).toMatchObject({ forwarded: 2, byType: { TXT: 2 } });
  });

  test('the AD bit only for who asks for it, and no OPT record for who sends none', async () => {
    const { endpoint } = await noting((query) => answerWith(query, '192.0.2.7', { flags: 0x01a0, additionals: [OPT] }));
    const { server } = await start([endpoint]);
    expect(await ask(server, 'a.example')).toMatchObject({ flag_ad: false, additionals: [] });
    expect(await ask(server, 'a.example', 'A', { flags: 0x0120 })).toMatchObject({ flag_ad: true });
  });

  test('names that are not text', async () => {
    const { endpoint } = await noting((_, packet) => {
      const answer = Buffer.from(packet.subarray(0, packet.length - 11));
      answer[2] = 0x81;
      answer[11] = 0;
      return answer;
    });
    const { server } = await start([endpoint]);
    const odd = Buffer.from('000101000001000000000000' + '02ff2e00' + '00010001', 'hex');
    expect((await askUdp(server, odd))!.subarray(4)).toEqual(odd.subarray(4));
  });

  test('what does not fit a datagram is fetched over TCP, and truncated for who asks over UDP', async () => {
    const { endpoint, asked } = await noting((query, _, transport) => {
      if (transport === 'udp') return answerWith(query, '', { flags: 0x0380, answers: [] });
      const name = query.questions![0]!.name;
      const answers = Array.from({ length: 60 }, (__, i) => ({ name, type: 'A', ttl: 60, data: `192.0.2.${i}` }));
      return answerWith(query, '', { answers });
    });
    const { server } = await start([endpoint]);
    const small = (await askUdp(server, question('big.example')))!;
    expect(small.length).toBeLessThan(100);
    expect(decode(small)).toMatchObject({ flag_tc: true, answers: [] });
    const [answer] = await askTcp(server, frameMessage(question('big.example')), { count: 1 });
    expect(decode(answer!)).toMatchObject({ flag_tc: false });
    expect(decode(answer!).answers).toHaveLength(60);
    expect((await ask(server, 'big.example', 'A', { additionals: [OPT] })).answers).toHaveLength(60);
    expect(probes(asked)).toEqual(['big.example', 'big.example']);
  });

  test('over TCP, questions share connections, and one that the resolver closes costs no answer', async () => {
    const sockets = new Set<TcpSocket>();
    let opened = 0;
    let most = 0;
    const held: (() => void)[] = [];
    const tcp = createServer((socket) => {
      opened++;
      sockets.add(socket);
      most = Math.max(most, sockets.size);
      socket.on('error', () => {}).on('close', () => sockets.delete(socket));
      const reader = new MessageReader(0xffff);
      socket.on('data', (chunk) => {
        reader.push(chunk);
        for (let packet = reader.next(); packet; packet = reader.next()) {
          const answer = frameMessage(answerWith(decode(packet), '192.0.2.7'));
          held.push(() => socket.write(answer));
        }
      });
    });
    tcp.listen(0, '127.0.0.1');
    await once(tcp, 'listening');
    const { port } = tcp.address() as { port: number };
    const udp = createSocket('udp4').bind(port, '127.0.0.1');
    await once(udp, 'listening');
    closing.push(async () => {
      udp.close();
      tcp.close();
    });
    udp.on('message', (packet, from) => {
      const query = decode(packet);
      const truncated = answerWith(query, '', { flags: 0x0380, answers: [] });
      if (!isProbe(query.questions![0]!.name)) udp.send(truncated, from.port, from.address);
    });
    const { server } = await start([{ host: '127.0.0.1', port }]);
    const asked = Array.from({ length: 40 }, (_, i) => ask(server, `n${i}.example`));
    await eventually('all wait at once', () => held.length === 40);
    expect(most).toBeLessThanOrEqual(4);
    // In any order.
    for (const answer of held.splice(0).reverse()) answer();
    for (const answer of await Promise.all(asked)) expect(answer.answers).toMatchObject([{ data: '192.0.2.7' }]);
    const before = opened;
    const late = ask(server, 'late.example');
    await eventually('it waits', () => held.length === 1);
    expect(opened).toBe(before);
    held.splice(0);
    for (const socket of sockets) socket.destroy();
    await eventually('it is asked again', () => held.length === 1);
    held.splice(0)[0]!();
    expect((await late).answers).toMatchObject([{ data: '192.0.2.7' }]);
  });

  test('no datagram of more than 1,232 bytes, whatever the client says it takes', async () => {
    const { endpoint } = await noting((query) => {
      const name = query.questions![0]!.name;
      const answers = Array.from({ length: 80 }, () => ({ name, type: 'A', ttl: 1, data: '192.0.2.1' }));
      return answerWith(query, '', { answers });
    });
    const { server } = await start([endpoint]);
    expect(await ask(server, 'a.example', 'A', { additionals: [OPT] })).toMatchObject({ flag_tc: true, answers: [] });
  });

  test('a resolver that refuses EDNS is asked without it', async () => {
    const { endpoint, asked } = await noting((query) =>
      query.additionals!.length > 0
        ? answerWith(query, '', { flags: 0x0181, answers: [] })
        : answerWith(query, '192.0.2.5'),
    );
    const { server } = await start([endpoint]);
    expect((await ask(server, 'a.example')).answers).toMatchObject([{ data: '192.0.2.5' }]);
    expect((await ask(server, 'b.example')).answers).toMatchObject([{ data: '192.0.2.5' }]);
    expect(probes(asked)).toEqual(['a.example', 'a.example', 'b.example']);
  });

  test('nothing that is not a message', async () => {
    const { endpoint } = await noting((query) => {
      const answer = answerWith(query, '192.0.2.1');
      return query.questions![0]!.name === 'bad.example' ? answer.subarray(0, answer.length - 3) : answer;
    });
    const good = await noting();
    const { server } = await start([endpoint, good.endpoint]);
    expect((await ask(server, 'bad.example')).answers).toMatchObject([{ data: '192.0.2.9' }]);
    expect((await ask(server, 'good.example')).answers).toMatchObject([{ data: '192.0.2.1' }]);
  });
});

describe('resolvers that fail', () => {
  const silent = () => noting(() => undefined);

  test('a silent one is followed by the next, and is asked last once it was silent for three names', async () => {
    const first = await silent();
    const second = await noting();
    const { server } = await start([first.endpoint, second.endpoint], { attemptEveryMs: SILENT_MS });
    const names = ['one.example', 'two.example', 'two.example', 'three.example', 'four.example', 'five.example'];
    for (const name of names) expect((await ask(server, name)).answers).toHaveLength(1);
    // Where the second is late, the first gets the same question once more.
    expect([...new Set(probes(first.asked))]).toEqual(['one.example', 'two.example', 'three.example']);
  });

  test('one name that nobody answers does not demote the resolver', async () => {
    const first = await noting((query) =>
      query.questions![0]!.name === 'dead.example' ? undefined : answerWith(query, '192.0.2.1'),
    );
    const second = await noting((query) =>
      query.questions![0]!.name === 'dead.example' ? undefined : answerWith(query, '192.0.2.2'),
    );
    const { server } = await start([first.endpoint, second.endpoint], { attemptEveryMs: SILENT_MS });
    for (let i = 0; i < 3; i++) expect(await ask(server, 'dead.example')).toMatchObject({ rcode: 'SERVFAIL' });
    expect((await ask(server, 'living.example')).answers).toMatchObject([{ data: '192.0.2.1' }]);
    // The failure is remembered: the same name is not tried again at once.
    expect(probes(first.asked).filter((name) => name === 'dead.example').length).toBeLessThanOrEqual(2);
  });

  test('an answer counts however late it comes', async () => {
    let answerLate = (): void => {};
    const late = createSocket('udp4');
    late.on('message', (packet, from) => {
      const query = decode(packet);
      if (isProbe(query.questions![0]!.name)) return;
      answerLate = () => late.send(answerWith(query, '192.0.2.44'), from.port, from.address);
    });
    await new Promise<void>((resolve) => late.bind(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => late.close(() => resolve(undefined))));
    const second = await noting((query) => {
      // The first attempt is over by now, and this one will not be answered.
      answerLate();
      return query.questions![0]!.name === 'late.example' ? undefined : answerWith(query, '192.0.2.2');
    });
    const first = { host: '127.0.0.1', port: late.address().port };
    const { server } = await start([first, second.endpoint], { attemptEveryMs: SILENT_MS });
    expect((await ask(server, 'late.example')).answers).toMatchObject([{ data: '192.0.2.44' }]);
    expect(probes(second.asked)).toEqual(['late.example']);
  });

  test('one that nobody listens at costs no waiting', async () => {
    const good = await noting();
    const { server } = await start([{ host: '127.0.0.1', port: 1 }, good.endpoint]);
    expect((await ask(server, 'a.example')).answers).toHaveLength(1);
  });

  test('SERVFAIL and REFUSED are not the last word, NXDOMAIN is', async () => {
    const unwilling = await noting((query) => {
      const rcode = { 'servfail.example': 2, 'refused.example': 5 }[query.questions![0]!.name] ?? 3;
      return answerWith(query, '', { flags: 0x0180 | rcode, answers: [] });
    });
    const good = await noting();
    const { server } = await start([unwilling.endpoint, good.endpoint]);
    const rcode = async (name: string) => (await ask(server, name)).rcode;
    expect(await rcode('servfail.example')).toBe('NOERROR');
    expect(await rcode('refused.example')).toBe('NOERROR');
    expect(await rcode('nothing.example')).toBe('NXDOMAIN');
    expect(probes(good.asked)).toEqual(['servfail.example', 'refused.example']);
  });

  test('when all fail: SERVFAIL with the reason, and the server goes on', async () => {
    const resolvers = [(await silent()).endpoint, (await silent()).endpoint];
    const { server, redirect } = await start(resolvers, { attemptEveryMs: SILENT_MS });
    const answer = await ask(server, 'lost.example', 'A', { additionals: [OPT] });
    expect(answer).toMatchObject({ rcode: 'SERVFAIL', questions: [{ name: 'lost.example' }] });
    expect(answer.additionals).toMatchObject([{ options: [{ code: 15, data: Buffer.of(0, 22) }] }]);
    expect(redirect.counters().failed).toBe(1);
    expect((await ask(server, 'linuxtracker.example')).answers).toHaveLength(1);
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

describe('many questions', () => {
  test('that are equal are asked once, however many clients wait', async () => {
    let answerAll = (): void => {};
    const { endpoint, asked } = await noting(() => undefined);
    const waiting = createSocket('udp4');
    waiting.on('message', (packet, from) => {
      const query = decode(packet);
      if (isProbe(query.questions![0]!.name)) return;
      asked.push(query.questions![0]!.name);
      answerAll = () => waiting.send(answerWith(query, '192.0.2.3'), from.port, from.address);
    });
    await new Promise<void>((resolve) => waiting.bind(0, '127.0.0.1', resolve));
    closing.push(() => new Promise((resolve) => waiting.close(() => resolve(undefined))));
    const { server, redirect } = await start([{ host: endpoint.host, port: waiting.address().port }]);
    const answers = Array.from({ length: 200 }, (_, i) => askUdp(server, question('same.example', 'A', { id: i })));
    await eventually('all wait', () => redirect.counters().coalesced === 199);
    answerAll();
    const all = (await Promise.all(answers)).map((packet) => decode(packet!));
    expect(all.map(({ id }) => id)).toEqual(all.map((_, i) => i));
    for (const { answers: given } of all) expect(given).toMatchObject([{ data: '192.0.2.3' }]);
    expect(probes(asked)).toEqual(['same.example']);
  });

  test('of one client make room for those of another', async () => {
    const { endpoint } = await noting((query) =>
      query.questions![0]!.name.startsWith('dead') ? undefined : answerWith(query, '192.0.2.3'),
    );
    const { server, redirect } = await start([endpoint], {
      listen: [{ host: '127.0.0.1', port: 0 }],
      maxQuestionsInFlight: 8,
    });
    const greedy = createSocket('udp4');
    closing.push(() => new Promise((resolve) => greedy.close(() => resolve(undefined))));
    await new Promise<void>((resolve) => greedy.bind(0, '127.0.0.2', resolve));
    const refused: string[] = [];
    greedy.on('message', (packet) => refused.push(decode(packet).questions![0]!.name));
    for (let i = 0; i < 8; i++) greedy.send(question(`dead${i}.example`), server.port, server.host);
    await eventually('all are in flight', () => redirect.counters().queries === 8);
    // The ninth of the same client finds no room; the first of another one takes the oldest one's place.
    greedy.send(question('dead9.example'), server.port, server.host);
    await eventually('it is refused', () => refused.includes('dead9.example'));
    expect((await ask(server, 'living.example')).answers).toHaveLength(1);
    await eventually('the oldest gave way', () => refused.includes('dead0.example'));
    expect(redirect.counters()).toMatchObject({ overloaded: 2, forwarded: 1 });
  });
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
