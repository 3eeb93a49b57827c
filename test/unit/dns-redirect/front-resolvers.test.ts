/**
 * Real resolvers between users and the redirection, with BIND and signed zones behind it: what their users get of redirected
 * names, of names beside them, and of signed ones, from caches too.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { compileRedirectPolicy, type SignedNames } from '../../../src/dns-redirect/redirect-policy.js';
import { parseIp } from '../../../src/domain/ip-address.js';
import type { Endpoint } from '../../../src/net/endpoint.js';
import { answerOf, type Closing, dig } from '../../support/dns/daemon.js';
import { FRONT_RESOLVERS } from '../../support/dns/front-resolvers.js';
import { type SignedWorld, startSignedWorld } from '../../support/dns/signed-world.js';
import { requireProgram } from '../../support/real-program.js';
import { clock, startRedirect } from './running-redirect.js';

const PROGRAMS = ['dig', 'named', 'dnssec-signzone', 'delv', ...FRONT_RESOLVERS.map(({ program }) => program)];
const missing = PROGRAMS.some((program) => requireProgram(program) === undefined);

const A = 'A 203.0.113.20';
const AAAA = 'AAAA 2001:db8:100::20';
const TRACKER = 'A 203.0.113.21';

/** The same for everybody: names beside the redirected ones, and what is not redirected of them. */
const NEIGHBOURS: readonly [string, string][] = [
  ['mail.popular.example A', 'NOERROR: A 198.51.100.25'],
  ['api.popular.example A', 'NOERROR: A 198.51.100.81'],
  ['popular.example MX', 'NOERROR: MX 10 mail.popular.example., MX 20 popular.example.'],
  ['popular.example TXT', 'NOERROR: TXT "v=spf1 mx -all"'],
  ['popular.example CAA', 'NOERROR: CAA 0 issue "ca.example"'],
  ['other.plain.example A', 'NOERROR: A 198.51.100.90'],
];

const REDIRECTED: readonly [string, string][] = [
  ['popular.example A', `NOERROR: ${A}`],
  ['popular.example AAAA', `NOERROR: ${AAAA}`],
  ['popular.example HTTPS', 'NOERROR'],
  ['_8443._https.popular.example HTTPS', 'NOERROR'],
  ['www.popular.example A', `NOERROR: ${A}`],
  ['tracker.popular.example A', `NOERROR: ${TRACKER}`],
  ['tracker.popular.example AAAA', 'NOERROR'],
  // Nobody may learn that it is a CNAME, or its cache would lead around the redirection.
  ['www.popular.example MX', 'NOERROR'],
  ['www.popular.example A', `NOERROR: ${A}`],
  // A chain ends with our addresses, and the listed name keeps them afterwards.
  ['alias.plain.example A', `NOERROR: ${A}, CNAME popular.example.`],
  ['alias2.plain.example AAAA', 'NOERROR: CNAME tracker.popular.example.'],
  ['popular.example A', `NOERROR: ${A}`],
  ['tracker.popular.example A', `NOERROR: ${TRACKER}`],
];

async function expectAll(server: Endpoint, expected: readonly [string, string][], ...words: string[]): Promise<void> {
  const got: [string, string][] = [];
  for (const [question] of expected) got.push([question, await answerOf(server, ...question.split(' '), ...words)]);
  expect(got).toEqual(expected);
}

describe.skipIf(missing)('between real resolvers and signed zones', () => {
  const closing: Closing[] = [];
  let world: SignedWorld;
  const ours = new Map<SignedNames, Endpoint>();

  beforeAll(async () => {
    world = await startSignedWorld(closing);
    for (const signedNames of ['leave', 'redirect'] as const) {
      const policy = compileRedirectPolicy({
        sites: [{ name: 'popular.example' }, { name: 'signedsite.example' }],
        trackers: [{ name: 'tracker.popular.example' }],
        mirrorAddresses: [parseIp('203.0.113.20'), parseIp('2001:db8:100::20')],
        trackerAddresses: [parseIp('203.0.113.21')],
        signedNames,
      });
      const redirect = await startRedirect(closing, { upstreamResolvers: [world], policy, clock });
      ours.set(signedNames, redirect.addresses[0]!);
    }
  });
  afterAll(async () => {
    for (const close of closing.splice(0).reverse()) await close();
  });

  test('asked directly, the redirection answers what it should, with and without signatures', async () => {
    for (const words of [[], ['+dnssec']]) {
      await expectAll(ours.get('leave')!, [...REDIRECTED, ...NEIGHBOURS], ...words);
    }
    const mx = await dig(ours.get('leave')!, 'popular.example', 'MX');
    expect(mx).not.toMatch(/popular\.example\.\s+\d+\s+IN\s+A\s+198\.51\.100\.80/);
  });

  test('signed names are left to who asks for signatures, and redirected for others', async () => {
    await expectAll(ours.get('leave')!, [
      ['signedsite.example A', `NOERROR: ${A}`],
      ['signedsite.example A +dnssec', 'NOERROR: A 198.51.100.80'],
      ['www.signedsite.example A +dnssec', 'NOERROR: CNAME site.cdn.plain.example.'],
      ['www.signedsite.example A', `NOERROR: ${A}`],
      ['signedsite.example HTTPS +dnssec', 'NOERROR: HTTPS 1 . alpn="h2" ipv4hint=198.51.100.80'],
      ['signedsite.example HTTPS', 'NOERROR'],
    ]);
    expect(await answerOf(ours.get('leave')!, 'signedsite.example', 'DS')).toMatch(/^NOERROR: DS \d+ 13 2/);
    await expectAll(ours.get('redirect')!, [['signedsite.example A +dnssec', `NOERROR: ${A}`]]);
    expect(await answerOf(ours.get('redirect')!, 'signedsite.example', 'DS', '+dnssec')).toMatch(/^NOERROR: DS/);
  });

  describe.each(FRONT_RESOLVERS)('$program in front', ({ start }) => {
    test('passes the redirection on, from its cache too, and nothing beside it', async () => {
      const stopping: Closing[] = [];
      try {
        const front = await start(stopping, ours.get('leave')!, undefined);
        await expectAll(front, [...NEIGHBOURS, ...REDIRECTED, ...NEIGHBOURS]);
      } finally {
        for (const close of stopping.reverse()) await close();
      }
    });

    test('validates: unsigned names are redirected, signed ones are the original, and no domain breaks', async () => {
      const stopping: Closing[] = [];
      try {
        const front = await start(stopping, ours.get('leave')!, world.anchor);
        await expectAll(front, [...REDIRECTED, ...NEIGHBOURS], '+noad');
        const seen = async (name: string): Promise<string> => answerOf(front, name, 'A', '+adflag');
        expect(await seen('signedsite.example')).toBe('NOERROR ad: A 198.51.100.80');
        expect(await seen('api.signedsite.example')).toBe('NOERROR ad: A 198.51.100.81');
        expect(await seen('mail.signedsite.example')).toBe('NOERROR ad: A 198.51.100.25');
        expect(await seen('api.secure.example')).toBe('NOERROR ad: A 198.51.100.81');
      } finally {
        for (const close of stopping.reverse()) await close();
      }
    });
  });

  test('with "redirect", a validator refuses the signed name alone, not its neighbours', async () => {
    const stopping: Closing[] = [];
    try {
      const unbound = FRONT_RESOLVERS.find(({ program }) => program === 'unbound')!;
      const front = await unbound.start(stopping, ours.get('redirect')!, world.anchor);
      expect(await answerOf(front, 'signedsite.example')).toBe('SERVFAIL');
      expect(await answerOf(front, 'api.signedsite.example', '+adflag')).toBe('NOERROR ad: A 198.51.100.81');
      expect(await answerOf(front, 'popular.example')).toBe(`NOERROR: ${A}`);
    } finally {
      for (const close of stopping.reverse()) await close();
    }
  });

  test('delv, which validates by itself, accepts all of it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'delv-'));
    const [, key] = /DNSKEY 257 3 13 (.*)$/.exec(world.anchor.key)!;
    const anchors = join(directory, 'anchors');
    writeFileSync(anchors, `trust-anchors { . static-key 257 3 13 "${key!.replaceAll(' ', '')}"; };\n`);
    const { host, port } = ours.get('leave')!;
    const delv = async (name: string): Promise<string> => {
      const words = [`@${host}`, '-p', String(port), '-a', anchors, '+root=.', name, 'A'];
      return (await promisify(execFile)('delv', words)).stdout;
    };
    try {
      expect(await delv('popular.example')).toMatch(/; unsigned answer\n[\s\S]*\sA\s+203\.0\.113\.20/);
      expect(await delv('signedsite.example')).toMatch(/; fully validated\n[\s\S]*\sA\s+198\.51\.100\.80/);
      expect(await delv('api.signedsite.example')).toMatch(/; fully validated\n[\s\S]*\sA\s+198\.51\.100\.81/);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });
});
