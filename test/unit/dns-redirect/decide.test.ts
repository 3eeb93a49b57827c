import { describe, expect, test } from 'vitest';
import { decide, type IsHealthy } from '../../../src/dns-redirect/decide.js';
import { compileRedirectPolicy } from '../../../src/dns-redirect/redirect-policy.js';
import { formatIp, parseIp } from '../../../src/domain/ip-address.js';
import { labPolicy, labRules } from './lab-policy.js';

const A = 1;
const AAAA = 28;
const inner = parseIp('203.0.113.77');

function ask(
  name: string | undefined,
  type: number,
  options: { client?: string; class?: number; isHealthy?: IsHealthy } = {},
) {
  const client = options.client === undefined ? inner : parseIp(options.client);
  const decision = decide({ name, type, class: options.class ?? 1 }, client, labPolicy, options.isHealthy);
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

describe('failing open', () => {
  test('a target without a healthy address is withdrawn', () => {
    const decision = decide(
      { name: 'tracker.example.org', type: A, class: 1 },
      inner,
      labPolicy,
      (t) => t !== 'tracker',
    );
    expect(decision).toEqual({ kind: 'forward', withdrawn: true });
    expect(ask('linuxtracker.example', A, { isHealthy: (t) => t !== 'tracker' })).toBe('203.0.113.20');
  });

  test('an unhealthy address is left out while another works', () => {
    const isHealthy: IsHealthy = (_, address) => address.family === 6;
    expect(ask('linuxtracker.example', AAAA, { isHealthy })).toBe('2001:db8:100::20');
    expect(ask('linuxtracker.example', A, { isHealthy })).toBe('nodata');
    // Even NODATA for other types is withdrawn with the rest, or the original would break.
    expect(ask('linuxtracker.example', 65, { isHealthy: () => false })).toBe('forward');
  });
});

describe('rules that cannot be', () => {
  test.each([
    [{ sites: ['*.example.org'] }, /no wildcards/],
    [{ sites: ['exa mple.org'] }, /not a host name/],
    [{ sites: ['münchen.example'] }, /xn--/],
    [{ sites: ['tracker.example.org'] }, /both a site and a tracker/],
    [{ mirrorAddresses: [] }, /mirrorAddresses is empty/],
    [{ trackerAddresses: [] }, /trackerAddresses is empty/],
    [{ ttlSeconds: 3_600 }, /between 1 and 60/],
  ])('%j', (change, message) => {
    expect(() => compileRedirectPolicy({ ...labRules, ...change })).toThrow(message);
  });

  test('a name may be site and tracker where both lead to the same place', () => {
    const policy = compileRedirectPolicy({
      ...labRules,
      sites: ['both.example.'],
      trackers: ['both.example'],
      mirrorAddresses: labRules.trackerAddresses,
    });
    expect(policy.names.get('both.example')?.target).toBe('tracker');
    expect(policy.names.get('www.both.example')?.target).toBe('mirror');
  });
});
