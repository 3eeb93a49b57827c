import { describe, expect, test } from 'vitest';
import { OperatorError } from '../../../src/domain/errors.js';
import { MAX_GROUPS, UNKNOWN_GROUP } from '../../../src/domain/locality-group.js';
import { openDatabase } from '../../../src/store/sqlite/database.js';
import { sqliteGroupStore } from '../../../src/store/sqlite/group-registry.js';
import { GroupRegistry, memoryGroupStore } from '../../../src/topology/group-registry.js';

describe.each([
  ['in memory', memoryGroupStore],
  ['in SQLite', () => sqliteGroupStore(openDatabase(':memory:'))],
])('group numbers kept %s', (_, createStore) => {
  test('a name keeps its number, a new one gets another', () => {
    const store = createStore();
    const first = new GroupRegistry(store);
    first.assign(['subdomain:north', 'as:64500'], ['as:64600']);
    const numbers = ['subdomain:north', 'as:64500', 'as:64600'].map((name) => first.numberOf(name));
    expect(new Set(numbers).size).toBe(3);
    expect(numbers).not.toContain(UNKNOWN_GROUP);

    const second = new GroupRegistry(store);
    second.assign(['as:64500', 'subdomain:south'], ['as:64700', 'as:64600']);
    expect(['subdomain:north', 'as:64500', 'as:64600'].map((name) => second.numberOf(name))).toEqual(numbers);
    expect(numbers).not.toContain(second.numberOf('subdomain:south'));
    expect(second.numberOf('as:64999')).toBe(UNKNOWN_GROUP);
  });

  test('foreign AS leave numbers for sub-domains of years to come; those left over have none', () => {
    const registry = new GroupRegistry(createStore());
    const foreign = Array.from({ length: 70_000 }, (_, i) => `as:${i + 1}`);
    registry.assign(['subdomain:north'], foreign);
    expect(registry.numberOf('as:1')).not.toBe(UNKNOWN_GROUP);
    expect(registry.numberOf('as:70000')).toBe(UNKNOWN_GROUP);
    registry.assign(['subdomain:south'], foreign);
    expect(registry.numberOf('subdomain:south')).toBeGreaterThan(UNKNOWN_GROUP);
    expect(registry.numberOf('subdomain:south')).toBeLessThanOrEqual(MAX_GROUPS);
  });
});

test('more own groups than there are numbers is an error that says what to do', () => {
  const registry = new GroupRegistry(memoryGroupStore());
  const own = Array.from({ length: MAX_GROUPS + 1 }, (_, i) => `subdomain:${i}`);
  expect(() => registry.assign(own, [])).toThrow(OperatorError);
});

test('an operator’s network that does not fit leaves every number as it was', () => {
  const registry = new GroupRegistry(memoryGroupStore());
  registry.assign(['subdomain:north'], []);
  const many = Array.from({ length: 70_000 }, (_, i) => `subdomain:${i}`);
  expect(() => registry.assign(many, [])).toThrow(/name fewer sub-domains/);
  expect([...registry.entries()]).toEqual([['subdomain:north', 1]]);
  registry.assign(['subdomain:south'], []);
  expect(registry.numberOf('subdomain:south')).toBe(2);
});

test('the numbers of a draft count, and are saved, once it is adopted', () => {
  const store = memoryGroupStore();
  const registry = new GroupRegistry(store);
  registry.assign(['subdomain:north'], []);
  const draft = registry.draft();
  draft.assign(['subdomain:south'], ['as:64600']);
  expect(draft.numberOf('subdomain:south')).toBe(2);
  expect(registry.numberOf('subdomain:south')).toBe(0);
  registry.adopt(draft);
  expect(registry.numberOf('as:64600')).toBe(3);
  expect(store.load()).toHaveLength(1);
  registry.save();
  expect(store.load()).toEqual([
    ['subdomain:north', 1],
    ['subdomain:south', 2],
    ['as:64600', 3],
  ]);
});

test('numbers that could not be saved are saved with the next', () => {
  const store = memoryGroupStore();
  let isFull = true;
  const registry = new GroupRegistry({
    load: () => store.load(),
    save: (pairs) => {
      if (isFull) throw new Error('disk full');
      store.save(pairs);
    },
  });
  const draft = registry.draft();
  draft.assign(['subdomain:north'], []);
  registry.adopt(draft);
  expect(() => registry.save()).toThrow('disk full');
  isFull = false;
  registry.assign(['subdomain:south'], []);
  expect(store.load()).toEqual([
    ['subdomain:north', 1],
    ['subdomain:south', 2],
  ]);
});
