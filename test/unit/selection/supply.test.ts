import { describe, expect, it } from 'vitest';
import { returnSeconds, seedsFail, seedsSuffice } from '../../../src/selection/supply.js';

describe('whether inner seeds suffice', () => {
  it('one that has shown that it serves, for eight leechers', () => {
    expect([0, 1, 8, 9, 16].map((leechers) => seedsSuffice(leechers, 1, 0))).toEqual([true, true, true, false, false]);
    expect(seedsSuffice(16, 2, 0)).toBe(true);
    expect(seedsSuffice(1, 0, 0)).toBe(false);
  });

  it('not if a third of the leechers starve, however many they are', () => {
    expect([0, 1, 2, 3].map((starved) => seedsSuffice(8, 40, starved))).toEqual([true, true, true, false]);
    expect(seedsFail(1, 1)).toBe(true);
    expect(seedsFail(300, 99)).toBe(false);
    expect(seedsFail(300, 100)).toBe(true);
    expect(seedsFail(0, 0)).toBe(false);
  });
});

describe('when a client is asked to come back', () => {
  it('after a minute, then after twice the last interval', () => {
    expect([-1, 20, 60, 120, 500].map((age) => returnSeconds(age, false, 0, false))).toEqual([60, 60, 120, 240, 1000]);
  });

  it('so too where one host alone has shown that it serves, or the client itself starves', () => {
    expect(returnSeconds(-1, true, 1, false)).toBe(60);
    expect(returnSeconds(60, true, 5, true)).toBe(120);
  });

  it('at the usual interval where several hosts have shown that they serve and suffice', () => {
    expect(returnSeconds(-1, true, 2, false)).toBe(0);
    expect(returnSeconds(-1, false, 2, false)).toBe(60);
  });
});
