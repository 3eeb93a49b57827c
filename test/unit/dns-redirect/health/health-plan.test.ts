import { expect, test } from 'vitest';
import { type AnnouncePort, AnnounceUsage } from '../../../../src/dns-redirect/coverage/announce-usage.js';
import {
  healthPlan,
  MAX_HEALTH_CHECKS,
  type PortNeeds,
  urlOfCheck,
} from '../../../../src/dns-redirect/health/health-plan.js';
import { portNeeds } from '../../../../src/dns-redirect/health/port-needs.js';
import { compileRedirectPolicy } from '../../../../src/dns-redirect/redirect-policy.js';
import { parseIp } from '../../../../src/domain/ip-address.js';
import { labRules } from '../lab-policy.js';

const udp = (port: number): AnnouncePort => ({ protocol: 'udp', port });
const http = (port: number): AnnouncePort => ({ protocol: 'http', port });

test('each address of a name has its own checks, and names share those of a port', () => {
  const policy = compileRedirectPolicy(labRules);
  const needs: Record<string, PortNeeds> = {
    'tracker.example.org': [[udp(6969)], [udp(1337), http(6969)]],
  };
  const plan = healthPlan(policy, (name) => needs[name] ?? [[http(80)]]);
  expect(plan.checks.map(urlOfCheck)).toEqual([
    'udp://203.0.113.21:6969',
    'udp://203.0.113.21:1337',
    'http://203.0.113.21:6969',
    'http://203.0.113.20:80',
    'http://[2001:db8:100::20]:80',
  ]);
  const of = (name: string) => plan.needs[policy.names.get(name)!.index];
  expect(of('tracker.example.org')).toEqual([[[0], [1, 2]]]);
  expect(of('linuxtracker.example')).toEqual([[[3]], [[4]]]);
  expect(of('www.linuxtracker.example')).toEqual([[[3]], [[4]]]);
});

test('over HTTPS, each name has a check of its own, because each needs a certificate', () => {
  const policy = compileRedirectPolicy({ ...labRules, mirrorAddresses: [parseIp('203.0.113.20')], trackers: [] });
  const plan = healthPlan(policy, () => [[http(80)], [{ protocol: 'https', port: 443 }]]);
  expect(plan.checks.map(urlOfCheck)).toEqual([
    'http://203.0.113.20:80',
    'https://203.0.113.20:443 (linuxtracker.example)',
    'https://203.0.113.20:443 (www.linuxtracker.example)',
  ]);
  expect(plan.needs).toEqual([[[[0], [1]]], [[[0], [2]]]]);
});

test('a site needs HTTPS if its original has it, unless the operator gives it up', () => {
  const needs = (https: 'check' | 'ignore', hasHttps: boolean): PortNeeds => {
    const { names } = compileRedirectPolicy({ ...labRules, sites: [{ name: 'site.example', https }] });
    return portNeeds('site.example', names.get('site.example')!, new AnnounceUsage([]), [], () => hasHttps);
  };
  const both = [[http(80)], [{ protocol: 'https', port: 443 }]];
  expect([needs('check', true), needs('check', false), needs('ignore', true)]).toEqual([
    both,
    [[http(80)]],
    [[http(80)]],
  ]);
});

test('a group that contains another one is satisfied with it; an empty one never is', () => {
  const policy = compileRedirectPolicy({ ...labRules, sites: [] });
  const planOf = (needs: PortNeeds) => healthPlan(policy, () => needs);
  expect(planOf([[udp(1), udp(2)], [udp(2)], [http(2), udp(2), udp(3)]]).checks.map(urlOfCheck)).toEqual([
    'udp://203.0.113.21:2',
  ]);
  expect(planOf([[udp(1)], []])).toEqual({ checks: [], needs: [[[[]]]] });
});

test('strangers’ torrents cannot make it check without end', () => {
  const policy = compileRedirectPolicy({ ...labRules, trackerAddresses: [parseIp('203.0.113.21')], sites: [] });
  const plan = healthPlan(policy, () => Array.from({ length: 2_000 }, (_, i) => [udp(i + 1)]));
  expect(plan.checks).toHaveLength(MAX_HEALTH_CHECKS);
  expect(plan.needs[0]![0]).toHaveLength(MAX_HEALTH_CHECKS);
});
