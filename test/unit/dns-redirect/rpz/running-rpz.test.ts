/** The zones that follow from a configuration, from health and from the records of originals, as a resolver gets them. */
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { type DnsMessage, decode, encode } from 'dns-packet';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseConfig } from '../../../../src/config/parse-config.js';
import type { RedirectedName } from '../../../../src/dns-redirect/redirect-policy.js';
import { RunningRpz } from '../../../../src/dns-redirect/rpz/running-rpz.js';
import { readMessage } from '../../../../src/dns-redirect/wire/dns-message.js';
import { nameFromText, nameToText } from '../../../../src/dns-redirect/wire/domain-name.js';
import { frameMessage } from '../../../../src/dns-redirect/wire/message-stream.js';
import { alarmLine } from '../../../../src/domain/alarm.js';
import { createLogger } from '../../../../src/logging/logger.js';
import { openDatabase, type SqliteDatabase } from '../../../../src/store/sqlite/database.js';
import { eventually } from '../../../support/eventually.js';
import { askTcp } from '../running-redirect.js';

const TYPES: Readonly<Record<number, string>> = {
  1: 'A',
  2: 'NS',
  5: 'CNAME',
  6: 'SOA',
  15: 'MX',
  16: 'TXT',
  257: 'CAA',
};

let resolver: Socket;
/** Silent for these names. */
let silent: string[];
let nowMs: number;
let database: SqliteDatabase;
let running: RunningRpz;
let health: { mirror: boolean; tracker: boolean };
let healthChanged: () => void;

beforeEach(async () => {
  silent = [];
  nowMs = Date.UTC(2026, 10, 30, 12);
  health = { mirror: true, tracker: true };
  database = openDatabase(':memory:');
  resolver = createSocket('udp4');
  resolver.on('message', (packet, from) => {
    const query = decode(packet);
    const [question] = query.questions!;
    if (silent.includes(question!.name)) return;
    const data = { MX: { preference: 10, exchange: 'mail.site.example' }, TXT: [Buffer.from('v=spf1 \xc8', 'latin1')] }[
      question!.type as 'MX'
    ];
    const answers = data === undefined ? [] : [{ name: question!.name, type: question!.type, ttl: 60, data }];
    const answer = { id: query.id!, type: 'response', flags: 0x0180, questions: query.questions!, answers };
    resolver.send(encode(answer as DnsMessage), from.port, from.address);
  });
  resolver.bind(0, '127.0.0.1');
  await once(resolver, 'listening');
});
afterEach(async () => {
  await running?.stop();
  resolver.close();
  database.close();
});

function configOf(more: object = {}, rpz: object = {}) {
  return parseConfig(
    JSON.stringify({
      operator: { name: 'Lab', networks: [{ asn: 64500, prefixes: ['203.0.113.0/24'] }] },
      upstream: { resolvers: [`127.0.0.1:${resolver.address().port}`] },
      dnsRedirect: {
        mirrorAddresses: ['203.0.113.20'],
        trackerAddresses: ['203.0.113.21'],
        sites: ['site.example'],
        trackers: ['tracker.example'],
        rpz: { listen: ['127.0.0.1:0'], secondaries: [{ address: '127.0.0.1:9', notify: false }], ...rpz },
        ...more,
      },
    }),
  );
}

async function start(config = configOf()): Promise<void> {
  running = await RunningRpz.start(
    config,
    {
      clock: { nowMs: () => nowMs },
      log: createLogger('silent'),
      database,
      redirections: () => config.dnsRedirect,
      trackerListeners: () => [],
      redirectionHealth: () => ({
        isHealthy: ({ target }: RedirectedName) => health[target],
        onChange: (listener) => {
          healthChanged = () => listener(nowMs);
          return () => {};
        },
      }),
    },
    undefined,
  );
}

/** `name TYPE`, without SOA and NS. */
async function zone(name = 'rpz.alias-tracker'): Promise<string[]> {
  let found: string[] = [];
  await eventually('the zone is published', async () => {
    const query = encode({ id: 1, type: 'query', questions: [{ name, type: 'AXFR' }] });
    const [answer] = await askTcp(running.addresses[0]!, frameMessage(query), { count: 1 });
    const { answers, flags } = readMessage(answer!);
    found = answers.map((record) => `${nameToText(record.name).replace(`.${name}`, '')} ${TYPES[record.type]}`);
    return (flags & 15) === 0;
  });
  return found.filter((each) => !/ (SOA|NS)$/.test(each)).sort();
}

const SITE = ['*._https.site.example CNAME', 'site.example A', 'site.example MX', 'site.example TXT'];
const ALL = [
  ...SITE,
  ...SITE.map((each) => each.replace('site', 'www.site')),
  ...SITE.map((each) => each.replace('site', 'tracker')),
].sort();

describe('the zones', () => {
  test('have each name with the records of its original, and who is left alone', async () => {
    await start(configOf({ clients: ['203.0.113.0/24'], optOut: ['203.0.113.9/32'] }));
    expect(await zone()).toEqual(ALL.sort());
    const exempt = await zone('rpz-exempt.alias-tracker');
    expect(exempt).toContain('32.9.113.0.203.rpz-client-ip CNAME');
    expect(exempt).toContain('1.0.0.0.0.rpz-client-ip CNAME');
  });

  test('octets of TXT records are copied as they are', async () => {
    await start();
    await zone();
    const history = database
      .prepare<[], { history: string }>("SELECT history FROM policy_zone WHERE zone = 'rpz.alias-tracker'")
      .get()!;
    expect(history.history).toContain(Buffer.from('\x08v=spf1 \xc8', 'latin1').toString('base64'));
  });

  test('a name whose target is unhealthy leaves the zone, and returns', async () => {
    await start();
    await zone();
    health.mirror = false;
    healthChanged();
    expect((await zone()).map((each) => each.split(' ')[0])).not.toContain('site.example');
    expect(await zone()).toContain('tracker.example A');
    health.mirror = true;
    healthChanged();
    expect(await zone()).toEqual(ALL);
  });

  test.each([
    ['shadow mode', { mode: 'shadow' }],
    ['a percentage of the clients', { percent: 50 }],
    ['a time outside of the schedule', { schedule: [{ from: '01:00', to: '02:00', timeZone: 'UTC' }] }],
  ])('are empty in %s', async (_, more) => {
    await start(configOf(more));
    expect(await zone()).toEqual([]);
  });

  test('a name waits until a resolver has told its records, because its mail would be lost', async () => {
    await start();
    await zone();
    silent = ['new.example', 'www.new.example'];
    running.prepare(configOf({ sites: ['site.example', 'new.example'] }))();
    expect(running.unknownNames).toEqual(['new.example', 'www.new.example']);
    expect(await zone()).toEqual(ALL);
    expect(running.alarms().map(alarmLine).join()).toMatch(
      /records of new\.example, www\.new\.example cannot.*upstream\.resolvers/,
    );
  });

  test('a restart publishes what it knows, with the same serial, although no resolver answers', async () => {
    await start();
    await zone();
    const [, { serial }] = running.zones as [unknown, { serial: number }];
    await running.stop();
    silent = ['site.example', 'www.site.example', 'tracker.example'];
    nowMs += 60_000;
    await start();
    expect(await zone()).toEqual(ALL);
    expect(running.zones[1]!.serial).toBe(serial);
  });

  test('the end of the program withdraws the names, and the next start publishes them with what it knew', async () => {
    await start();
    await zone();
    const exempt = await zone('rpz-exempt.alias-tracker');
    const ending = running.beforeExit();
    expect(await zone()).toEqual([]);
    expect(await zone('rpz-exempt.alias-tracker')).toEqual(exempt);
    // A target that returns meanwhile changes nothing.
    healthChanged();
    expect(await zone()).toEqual([]);
    await ending;
    await running.stop();
    silent = ['site.example', 'www.site.example', 'tracker.example'];
    nowMs += 60_000;
    await start();
    expect(await zone()).toEqual(ALL);
  });

  test.each([{ onStop: 'keep' }, { serials: 'even' }])('with %j the end of the program keeps the zone', async (rpz) => {
    await start(configOf({}, rpz));
    await zone();
    await running.beforeExit();
    expect(await zone()).toEqual(ALL);
  });

  test('the section was removed: nothing is redirected until the restart', async () => {
    await start();
    await zone();
    const { dnsRedirect, ...rest } = configOf();
    running.prepare({ ...rest, dnsRedirect: { ...dnsRedirect!, rpz: undefined } })();
    expect(await zone()).toEqual([]);
  });
});

describe('a resolver that lags', () => {
  test('is an alarm after some minutes, until it has the version', async () => {
    await start();
    await eventually('the zones are published', () => running.zones.length === 2);
    expect(running.alarms().map(alarmLine)).toEqual([]);
    nowMs += 200_000;
    expect(running.alarms().map(alarmLine).join('\n')).toMatch(
      /127\.0\.0\.1:9 has not transferred version \d+ of rpz\.alias-tracker \(its version: none\)/,
    );
    await zone();
    await zone('rpz-exempt.alias-tracker');
    await eventually('the alarm ends', () => running.alarms().length === 0, {
      found: () => running.alarms().map(alarmLine).join(),
    });
    expect(running.zones.map(({ zone: name }) => name)).toEqual(
      ['rpz-exempt.alias-tracker', 'rpz.alias-tracker'].map(nameFromText),
    );
  });
});

describe('the configuration', () => {
  test.each([
    [
      'a key that does not exist',
      {},
      { secondaries: [{ address: '192.0.2.5', key: 'other' }] },
      /"other" is not in dnsRedirect\.rpz\.keys/,
    ],
    ['a secondary twice', {}, { secondaries: [{ address: '192.0.2.5' }, { address: '192.0.2.5:53' }] }, /listed twice/],
    ['one name for both zones', {}, { zone: 'a.example', exemptZone: 'a.example' }, /give it another name/],
    ['a withdrawal beside another primary', {}, { serials: 'odd', onStop: 'withdraw' }, /write keep, or leave/],
    ['a short secret', {}, { keys: [{ name: 'k', secret: 'c2hvcnQ=' }] }, /at least 16 bytes/],
    ['a key twice', {}, { keys: [1, 2].map(() => ({ name: 'k', secret: 'c2VjcmV0LW9mLXRoZS1sYWI=' })) }, /used twice/],
    ['a name that does not fit', { sites: [`${'a.'.repeat(115)}example`] }, {}, /too long below rpz\.alias-tracker/],
  ])('%s is refused, and no secret is repeated', (_, more, rpz, message) => {
    expect(() => configOf(more, rpz)).toThrow(message);
    expect(() => configOf(more, rpz)).not.toThrow(/c2hvcnQ|c2VjcmV0/);
  });
});
