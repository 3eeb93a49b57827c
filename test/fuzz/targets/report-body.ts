/**
 * Bodies of the control API's calls, over HTTP to the real API with its real store in memory: an answer with the status
 * that fits, a problem document where it is refused, and never an internal error.
 */
import type { Random } from '../../../src/domain/random.js';
import { CONTROL_TOKEN, NORTH_TOKEN, NOW_MS, startFixture } from '../../unit/control-api/control-api-fixture.js';
import { bytesOf, type FuzzSubject, type FuzzTarget, holds, pick, sometimes } from '../fuzz-target.js';

/** The first byte of an input picks the call. */
const CALLS = [
  { path: '/api/v1/density', token: NORTH_TOKEN },
  { path: '/api/v1/capability', token: undefined },
  { path: '/api/v1/users', token: CONTROL_TOKEN },
  { path: '/api/v1/upstream/peers', token: 'upstream-token' },
] as const;
const ACCEPTED = new Set([200, 202, 204]);
const REFUSED = new Set([400, 401, 403, 404, 409, 413, 415, 422, 429, 503]);

export const reportBody: FuzzTarget = {
  name: 'report-body',
  about: 'bodies of density, capability, user and peer reports: taken, or a problem document; never an internal error',
  words: [
    '{',
    '}',
    '[',
    ']',
    ':',
    ',',
    '"',
    'null',
    'true',
    '1e400',
    '-0',
    '"__proto__":',
    '"subdomains"',
    '"periodStart"',
    '"bytes":',
    '\\u0000',
    '\\ud800',
    '2026-11-22T10:00:00Z',
    '9007199254740992',
  ],
  stateful: true,
  create: createApi,
};

async function createApi(): Promise<FuzzSubject> {
  const api = await startFixture({
    upstream: {
      admit: () => undefined,
      pushPeers: async ({ peers }) => ({ accepted: peers.length, removed: 0, refused: [] }),
    },
  });
  return {
    make: makeBody,
    async run(input) {
      // Time goes on, so that the rate limit does not hide the rest.
      api.clock.now += 2_000;
      const { path, token } = CALLS[(input[0] ?? 0) % CALLS.length]!;
      const { status, text, headers } = await api.call('POST', path, {
        ...(token === undefined ? {} : { token }),
        body: new Uint8Array(input.subarray(1)),
        headers: { 'content-type': 'application/json' },
      });
      const [defect] = api.defects;
      holds(defect === undefined, 'no call is an internal error', () => String((defect as Error)?.stack ?? defect));
      holds(ACCEPTED.has(status) || REFUSED.has(status), 'a call has a status that fits', () => `${status} ${text}`);
      holds(text.length < 200_000, 'an answer is bounded', () => `${text.length} characters`);
      if (REFUSED.has(status)) {
        holds(headers.get('content-type')?.includes('problem+json') ?? false, 'a refusal is a problem document');
        holds(typeof (JSON.parse(text) as { detail?: unknown }).detail === 'string', 'a refusal says what is wrong');
        holds(text.length < 20_000, 'a refusal is bounded', () => `${text.length} characters`);
      }
      return `${path.slice(8)} ${status}`;
    },
    close: () => api.stop(),
  };
}

function makeBody(random: Random): Uint8Array {
  const call = random.below(CALLS.length);
  const number = (): number | string | null =>
    sometimes(random, 8) ? pick(random, [9e15, -1, 1.5, '7', null]) : random.below(100_000);
  const id = (): string => (sometimes(random, 8) ? pick(random, ['south', 'nowhere', '', 'x'.repeat(300)]) : 'north');
  const subdomains = Array.from({ length: sometimes(random, 8) ? 2 : 1 }, () => ({
    id: id(),
    bytes: number(),
    users: number(),
  }));
  const address = sometimes(random, 4)
    ? pick(random, ['203.0.113.7', '::1', 'x', '255.255.255.255', '::ffff:10.0.0.1'])
    : '127.0.0.1';
  const pushed = {
    infoHash: sometimes(random, 8) ? 'x' : 'ab'.repeat(20),
    peers: [{ address, port: 6_881, seed: true }],
    removed: [{ address, port: 6_882 }],
    ttlSeconds: number(),
  };
  const bodies = [
    {
      probe: pick(random, ['dp-north', 'dp-north', 'other']),
      sequence: random.below(1_000_000),
      periodStart: new Date(NOW_MS - random.below(600_000)).toISOString(),
      periodSeconds: pick(random, [60, 300, 300, 0]),
      subdomains,
    },
    {
      address,
      cpuUtilisation: sometimes(random, 8) ? number() : 0.25,
      memoryUtilisation: 0.5,
      availableUplinkBps: number(),
      role: sometimes(random, 8) ? pick(random, ['cache', 'x']) : 'peer',
    },
    { subdomains: subdomains.map(({ id, users }) => ({ id, users })) },
    sometimes(random, 2)
      ? pushed
      : { ttlSeconds: number(), torrents: [pushed, { ...pushed, removed: 'all' }, number()] },
  ];
  const body = bodies[call]!;
  const json = JSON.stringify(sometimes(random, 5) ? [body, body] : body);
  return new Uint8Array(Buffer.concat([Buffer.of(call), bytesOf(json)]));
}
