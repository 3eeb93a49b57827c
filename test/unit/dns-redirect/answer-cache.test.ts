import { decode } from 'dns-packet';
import { afterEach, describe, expect, test } from 'vitest';
import { AnswerCache, ageOf } from '../../../src/dns-redirect/forward/answer-cache.js';
import { emptyMessage, storeAnswer } from '../../../src/dns-redirect/forward/stored-answer.js';
import { nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { soaData } from '../../../src/dns-redirect/wire/rdata-values.js';
import { answerWith, askUdp, type Closing, question, startRedirect, startResolver } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const SOA = {
  type: 'SOA',
  name: 'example',
  ttl: 300,
  data: { mname: 'ns.example', rname: 'x.example', serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 20 },
};

/** A redirection whose clock and resolver obey the test. */
async function start() {
  const world = { nowMs: 1_000_000, silent: false, asked: [] as string[] };
  const resolver = await startResolver(closing, (query) => {
    const { name } = query.questions![0]!;
    if (name.endsWith('.test')) return undefined;
    world.asked.push(name);
    if (world.silent) return undefined;
    if (name === 'nothing.example') return answerWith(query, '', { flags: 0x0183, answers: [], authorities: [SOA] });
    if (name === 'no-soa.example') return answerWith(query, '', { flags: 0x0183, answers: [] });
    return answerWith(query, '192.0.2.1', { answers: [{ name, type: 'A', ttl: 60, data: '192.0.2.1' }] });
  });
  const redirect = await startRedirect(closing, {
    upstreamResolvers: [resolver],
    clock: { nowMs: () => world.nowMs },
    attemptEveryMs: 100,
  });
  const ask = async (name: string, type = 'A') => {
    const opt = { name: '.', type: 'OPT', udpPayloadSize: 1_232, flags: 0, options: [] };
    return decode((await askUdp(redirect.addresses[0]!, question(name, type, { additionals: [opt] })))!);
  };
  return { world, redirect, ask };
}

describe('answers of upstream resolvers', () => {
  test('are given again with what is left of their life, in the spelling of each question', async () => {
    const { world, redirect, ask } = await start();
    await ask('a.example');
    world.nowMs += 25_900;
    expect((await ask('A.Example')).answers).toMatchObject([{ name: 'A.Example', ttl: 35, data: '192.0.2.1' }]);
    expect(world.asked).toEqual(['a.example']);
    expect(redirect.counters()).toMatchObject({ forwarded: 1, cached: 1 });
    await ask('a.example', 'AAAA');
    world.nowMs += 34_100;
    await ask('a.example');
    expect(world.asked).toEqual(['a.example', 'a.example', 'a.example']);
  });

  test('that deny are given again for as long as their SOA says, and not at all without one', async () => {
    const { world, ask } = await start();
    for (const name of ['nothing.example', 'nothing.example', 'no-soa.example', 'no-soa.example']) {
      expect(await ask(name)).toMatchObject({ rcode: 'NXDOMAIN' });
    }
    expect(world.asked).toEqual(['nothing.example', 'no-soa.example', 'no-soa.example']);
    world.nowMs += 20_000;
    await ask('nothing.example');
    expect(world.asked).toHaveLength(4);
  });

  test('are given although they have expired, if no resolver answers', async () => {
    const { world, redirect, ask } = await start();
    await ask('a.example');
    world.nowMs += 3_600_000;
    world.silent = true;
    const stale = await ask('a.example');
    expect(stale.answers).toMatchObject([{ ttl: 30, data: '192.0.2.1' }]);
    expect(stale.additionals).toMatchObject([{ options: [{ code: 15, data: Buffer.of(0, 3) }] }]);
    expect(await ask('b.example')).toMatchObject({ rcode: 'SERVFAIL' });
    expect(redirect.counters().stale).toBe(1);
    // The failure is remembered, then the resolver is tried again.
    const asked = world.asked.length;
    await ask('a.example');
    expect(world.asked).toHaveLength(asked);
    world.nowMs += 6_000;
    world.silent = false;
    expect((await ask('a.example')).answers).toMatchObject([{ ttl: 60 }]);
    world.nowMs += 86_400_000 + 60_000;
    world.silent = true;
    expect(await ask('a.example')).toMatchObject({ rcode: 'SERVFAIL' });
  });
});

describe('the cache', () => {
  const stored = (ttl: number, data: Uint8Array, nowMs: number) =>
    storeAnswer(
      {
        ...emptyMessage(0),
        questions: [{ name: nameFromText('a.example'), type: 16, class: 1 }],
        answers: [{ name: nameFromText('a.example'), type: 16, class: 1, ttl, data }],
      },
      nowMs,
    );

  test('never exceeds its bytes, and gives up first what nobody asked for', () => {
    const cache = new AnswerCache(50_000);
    for (let i = 0; i < 1_000; i++) {
      cache.set(`k${i}`, stored(60, new Uint8Array(500), 0));
      cache.get('k0', 0);
      expect(cache.bytes).toBeLessThanOrEqual(50_000);
    }
    expect(cache.get('k0', 0)).toBeDefined();
    expect(cache.get('k1', 0)).toBeUndefined();
    cache.set('large', stored(60, new Uint8Array(40_000), 0));
    expect(cache.get('large', 0)).toBeUndefined();
    cache.setMaxBytes(0);
    expect(cache.size).toBe(0);
    expect(cache.bytes).toBe(0);
  });

  test.each([
    [60, 60],
    [0, 0],
    [10_000_000, 86_400],
    [0x8000_0000, 0],
  ])('takes a time to live of %i s as %i s', (ttl, expected) => {
    const answer = stored(ttl, new Uint8Array(3), 0);
    expect(answer.ttlSeconds).toBe(expected);
    expect(ageOf(answer, expected * 1_000)).toBeUndefined();
    if (expected > 0) expect(ageOf(answer, expected * 1_000 - 1)).toBe(expected - 1);
  });

  test('takes a denial for as long as the shorter of its two times', () => {
    const name = nameFromText('example');
    const soa = { primary: name, mailbox: name, serial: 1, refresh: 1, retry: 1, expire: 1, minimum: 40 };
    const denial = (ttl: number, minimum: number) =>
      storeAnswer(
        {
          ...emptyMessage(3),
          authorities: [{ name, type: 6, class: 1, ttl, data: soaData({ ...soa, minimum }) }],
        },
        0,
      ).ttlSeconds;
    expect([denial(300, 40), denial(30, 40), denial(86_400, 86_400)]).toEqual([40, 30, 10_800]);
  });
});
