/** The policy between its two neighbours: the topology, which hands over changes, and the data plane, which gets the result. */
import { afterEach, describe, expect, test, vi } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { createLogger } from '../../../src/logging/logger.js';
import { Policy, type ReadingsChange } from '../../../src/policy/policy.js';
import type { HoursData } from '../../../src/selection/border-limits.js';
import { GroupRegistry, memoryGroupStore } from '../../../src/topology/group-registry.js';
import { TopologySource } from '../../../src/topology/topology-source.js';

const log = createLogger('silent');
/** Without a schedule. */
const NO_HOURS = 'hours 20, return in null';
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const configOf = (operator: string, more = '') =>
  parseConfig(`operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ]${operator} }\n${more}\n`);

async function started(more = '', clock = { nowMs: () => 0 }) {
  const config = configOf('', more);
  const topology = await TopologySource.open(config, { groups: new GroupRegistry(memoryGroupStore()), log });
  const listeners = new Set<(change: ReadingsChange) => void>();
  const readings = {
    densityReadings: () => new Map(),
    capabilityReadings: () => new Map(),
    capabilityReading: () => ({ uplinkBps: 1e9, observedAtMs: 0 }) as never,
    onChange: (listener: (change: ReadingsChange) => void) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const policy = new Policy(config, { clock, log, readings, topology });
  const sent: string[] = [];
  const consumer = {
    setPolicy: ({ version }: { version: number }) => void sent.push(`topology ${version}`),
    setHours: (_: unknown, { limits, returnInMs }: HoursData) =>
      void sent.push(`hours ${limits.foreignPeersMax}, return in ${returnInMs}`),
    setDensity: () => void sent.push('density'),
    setCapability: () => void sent.push('capability'),
  };
  stops.push(() => policy.stop());
  return { topology, policy, listeners, sent, consumer };
}

test('the data plane gets the policy at once, and again when the policy restarts after a failure', async () => {
  const { policy, sent, consumer, listeners } = await started();
  policy.start();
  expect(sent).toEqual([]);
  policy.sendTo(consumer);
  expect(sent).toEqual(['topology 1', NO_HOURS]);
  policy.stop();
  expect(listeners.size).toBe(0);
  policy.start();
  expect(sent).toEqual(['topology 1', NO_HOURS, 'topology 1', NO_HOURS]);
  expect(listeners.size).toBe(1);
});

test('what depends on the topology prepares with it; if one of them refuses, nothing has changed', async () => {
  const { topology, policy, sent, consumer } = await started();
  policy.start();
  policy.sendTo(consumer);
  topology.beforeChange((next, view) => [policy.prepareWith(next, view)]);
  let refuses = true;
  topology.beforeChange(() => {
    if (refuses) throw new OperatorError('not with me');
    return [() => void sent.push('the other')];
  });
  const next = configOf(', subdomains: [ { id: north, prefixes: [203.0.113.0/25] } ]');
  await expect(topology.prepare(next)).rejects.toThrow('not with me');
  expect([...topology.subdomainIds]).toEqual([]);
  expect(sent).toEqual(['topology 1', NO_HOURS]);
  refuses = false;
  const apply = await topology.prepare(next);
  expect([...topology.subdomainIds]).toEqual([]);
  apply();
  expect([...topology.subdomainIds]).toEqual(['north']);
  expect(sent).toEqual(['topology 1', NO_HOURS, 'topology 3', NO_HOURS, 'the other']);
});

test('a configuration whose names the topology lacks is refused before anything changes', async () => {
  const groups = new GroupRegistry(memoryGroupStore());
  const check = ({ operator }: ReturnType<typeof configOf>): void => {
    if (operator.name === 'wrong') throw new OperatorError('a name is unknown');
  };
  const topology = await TopologySource.open(configOf(''), { groups, log, check });
  const wrong = { ...configOf(''), operator: { ...configOf('').operator, name: 'wrong' } };
  await expect(topology.prepare(wrong)).rejects.toThrow('a name is unknown');
  await expect(TopologySource.open(wrong, { groups, log, check })).rejects.toThrow('a name is unknown');
});

describe('the hours', () => {
  const SCHEDULE = 'billing: { schedule: [ { name: night, from: "01:00", to: "07:00", foreignPeersMax: 80 } ] }';
  const NIGHT_MS = Date.UTC(2026, 6, 1, 1);
  const MINUTE_MS = 60_000;

  /** Fake timers, because a ramp takes half an hour. */
  async function startedAt(atMs: number) {
    vi.useFakeTimers({ now: atMs });
    stops.push(() => vi.useRealTimers());
    const given = await started(SCHEDULE, { nowMs: () => Date.now() });
    given.policy.start();
    given.policy.sendTo(given.consumer);
    return given;
  }

  test('send small steps on a ramp, and everything only when the period changes', async () => {
    const { sent, policy } = await startedAt(NIGHT_MS - 10 * MINUTE_MS);
    expect(sent.splice(0)).toEqual(['topology 1', `hours 20, return in ${10 * MINUTE_MS}`]);
    expect(policy.hours).toMatchObject({ period: null, ramp: null, next: { period: 'night' } });
    await vi.advanceTimersByTimeAsync(10 * MINUTE_MS - 1);
    // Once a minute, in case that somebody sets the clock.
    expect(sent.filter((each) => !each.startsWith('hours 20,'))).toEqual([]);
    expect(sent.splice(0).length).toBeLessThanOrEqual(10);
    await vi.advanceTimersByTimeAsync(1);
    expect(sent.splice(0)).toEqual(['topology 1', `hours 20, return in ${30 * MINUTE_MS}`]);
    await vi.advanceTimersByTimeAsync(15 * MINUTE_MS);
    expect(sent.at(-1)).toBe(`hours 50, return in ${15 * MINUTE_MS}`);
    expect(policy.hours).toMatchObject({
      limits: { foreignPeersMax: 50 },
      ramp: { direction: 'opening', percent: 50 },
    });
    expect(policy.current.cost.mix.foreignPeersMax).toBe(50);
    await vi.advanceTimersByTimeAsync(15 * MINUTE_MS);
    expect(sent.at(-1)).toBe(`hours 80, return in ${330 * MINUTE_MS}`);
    expect(sent.filter((each) => each.startsWith('topology'))).toEqual([]);
    expect(sent.length).toBeLessThanOrEqual(60);
  });

  test('are right a minute after somebody has set the clock', async () => {
    const { sent, policy } = await startedAt(NIGHT_MS + 4 * 60 * MINUTE_MS);
    vi.setSystemTime(NIGHT_MS + 6 * 60 * MINUTE_MS);
    await vi.advanceTimersByTimeAsync(MINUTE_MS);
    expect(policy.hours.period).toBeNull();
    expect(sent.at(-1)).toContain('hours 20,');
  });

  test('do not run while the policy is stopped', async () => {
    const { sent, policy } = await startedAt(NIGHT_MS - MINUTE_MS);
    policy.stop();
    sent.splice(0);
    await vi.advanceTimersByTimeAsync(60 * MINUTE_MS);
    expect(sent).toEqual([]);
  });
});
