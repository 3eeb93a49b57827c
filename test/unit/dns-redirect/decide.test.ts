import { describe, expect, test } from 'vitest';
import { ALWAYS, decide, type RedirectState } from '../../../src/dns-redirect/decide.js';
import { compileRedirectPolicy, type RedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { formatIp, parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { labPolicy, labRules } from './lab-policy.js';

const A = 1;
const AAAA = 28;
const inner = parseIp('203.0.113.77');

function ask(
  name: string | undefined,
  type: number,
  options: { client?: string; class?: number; policy?: RedirectPolicy } & Partial<RedirectState> = {},
) {
  const client = options.client === undefined ? inner : parseIp(options.client);
  const { policy = labPolicy, class: dnsClass = 1, client: _, ...state } = options;
  const decision = decide({ name, type, class: dnsClass }, client, policy, { ...ALWAYS, ...state });
  return decision.kind === 'answer' ? decision.addresses.map(formatIp).join() : decision.kind;
}

describe('what is redirected', () => {
  test.each([
    ['linuxtracker.example', A, '203.0.113.20'],
    ['linuxtracker.example', AAAA, '2001:db8:100::20'],
    ['www.linuxtracker.example', A, '203.0.113.20'],
    ['WwW.LinuxTracker.EXAMPLE', A, '203.0.113.20'],
    ['tracker.example.org', A, '203.0.113.21'],
    ['linuxtracker.example', 255, '203.0.113.20,2001:db8:100::20'],
  ])('%s type %i → %s', (name, type, expected) => {
    expect(ask(name, type)).toBe(expected);
  });

  test.each([
    ['www.tracker.example.org', A],
    ['mail.linuxtracker.example', A],
    ['example', A],
    ['linuxtracker.example.evil.test', A],
    ['notlinuxtracker.example', A],
    ['', A],
    [undefined, A],
  ])('%s is another name: forwarded', (name, type) => {
    expect(ask(name, type)).toBe('forward');
  });

  test.each([65, 64, 15, 16, 2, 33, 43, 6])(
    'type %i of a redirected name is NODATA, so that nothing leads past us',
    (type) => {
      expect(ask('linuxtracker.example', type)).toBe('nodata');
    },
  );

  test('a name with an IPv4 target only has no AAAA', () => {
    expect(ask('tracker.example.org', AAAA)).toBe('nodata');
  });

  test('other classes are forwarded, zone transfers refused', () => {
    expect(ask('linuxtracker.example', A, { class: 3 })).toBe('forward');
    expect(ask('linuxtracker.example', 252)).toBe('refuse');
    expect(ask('other.example', 251)).toBe('refuse');
  });
});

describe('for whom', () => {
  test('clients outside the listed prefixes get the original', () => {
    expect(ask('linuxtracker.example', A, { client: '198.51.100.1' })).toBe('forward');
    expect(ask('linuxtracker.example', A, { client: '2001:db8::1' })).toBe('forward');
  });

  test('without a list or with an empty one, everyone is redirected', () => {
    const { clients: _, ...rules } = labRules;
    for (const each of [rules, { ...rules, clients: [] }]) {
      const question = { name: 'linuxtracker.example', type: A, class: 1 };
      expect(decide(question, parseIp('198.51.100.1'), compileRedirectPolicy(each)).kind).toBe('answer');
    }
  });
});

describe('for a part of the clients', () => {
  const redirected = (policy: RedirectPolicy, clients: readonly string[]): string[] =>
    clients.filter((client) => ask('linuxtracker.example', A, { policy, client }) === '203.0.113.20');
  const { clients: _, ...rules } = labRules;
  const ipv4 = Array.from({ length: 4_000 }, (_, i) => `198.51.${100 + (i >> 8)}.${i & 255}`);
  const ipv6 = Array.from({ length: 4_000 }, (_, i) => `2001:db8:${i.toString(16)}::1`);
  const clientKey = Uint32Array.of(0x1234_5678, 0x9abc_def0);

  test('that opted out', () => {
    const policy = compileRedirectPolicy({ ...labRules, optOut: [parsePrefix('203.0.113.64/26')] });
    expect(redirected(policy, ['203.0.113.63', '203.0.113.64', '203.0.113.127', '203.0.113.128'])).toEqual([
      '203.0.113.63',
      '203.0.113.128',
    ]);
  });

  test.each([ipv4, ipv6])(
    'a share by a keyed hash, the same ones each time, and more with a larger share',
    (...all) => {
      const share = (percent: number, key = clientKey): string[] =>
        redirected(compileRedirectPolicy({ ...rules, percent, clientKey: key }), all);
      expect(share(0)).toEqual([]);
      expect(share(100)).toEqual(all);
      const tenth = share(10);
      expect(tenth.length).toBeGreaterThan(all.length * 0.08);
      expect(tenth.length).toBeLessThan(all.length * 0.12);
      expect(share(10)).toEqual(tenth);
      expect(share(20)).toEqual(expect.arrayContaining(tenth));
      expect(share(10, Uint32Array.of(1, 2))).not.toEqual(tenth);
    },
  );

  test('devices of one household are treated alike', () => {
    const policy = compileRedirectPolicy({ ...rules, percent: 50, clientKey });
    for (let home = 0; home < 200; home++) {
      const devices = [1, 2, 3].map((device) => `2001:db8:0:${home.toString(16)}::${device}`);
      expect([0, devices.length]).toContain(redirected(policy, devices).length);
    }
  });
});

test('outside of its schedule nothing is redirected', () => {
  expect(ask('linuxtracker.example', A, { isOpen: () => false })).toBe('forward');
});

test('shadow mode counts what would be redirected, and nothing else', () => {
  const policy = compileRedirectPolicy({ ...labRules, mode: 'shadow' });
  const because = (client: string, state: Partial<RedirectState> = {}) =>
    decide({ name: 'linuxtracker.example', type: A, class: 1 }, parseIp(client), policy, { ...ALWAYS, ...state });
  expect(because('203.0.113.77')).toMatchObject({ kind: 'forward', because: 'shadow' });
  expect(because('198.51.100.1')).toMatchObject({ kind: 'forward', because: 'client' });
  expect(because('203.0.113.77', { isHealthy: () => false })).toMatchObject({ because: 'withdrawn' });
});

test('a tracker may have addresses of its own', () => {
  const own = [parseIp('203.0.113.22'), parseIp('203.0.113.22'), parseIp('2001:db8:100::22')];
  const policy = compileRedirectPolicy({
    ...labRules,
    trackers: [...labRules.trackers, { name: 'open.example', address: own }],
    trackerAddresses: [parseIp('203.0.113.21')],
  });
  expect(ask('open.example', A, { policy })).toBe('203.0.113.22');
  expect(ask('open.example', AAAA, { policy })).toBe('2001:db8:100::22');
  expect(ask('tracker.example.org', A, { policy })).toBe('203.0.113.21');
});

describe('failing open', () => {
  test('a target without a healthy address is withdrawn', () => {
    const state: RedirectState = { isHealthy: ({ target }) => target !== 'tracker', isOpen: () => true };
    const decision = decide({ name: 'tracker.example.org', type: A, class: 1 }, inner, labPolicy, state);
    expect(decision).toMatchObject({ kind: 'forward', because: 'withdrawn' });
    expect(ask('linuxtracker.example', A, state)).toBe('203.0.113.20');
  });

  test('an unhealthy address is left out while another works, and no family is left without an answer', () => {
    const isHealthy: RedirectState['isHealthy'] = ({ addresses }, index) => addresses[index]!.family === 6;
    expect(ask('linuxtracker.example', AAAA, { isHealthy })).toBe('2001:db8:100::20');
    expect(ask('linuxtracker.example', A, { isHealthy })).toBe('forward');
    expect(ask('linuxtracker.example', 65, { isHealthy })).toBe('nodata');
    // Even NODATA for other types is withdrawn with the rest, or the original would break.
    expect(ask('linuxtracker.example', 65, { isHealthy: () => false })).toBe('forward');
  });
});

describe('rules that cannot be', () => {
  test.each([
    [{ sites: [{ name: '*.example.org' }] }, /no wildcards/],
    [{ sites: [{ name: 'exa mple.org' }] }, /not a host name/],
    [{ sites: [{ name: 'münchen.example' }] }, /xn--/],
    [{ sites: [{ name: 'tracker.example.org' }] }, /both a site and a tracker/],
    [{ mirrorAddresses: [] }, /mirrorAddresses is empty/],
    [{ trackerAddresses: [] }, /trackerAddresses is empty/],
    [{ ttlSeconds: 3_600 }, /between 1 and 60/],
  ])('%j', (change, message) => {
    expect(() => compileRedirectPolicy({ ...labRules, ...change })).toThrow(message);
  });

  test('a name may be site and tracker where both lead to the same place', () => {
    const policy = compileRedirectPolicy({
      ...labRules,
      sites: [{ name: 'both.example.' }],
      trackers: [{ name: 'both.example' }],
      mirrorAddresses: labRules.trackerAddresses,
    });
    expect(policy.names.get('both.example')?.target).toBe('tracker');
    expect(policy.names.get('www.both.example')?.target).toBe('mirror');
  });
});
