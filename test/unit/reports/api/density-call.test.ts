import { gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import {
  CONTROL_TOKEN,
  type ControlApiFixture,
  NORTH_TOKEN,
  northReport,
  startFixture,
} from '../../control-api/control-api-fixture.js';

let api: ControlApiFixture;
beforeEach(async () => {
  api = await startFixture();
});
afterEach(async () => {
  expect(api.defects).toEqual([]);
  await api.stop();
});

const post = (json: unknown, token: string | undefined = NORTH_TOKEN) =>
  api.call('POST', '/api/v1/density', token === undefined ? { json } : { json, token });
const density = async () => (await api.call('GET', '/api/v1/density', { token: CONTROL_TOKEN })).json;

describe('POST /api/v1/density', () => {
  test('takes the documented example and shows it', async () => {
    const answer = await post(northReport());
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ accepted: 1, duplicate: false });
    expect(await density()).toMatchObject({
      subdomains: [{ id: 'north', users: 4210, usersFrom: 'probe', ageSeconds: 0, freshness: 1 }],
    });
    expect(api.service.densityReadings(api.clock.now).get('north')!.bytesPerUserPerSecond).toBeCloseTo(
      123_456_789 / 4210 / 300,
      9,
    );
  });

  test('the same probe and sequence again changes nothing', async () => {
    await post(northReport());
    const before = await density();
    const again = await post(northReport({ subdomains: [{ id: 'north', bytes: 1, users: 1 }] }));
    expect(again.status).toBe(202);
    expect(again.json).toMatchObject({ accepted: 0, duplicate: true });
    expect(await density()).toEqual(before);
  });

  test('a batch, compressed', async () => {
    const body = gzipSync(JSON.stringify([northReport({ sequence: 1 }), northReport({ sequence: 2 })]));
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, body, headers });
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ accepted: 2, duplicate: false });
  });

  const value = (changes: object) => northReport({ subdomains: [{ id: 'north', bytes: 1, users: 1, ...changes }] });
  test.each([
    ['a negative number of bytes', value({ bytes: -1 }), 'subdomains[0].bytes'],
    ['bytes as text', value({ bytes: '12' }), 'subdomains[0].bytes'],
    ['a fraction of a user', value({ users: 1.5 }), 'subdomains[0].users'],
    ['an unknown field', value({ user: 5 }), 'subdomains[0].user'],
    ['no sequence', northReport({ sequence: undefined }), 'sequence'],
    ['a negative sequence', northReport({ sequence: -1 }), 'sequence'],
    ['a period of nothing', northReport({ periodSeconds: 0 }), 'periodSeconds'],
    ['a time without zone', northReport({ periodStart: '2026-11-22T10:00:00' }), 'periodStart'],
    ['no sub-domains', northReport({ subdomains: [] }), 'subdomains'],
    [
      'a sub-domain twice',
      northReport({
        subdomains: [
          { id: 'north', bytes: 1 },
          { id: 'north', bytes: 1 },
        ],
      }),
      'subdomains[1].id',
    ],
    ['the second of a batch', [northReport(), northReport({ probe: 7 })], '[1].probe'],
  ])('%s is 400 and names the field', async (_what, json, field) => {
    const answer = await post(json);
    expect(answer.status).toBe(400);
    expect(answer.headers.get('content-type')).toContain('application/problem+json');
    expect(answer.json).toMatchObject({ status: 400, field });
    expect(await density()).toEqual({ subdomains: [] });
  });

  test.each([
    ['a foreign sub-domain', northReport({ subdomains: [{ id: 'south', bytes: 1, users: 1 }] }), 'subdomains[0].id'],
    ['another probe', northReport({ probe: 'dp-both' }), 'probe'],
    ['the second of a batch', [northReport(), northReport({ probe: 'dp-both' })], '[1].probe'],
  ])('%s is 403 and names the field', async (_what, json, field) => {
    const answer = await post(json);
    expect(answer.status).toBe(403);
    expect(answer.json).toMatchObject({ status: 403, field });
    expect(await density()).toEqual({ subdomains: [] });
  });

  test.each([
    ['no token', undefined, 401],
    ['a wrong token', 'wrong', 401],
    ['a token of another kind', 'upstream-token', 403],
  ])('%s', async (_what, token, status) => {
    const headers: Record<string, string> = token === undefined ? {} : { authorization: `Bearer ${token}` };
    const answer = await api.call('POST', '/api/v1/density', { json: northReport(), headers });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ status, field: 'authorization' });
    expect(await density()).toEqual({ subdomains: [] });
  });

  test.each([
    ['broken JSON', '{"probe":', { 'content-type': 'application/json' }, 400],
    ['broken gzip', 'no gzip', { 'content-type': 'application/json', 'content-encoding': 'gzip' }, 400],
    ['another format', 'a=b', { 'content-type': 'application/x-www-form-urlencoded' }, 415],
    ['another encoding', '{}', { 'content-type': 'application/json', 'content-encoding': 'snappy' }, 415],
    ['nothing', '', { 'content-type': 'application/json' }, 400],
    ['a huge body', `"${'x'.repeat(3_000_000)}"`, { 'content-type': 'application/json' }, 413],
  ])('%s', async (_what, body, headers, status) => {
    const answer = await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, body, headers });
    expect(answer.status).toBe(status);
    expect(answer.json).toMatchObject({ status });
    expect(await density()).toEqual({ subdomains: [] });
  });

  test('a small body that unpacks to a huge one is 413', async () => {
    const body = gzipSync(`"${'x'.repeat(50_000_000)}"`);
    const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' };
    const answer = await api.call('POST', '/api/v1/density', { token: NORTH_TOKEN, body, headers });
    expect(answer.status).toBe(413);
  });

  test('an unbelievable value is shown, not applied', async () => {
    const answer = await post(northReport({ subdomains: [{ id: 'north', bytes: 1e15, users: 1 }] }));
    expect(answer.status).toBe(202);
    expect(answer.json).toMatchObject({ accepted: 0, quarantined: [{ subdomain: 'north' }] });
    expect(await density()).toEqual({ subdomains: [] });
    const probes = (await api.call('GET', '/api/v1/probes', { token: CONTROL_TOKEN })).json;
    expect(probes).toMatchObject({ probes: [{}, { probe: 'dp-north', alarms: [{ kind: 'implausible' }] }] });
  });
});
