import { expect, test } from 'vitest';
import { rememberedInterfaces } from '../../../src/net/machine-addresses.js';

test('interfaces are read again after three seconds, and at once if they could not be read', () => {
  let elapsedMs = 0;
  let reads = 0;
  let fails = true;
  const interfaces = rememberedInterfaces(
    () => {
      reads++;
      if (fails) throw new Error('EPERM');
      return {};
    },
    () => elapsedMs,
  );
  expect(interfaces).toThrow('EPERM');
  fails = false;
  for (let i = 0; i < 10; i++) expect(interfaces()).toEqual({});
  expect(reads).toBe(2);
  elapsedMs = 2_999;
  interfaces();
  expect(reads).toBe(2);
  elapsedMs = 3_000;
  interfaces();
  expect(reads).toBe(3);
});
