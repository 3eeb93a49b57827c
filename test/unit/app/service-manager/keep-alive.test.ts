import { expect, test } from 'vitest';
import { keepAliveMs } from '../../../../src/app/service-manager/service-manager.js';

test('a keep-alive comes four times within the time of the watchdog', () => {
  expect(keepAliveMs({ WATCHDOG_USEC: '60000000' })).toBe(15_000);
  expect(keepAliveMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: String(process.pid) })).toBe(15_000);
});

test('no keep-alive is sent without a watchdog, or for that of another process', () => {
  expect(keepAliveMs({})).toBeUndefined();
  expect(keepAliveMs({ WATCHDOG_USEC: '' })).toBeUndefined();
  expect(keepAliveMs({ WATCHDOG_USEC: '0' })).toBeUndefined();
  expect(keepAliveMs({ WATCHDOG_USEC: 'x' })).toBeUndefined();
  expect(keepAliveMs({ WATCHDOG_USEC: '60000000', WATCHDOG_PID: '1' })).toBeUndefined();
});
