import { describe, expect, test } from 'vitest';
import { ALWAYS, type Decision, decide, type RedirectState } from '../../../src/dns-redirect/decide.js';
import {
  compileRedirectPolicy,
  type RedirectedName,
  type RedirectPolicy,
  type RedirectRules,
  type RedirectTarget,
} from '../../../src/dns-redirect/redirect-policy.js';
import { Redirections } from '../../../src/dns-redirect/redirections.js';
import { canonicalName, nameFromText } from '../../../src/dns-redirect/wire/domain-name.js';
import { formatIp, parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { labRules } from './lab-policy.js';

const TYPES = {
  A: 1,
  NS: 2,
  CNAME: 5,
  SOA: 6,
  MX: 15,
  TXT: 16,
  AAAA: 28,
  SRV: 33,
  DNAME: 39,
  DS: 43,
  DNSKEY: 48,
  SVCB: 64,
  HTTPS: 65,
  IXFR: 251,
  AXFR: 252,
  ANY: 255,
  CAA: 257,
} as const;

interface Circumstances extends Partial<RedirectState> {
  readonly client?: string;
  readonly class?: number;
  readonly dnssecOk?: boolean;
  readonly unavailable?: RedirectTarget;
  readonly rules?: Partial<RedirectRules>;
  readonly policy?: RedirectPolicy;
}

function decisionOf(name: string, type: keyof typeof TYPES, circumstances: Circumstances = {}): Decision {
  const { client = '203.0.113.77', dnssecOk = false, unavailable, rules = {}, class: dnsClass = 1 } = circumstances;
  const policy = circumstances.policy ?? compileRedirectPolicy({ ...labRules, ...rules });
  const isHealthy = ({ target }: RedirectedName): boolean => target !== unavailable;
  return decide(
    { name: canonicalName(nameFromText(name)), type: TYPES[type], class: dnsClass, dnssecOk },
    parseIp(client),
    new Redirections(policy),
    { isHealthy: circumstances.isHealthy ?? isHealthy, isOpen: circumstances.isOpen ?? ALWAYS.isOpen },
  );
}

/** The kind of decision, and the target if it is redirected. */
function ask(...words: Parameters<typeof decisionOf>): string {
  const decision = decisionOf(...words);
  if ('listed' in decision) return `${decision.kind} ${decision.listed.redirected.target}`;
  return decision.kind === 'forward' ? decision.because : decision.kind;
}

describe('what is redirected', () => {
  test.each([
    ['linuxtracker.example', 'A', 'redirect mirror'],
    ['linuxtracker.example', 'AAAA', 'redirect mirror'],
    ['www.linuxtracker.example', 'A', 'redirect mirror'],
    ['WwW.LinuxTracker.EXAMPLE', 'A', 'redirect mirror'],
    ['tracker.example.org', 'A', 'redirect tracker'],
    ['linuxtracker.example', 'ANY', 'redirect mirror'],
    ['linuxtracker.example', 'HTTPS', 'redirect mirror'],
    ['linuxtracker.example', 'SVCB', 'redirect mirror'],
    ['linuxtracker.example', 'CNAME', 'redirect mirror'],
    ['_8443._https.linuxtracker.example', 'HTTPS', 'redirect mirror'],
    ['_8443._https.www.linuxtracker.example', 'SVCB', 'redirect mirror'],
  ] as const)('%s %s: %s', (name, type, expected) => {
    expect(ask(name, type)).toBe(expected);
  });

  test.each(['DS', 'MX', 'TXT', 'NS', 'SOA', 'CAA', 'SRV', 'DNSKEY', 'DNAME'] as const)(
    '%s of a redirected name is the original one',
    (type) => {
      expect(ask('linuxtracker.example', type)).toBe('type');
      expect(ask('linuxtracker.example', type, { dnssecOk: true })).toBe('type');
    },
  );

  test('TXT of a tracker is the original one with our ports, where they are known', () => {
    const rules = { trackerListeners: [{ protocol: 'udp', host: '0.0.0.0', port: 6969 }] } as const;
    expect(ask('tracker.example.org', 'TXT')).toBe('type');
    expect(ask('tracker.example.org', 'TXT', { rules })).toBe('forward-text tracker');
    expect(ask('tracker.example.org', 'TXT', { rules, unavailable: 'tracker' })).toBe('withdrawn');
    expect(ask('linuxtracker.example', 'TXT', { rules })).toBe('type');
  });

  test.each([
    ['www.tracker.example.org', 'A'],
    ['mail.linuxtracker.example', 'A'],
    ['example', 'A'],
    ['linuxtracker.example.evil.test', 'A'],
    ['notlinuxtracker.example', 'A'],
    ['linuxtracker\\.example', 'A'],
    ['.', 'A'],
    ['_8443._https.linuxtracker.example', 'A'],
    ['_x._https.linuxtracker.example', 'HTTPS'],
    ['_8443._http.linuxtracker.example', 'HTTPS'],
    ['_8443._https.other.example', 'HTTPS'],
  ] as const)('%s %s is another name: forwarded', (name, type) => {
    expect(ask(name, type)).toBe('not-listed');
  });

  test('other classes are forwarded, zone transfers refused', () => {
    expect(ask('linuxtracker.example', 'A', { class: 3 })).toBe('not-listed');
    expect(ask('linuxtracker.example', 'AXFR')).toBe('refuse');
    expect(ask('other.example', 'IXFR')).toBe('refuse');
  });
});

describe('signed names', () => {
  test('are found out first for who asks for signatures, unless they are to be redirected', () => {
    expect(ask('linuxtracker.example', 'A', { dnssecOk: true })).toBe('redirect-unsigned mirror');
    expect(ask('linuxtracker.example', 'HTTPS', { dnssecOk: true })).toBe('redirect-unsigned mirror');
    const rules = { signedNames: 'redirect' } as const;
    expect(ask('linuxtracker.example', 'A', { dnssecOk: true, rules })).toBe('redirect mirror');
    expect(ask('linuxtracker.example', 'DS', { dnssecOk: true, rules })).toBe('type');
  });
});

describe('for whom', () => {
  test('clients outside the listed prefixes get the original', () => {
    expect(ask('linuxtracker.example', 'A', { client: '198.51.100.1' })).toBe('client');
    expect(ask('linuxtracker.example', 'A', { client: '2001:db8::1' })).toBe('client');
  });

  test('without a list or with an empty one, everyone is redirected', () => {
    const { clients: _, ...rest } = labRules;
    expect(compileRedirectPolicy(rest).clients.only).toBeUndefined();
    expect(ask('linuxtracker.example', 'A', { client: '198.51.100.1', rules: { clients: [] } })).toBe(
      'redirect mirror',
    );
  });
});

describe('for a part of the clients', () => {
  const redirected = (policy: RedirectPolicy, clients: readonly string[]): string[] =>
    clients.filter((client) => ask('linuxtracker.example', 'A', { policy, client }) === 'redirect mirror');
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
  expect(ask('linuxtracker.example', 'A', { isOpen: () => false })).toBe('schedule');
});

test('shadow mode counts what would be redirected, and nothing else', () => {
  const rules = { mode: 'shadow' } as const;
  expect(ask('linuxtracker.example', 'A', { rules })).toBe('shadow');
  expect(ask('linuxtracker.example', 'A', { rules, client: '198.51.100.1' })).toBe('client');
  expect(ask('linuxtracker.example', 'A', { rules, unavailable: 'mirror' })).toBe('withdrawn');
});

describe('a type that is never redirected is not counted as one that would be', () => {
  const circumstances: [string, Circumstances][] = [
    ['in shadow mode', { rules: { mode: 'shadow' } }],
    ['while the target is unhealthy', { isHealthy: () => false }],
    ['outside of the schedule', { isOpen: () => false }],
    ['for other clients', { client: '198.51.100.1' }],
  ];
  const announceText = { trackerListeners: [{ protocol: 'udp', host: '0.0.0.0', port: 6_969 }] } as const;
  test.each(circumstances)('%s', (_, circumstance) => {
    const expected = ask('tracker.example.org', 'A', circumstance);
    for (const type of ['MX', 'NS', 'DS', 'DNSKEY', 'TXT'] as const) {
      expect([type, ask('tracker.example.org', type, circumstance)]).toEqual([type, 'type']);
    }
    for (const type of ['AAAA', 'HTTPS', 'SVCB', 'ANY', 'CNAME'] as const) {
      expect([type, ask('tracker.example.org', type, circumstance)]).toEqual([type, expected]);
    }
    // With ports for a TXT record (BEP 34), that one is changed as well.
    const rules = { ...circumstance.rules, ...announceText };
    expect(ask('tracker.example.org', 'TXT', { ...circumstance, rules })).toBe(expected);
  });
});

describe('failing open', () => {
  test('an unhealthy address is left out while another works, and no family is left without an answer', () => {
    const isHealthy: RedirectState['isHealthy'] = ({ addresses }, index) => addresses[index]!.family === 6;
    expect(ask('linuxtracker.example', 'AAAA', { isHealthy })).toBe('redirect mirror');
    expect(ask('linuxtracker.example', 'A', { isHealthy })).toBe('withdrawn');
    expect(ask('linuxtracker.example', 'HTTPS', { isHealthy })).toBe('redirect mirror');
    expect(ask('tracker.example.org', 'AAAA')).toBe('redirect tracker');
  });

  test('a target that is not available is withdrawn, whatever the type', () => {
    expect(ask('tracker.example.org', 'A', { unavailable: 'tracker' })).toBe('withdrawn');
    expect(ask('linuxtracker.example', 'A', { unavailable: 'tracker' })).toBe('redirect mirror');
    expect(ask('linuxtracker.example', 'HTTPS', { unavailable: 'mirror' })).toBe('withdrawn');
  });
});

describe('names that are answered here', () => {
  test('resolver.arpa has no data, and its DS is that of its parent', () => {
    expect(ask('_dns.resolver.arpa', 'SVCB')).toBe('no-data');
    expect(ask('resolver.arpa', 'A', { client: '198.51.100.1' })).toBe('no-data');
    expect(ask('resolver.arpa', 'DS')).toBe('not-listed');
    expect(ask('myresolver.arpa', 'A')).toBe('not-listed');
    expect(ask('x\\.resolver.arpa', 'A')).toBe('not-listed');
  });

  test('canary names do not exist, if the operator says so', () => {
    for (const name of ['use-application-dns.net', 'mask.icloud.com', 'mask-h2.icloud.com']) {
      expect(ask(name, 'A')).toBe('not-listed');
      expect(ask(name, 'A', { rules: { canaries: true } })).toBe('no-name');
      expect(ask(`www.${name}`, 'A', { rules: { canaries: true } })).toBe('not-listed');
    }
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

  test('an address that is listed twice counts once', () => {
    const mirrorAddresses = ['203.0.113.20', '203.0.113.21', '203.0.113.20'].map(parseIp);
    const { names } = compileRedirectPolicy({ ...labRules, mirrorAddresses });
    expect(names.get('linuxtracker.example')!.addresses.map(formatIp)).toEqual(['203.0.113.20', '203.0.113.21']);
  });
});
