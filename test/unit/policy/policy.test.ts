/** The policy between its two neighbours: the topology, which hands over changes, and the data plane, which gets the result. */
import { afterEach, expect, test } from 'vitest';
import { parseConfig } from '../../../src/config/parse-config.js';
import { OperatorError } from '../../../src/domain/errors.js';
import { createLogger } from '../../../src/logging/logger.js';
import { Policy, type ReadingsChange } from '../../../src/policy/policy.js';
import { GroupRegistry, memoryGroupStore } from '../../../src/topology/group-registry.js';
import { TopologySource } from '../../../src/topology/topology-source.js';

const log = createLogger('silent');
const stops: (() => unknown)[] = [];
afterEach(() => {
  for (const stop of stops.splice(0)) stop();
});

const configOf = (more: string) =>
  parseConfig(`operator: { name: N, networks: [ { asn: 64500, prefixes: [203.0.113.0/24] } ]${more} }\n`);

async function started() {
  const config = configOf('');
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
  const policy = new Policy(config, { clock: { nowMs: () => 0 }, log, readings, topology });
  const sent: string[] = [];
  const consumer = {
    setPolicy: ({ version }: { version: number }) => void sent.push(`topology ${version}`),
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
  expect(sent).toEqual(['topology 1']);
  policy.stop();
  expect(listeners.size).toBe(0);
  policy.start();
  expect(sent).toEqual(['topology 1', 'topology 1']);
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
  expect(sent).toEqual(['topology 1']);
  refuses = false;
  const apply = await topology.prepare(next);
  expect([...topology.subdomainIds]).toEqual([]);
  apply();
  expect([...topology.subdomainIds]).toEqual(['north']);
  expect(sent).toEqual(['topology 1', 'topology 3', 'the other']);
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
