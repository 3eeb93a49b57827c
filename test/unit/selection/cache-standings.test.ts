import { expect, test } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import {
  AddressLevels,
  REPORTED_CACHE,
  REPORTED_MANAGED,
  REPORTED_OUT,
} from '../../../src/selection/address-levels.js';
import { type CapabilityReading, CapabilityTable } from '../../../src/selection/compile-capability.js';

const CACHE = '203.0.113.10';

function levelOf(table: CapabilityTable): number {
  return new AddressLevels(table.current).lookup(4, parseIp(CACHE).words[0]!, 0, 0, 0);
}

test('a cache with a controller is marked, and one that is out as well, whatever it reports', () => {
  const table = new CapabilityTable(1, 4);
  const readings = new Map<string, CapabilityReading>();
  const readingOf = (address: string) => readings.get(address);
  table.setCaches([CACHE], readingOf);
  expect(levelOf(table)).toBe(REPORTED_CACHE | 7);
  table.setStandings(new Map([[CACHE, 'serves']]), readingOf);
  expect(levelOf(table)).toBe(REPORTED_CACHE | REPORTED_MANAGED | 7);
  table.takeChanges();
  table.setStandings(new Map([[CACHE, 'out']]), readingOf);
  expect(table.takeChanges()).toHaveLength(5);
  expect(levelOf(table)).toBe(REPORTED_CACHE | REPORTED_MANAGED | REPORTED_OUT | 7);
  readings.set(CACHE, { availableUplinkBps: 2_000_000 });
  table.set(CACHE, readings.get(CACHE));
  expect(levelOf(table)).toBe(REPORTED_CACHE | REPORTED_MANAGED | REPORTED_OUT | 2);
  table.setStandings(new Map(), readingOf);
  expect(levelOf(table)).toBe(REPORTED_CACHE | 2);
});

test('an address with a standing that is not one of the caches gets no mark', () => {
  const table = new CapabilityTable(1, 4);
  table.setStandings(new Map([[CACHE, 'out']]), () => undefined);
  expect(levelOf(table)).toBe(-1);
});
