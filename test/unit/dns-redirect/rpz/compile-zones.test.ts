/** The records of the zone with the redirected names. */
import { decode } from 'dns-packet';
import { expect, test } from 'vitest';
import { compileDataZone } from '../../../../src/dns-redirect/rpz/compile-zones.js';
import { ZoneHistory } from '../../../../src/dns-redirect/rpz/zone-history.js';
import { nameFromText, nameToText } from '../../../../src/dns-redirect/wire/domain-name.js';
import { writeMessage } from '../../../../src/dns-redirect/wire/message-writer.js';
import { parseIp } from '../../../../src/domain/ip-address.js';

const ZONE = nameFromText('rpz.alias-tracker');

test('a top-level domain is never in the zone, nor a name that is too long for it', () => {
  const long = Array.from({ length: 4 }, (_, i) => String(i).repeat(57)).join('.');
  const names = ['example', 'site.example', 'org', long];
  const records = compileDataZone(
    ZONE,
    names.map((name) => ({ name, addresses: [parseIp('203.0.113.20')] })),
    new Map(names.map((name) => [name, []])),
    30,
  );
  const owners = new Set(records.map(({ name }) => nameToText(name)));
  expect([...owners].sort()).toEqual([
    '*._https.site.example.rpz.alias-tracker',
    'rpz.alias-tracker',
    'site.example.rpz.alias-tracker',
  ]);
});

test('the SOA has the times by which resolvers refresh the zone and let it expire', () => {
  const history = new ZoneHistory(ZONE, undefined);
  history.publish(compileDataZone(ZONE, [], new Map(), 30), { expire: 600, ttl: 30 }, 1_700_000_000, 'any');
  const message = writeMessage({
    ...{ id: 1, flags: 0x8000, questions: [], authorities: [], additionals: [] },
    answers: [history.current.soa],
  });
  expect(decode(message).answers).toMatchObject([
    { type: 'SOA', ttl: 30, data: { refresh: 60, retry: 30, expire: 600, minimum: 30 } },
  ]);
});
