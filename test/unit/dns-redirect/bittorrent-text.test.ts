/** The TXT records of redirected tracker names (BEP 34), beside those that the original has for other reasons. */
import { decode } from 'dns-packet';
import { afterEach, expect, test } from 'vitest';
import { formatActive, parseActive } from '../../../src/dns-redirect/api/active-routes.js';
import { announceText, deniesAll } from '../../../src/dns-redirect/bittorrent-text.js';
import { compileRedirectPolicy, type RedirectRules } from '../../../src/dns-redirect/redirect-policy.js';
import { compileDataZone } from '../../../src/dns-redirect/rpz/compile-zones.js';
import { nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { textData, textOf } from '../../../src/dns-redirect/wire/rdata-values.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import { labRules } from './lab-policy.js';
import { answerWith, askUdp, type Closing, question, startRedirect, startResolver } from './running-redirect.js';

const closing: Closing[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const HERE = { host: '203.0.113.21', port: 6969 };
const LISTENERS = [
  { ...HERE, protocol: 'http' as const },
  { ...HERE, protocol: 'udp' as const },
];
const OURS = 'BITTORRENT UDP:6969 TCP:6969';
const TYPE_TXT = 16;

/** The TXT records, joined, of a name whose original has these. */
async function texts(name: string, originals: string[], rules: Partial<RedirectRules> = {}, rcode = 0) {
  const upstream = await startResolver(closing, (query) =>
    answerWith(query, '192.0.2.1', {
      flags: 0x0180 | rcode,
      answers: originals.map((data) => ({ name, type: 'TXT', ttl: 3_600, data })),
    }),
  );
  const policy = compileRedirectPolicy({ ...labRules, trackerListeners: LISTENERS, ...rules });
  const redirect = await startRedirect(closing, { upstreamResolvers: [upstream], policy });
  const answer = decode((await askUdp(redirect.addresses[0]!, question(name, 'TXT')))!);
  const records = (answer.answers ?? []) as { data: Buffer[]; ttl: number }[];
  return { rcode: answer.rcode, texts: records.map(({ data }) => Buffer.concat(data).toString()), records };
}

test('our ports replace those of the original, and its other texts stay', async () => {
  const found = await texts('tracker.example.org', ['v=spf1 -all', 'BITTORRENT UDP:80']);
  expect(found.texts).toEqual(['v=spf1 -all', OURS]);
  expect(found.records.at(-1)!.ttl).toBe(labRules.ttlSeconds);
});

test('if no resolver answers, ours is known all the same', async () => {
  const silent = await startResolver(closing, () => undefined);
  const policy = compileRedirectPolicy({ ...labRules, trackerListeners: LISTENERS });
  const redirect = await startRedirect(closing, { upstreamResolvers: [silent], policy, attemptEveryMs: 20 });
  const ask = async (name: string) => decode((await askUdp(redirect.addresses[0]!, question(name, 'TXT')))!);
  const { rcode, answers } = await ask('tracker.example.org');
  expect([rcode, answers!.map((each) => String((each as { data: Buffer[] }).data))]).toEqual(['NOERROR', [OURS]]);
  expect((await ask('linuxtracker.example')).rcode).toBe('SERVFAIL');
});

test('an original that asks nobody to announce there is honoured', async () => {
  const originals = ['v=spf1 -all', 'BITTORRENT DENY ALL'];
  expect((await texts('tracker.example.org', originals)).texts).toEqual(originals);
});

test('a name that exists nowhere else has them as well', async () => {
  expect(await texts('tracker.example.org', [], {}, 3)).toMatchObject({ rcode: 'NOERROR', texts: [OURS] });
});

test.each([
  ['a site', 'linuxtracker.example', {}],
  ['a name that is not redirected', 'other.example', {}],
  ['shadow mode', 'tracker.example.org', { mode: 'shadow' as const }],
  ['a tracker without known ports', 'tracker.example.org', { trackerListeners: [] }],
])('%s keeps its own', async (_, name, rules) => {
  const originals = ['v=spf1 -all', 'BITTORRENT UDP:80'];
  expect((await texts(name, originals, rules)).texts).toEqual(originals);
});

test('the ports are those at the addresses of the name', () => {
  const other = { protocol: 'http' as const, host: '203.0.113.22', port: 80 };
  const secure = { protocol: 'https' as const, host: '0.0.0.0', port: 443 };
  const ports = (address: string) => announceText([...LISTENERS, other, secure], [parseIp(address)]);
  expect(ports('203.0.113.21')).toBe(OURS);
  expect(ports('203.0.113.22')).toBe('BITTORRENT TCP:80');
  // Forwarded from elsewhere: any of them may be meant.
  expect(ports('203.0.113.23')).toBe('BITTORRENT UDP:6969 TCP:6969 TCP:80');
  expect(announceText([secure], [parseIp('203.0.113.21')])).toBeUndefined();
});

test('a zone for other resolvers says the same', () => {
  const copied = ['v=spf1 -all', 'BITTORRENT DENY ALL'].map((text) => ({ type: TYPE_TXT, data: textData(text) }));
  const zone = (announce?: string) =>
    compileDataZone(
      nameFromText('rpz.test'),
      [{ name: 'tracker.example', addresses: [parseIp('203.0.113.21')], announceText: announce }],
      new Map([['tracker.example', copied]]),
      30,
    )
      .filter(({ type }) => type === TYPE_TXT)
      .map(({ data }) => textOf(data))
      .sort();
  expect(zone(OURS)).toEqual([OURS, 'v=spf1 -all']);
  expect(zone()).toEqual(['BITTORRENT DENY ALL', 'v=spf1 -all']);
});

test('an export beside a running tracker gets it through the control API', () => {
  const tracker = { name: 'tracker.example', addresses: [parseIp('203.0.113.21')], announceText: OURS };
  const active = { names: [tracker], clients: undefined, optOut: [], ttlSeconds: 30 };
  expect(parseActive(JSON.parse(JSON.stringify(formatActive(active))))).toEqual(active);
});

test('many ports take several strings of one record', () => {
  const listeners = Array.from({ length: 40 }, (_, i) => ({ protocol: 'udp', host: '::', port: 60_000 + i }) as const);
  const text = announceText(listeners, [parseIp('203.0.113.21')])!;
  expect(textOf(textData(text))).toBe(text);
  expect(textData(text)[0]).toBe(255);
  expect(deniesAll([text])).toBe(false);
});
