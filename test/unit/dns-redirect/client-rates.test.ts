/** Which addresses share the tokens of one bucket. */
import { describe, expect, test } from 'vitest';
import { ClientRates, type RateRules } from '../../../src/dns-redirect/serve/client-rates.js';
import { addressOf, sharerOf, subscriberOf } from '../../../src/dns-redirect/serve/subscriber.js';
import { formatIp } from '../../../src/domain/ip-address.js';
import { fillRemoteAddress } from '../../../src/transport/fill-remote-address.js';
import { RemoteAddress } from '../../../src/transport/transport.js';

const rules: RateRules = {
  queriesPerSecond: 1,
  ipv4PrefixLength: 32,
  ipv6PrefixLength: 64,
  rateLimits: [],
  trustedResolvers: [],
};

function remote(address: string): RemoteAddress {
  const client = new RemoteAddress();
  fillRemoteAddress(client, address, 4_711);
  return client;
}

/** @returns which of the addresses got one of the two tokens of a bucket, asked in this order */
function served(addresses: readonly string[], more: Partial<RateRules> = {}): boolean[] {
  const rates = new ClientRates({ ...rules, ...more });
  return addresses.map((address) => rates.take(remote(address), 0) === 0);
}

describe('a bucket', () => {
  test('is shared by the addresses of an IPv6 /64', () => {
    const household = ['2001:db8:0:1::1', '2001:db8:0:1:ffff::2', '2001:db8:0:1::3'];
    expect(served([...household, '2001:db8:0:2::1'])).toEqual([true, true, false, true]);
  });

  test('is of one IPv4 address', () => {
    expect(served(['203.0.113.1', '203.0.113.1', '203.0.113.1', '203.0.113.2'])).toEqual([true, true, false, true]);
  });

  test('follows the configured prefix lengths', () => {
    const lengths = { ipv4PrefixLength: 24, ipv6PrefixLength: 56 };
    expect(served(['203.0.113.1', '203.0.113.2', '203.0.113.3', '203.0.114.1'], lengths)).toEqual([
      ...[true, true, false],
      true,
    ]);
    expect(served(['2001:db8:0:1::1', '2001:db8:0:2::1', '2001:db8:0:ff::1', '2001:db8:0:100::1'], lengths)).toEqual([
      ...[true, true, false],
      true,
    ]);
  });
});

describe('a subscriber', () => {
  test('is a /64 of IPv6, or an address of IPv4', () => {
    const key = (address: string): string => subscriberOf(remote(address));
    expect(key('2001:db8:0:1::1')).toBe(key('2001:db8:0:1:ffff::2'));
    expect(key('2001:db8:0:1::1')).not.toBe(key('2001:db8:0:2::1'));
    expect(key('203.0.113.1')).not.toBe(key('203.0.113.2'));
    expect(sharerOf(remote('2001:db8:0:1::9'), true)).toEqual({ key: key('2001:db8:0:1::1'), trusted: true });
  });

  test('has an address that does not change when the transport reuses its object', () => {
    for (const text of ['203.0.113.1', '2001:db8::1']) {
      const client = remote(text);
      const address = addressOf(client);
      fillRemoteAddress(client, '198.51.100.1', 1);
      expect(formatIp(address)).toBe(text);
    }
  });
});
