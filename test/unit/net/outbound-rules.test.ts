import { describe, expect, it } from 'vitest';
import { isBogon, isLaboratoryAddress } from '../../../src/domain/bogon.js';
import { parseIp, parsePrefix } from '../../../src/domain/ip-address.js';
import { type OutboundRules, outboundRules } from '../../../src/net/outbound-rules.js';

const networks = ['5.5.5.0/24', '2a00:5::/32', '2a00:64::/96', '10.20.0.0/16', '127.10.0.0/16'].map(parsePrefix);

function why(address: string, rules: Partial<OutboundRules> = {}, port = 80): string | undefined {
  const blockedReason = outboundRules({
    lab: false,
    ownNetworks: () => networks,
    ownAddresses: () => ['7.7.7.7', '2a00:7::7', '127.0.0.1', 'fe80::1'].map(parseIp),
    isOwnListener: (each, at) => at === 6969 && each.words[0] === 0x7f000001,
    ...rules,
  });
  return blockedReason(parseIp(address), port);
}

describe('where the installation connects to on the word of strangers', () => {
  it.each(['8.8.8.8', '5.5.6.0', '2a00:6::1', '7.7.7.8'])('%s is open', (address) => {
    expect(why(address)).toBeUndefined();
    expect(why(address, { lab: true })).toBeUndefined();
  });

  it.each([
    ['5.5.5.80', /own network/],
    ['::ffff:5.5.5.80', /own network/],
    ['2a00:5::80', /own network/],
    ['2a00:64::8.8.8.8', /own network/],
    ['7.7.7.7', /this installation/],
    ['2a00:7::7', /this installation/],
  ])('%s is closed, in the lab too', (address, reason) => {
    expect(why(address)).toMatch(reason);
    expect(why(address, { lab: true })).toMatch(reason);
  });

  it.each([
    '169.254.169.254',
    '::ffff:169.254.169.254',
    'fe80::1',
    'febf::1',
    '0.0.0.0',
    '::',
    '224.0.0.1',
    'ff02::1',
    '255.255.255.255',
    '192.88.99.1',
    // IPv4 addresses in IPv6 ones: NAT64 (RFC 6052, RFC 8215), 6to4, Teredo, IPv4-compatible
    '64:ff9b::7f00:1',
    '64:ff9b::505:550',
    '64:ff9b:1::a9fe:a9fe',
    '2002:505:550::1',
    '2002:7f00:1::',
    '2001:0:505:550::',
    '::5.5.5.80',
  ])('%s is never open', (address) => {
    expect(why(address)).toMatch(/private or reserved/);
    expect(why(address, { lab: true })).toMatch(/link-local or reserved/);
  });

  it.each([
    '127.0.0.1',
    '127.10.0.7',
    '10.20.0.1',
    '172.16.0.1',
    '192.168.1.1',
    '100.64.0.1',
    '198.51.100.1',
    '::1',
    'fd00::1',
  ])('%s is open in the lab only', (address) => {
    expect(why(address)).toMatch(/private or reserved/);
    expect(why(address, { lab: true })).toBeUndefined();
  });

  it('never asks what it listens on itself', () => {
    expect(why('127.0.0.1', { lab: true }, 6969)).toMatch(/listens/);
    expect(why('127.0.0.1', { lab: true }, 6970)).toBeUndefined();
  });

  it('asks for networks and addresses each time', () => {
    let own = [parseIp('8.8.8.8')];
    const rules = { ownAddresses: () => own, ownNetworks: () => [] };
    expect(why('8.8.8.8', rules)).toMatch(/this installation/);
    own = [];
    expect(why('8.8.8.8', rules)).toBeUndefined();
  });

  it('has a laboratory of bogons only', () => {
    for (const address of [
      '10.0.0.1',
      '100.64.0.1',
      '127.0.0.1',
      '192.0.2.1',
      '198.18.0.1',
      '203.0.113.9',
      '2001:db8::1',
      '3fff::1',
      'fd00::1',
      '::1',
    ]) {
      expect([address, isLaboratoryAddress(parseIp(address)), isBogon(parseIp(address))]).toEqual([
        address,
        true,
        true,
      ]);
    }
    expect(isLaboratoryAddress(parseIp('8.8.8.8'))).toBe(false);
  });
});
