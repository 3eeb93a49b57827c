import type { networkInterfaces } from 'node:os';
import { expect, it } from 'vitest';
import { innerPeersOf, outboundOf } from '../../../src/app/outbound.js';
import { parseConfig } from '../../../src/config/parse-config.js';
import { parseIp } from '../../../src/domain/ip-address.js';

function configOf(lab: boolean, networks = '5.5.5.0/24') {
  return parseConfig(`
operator: { name: N, networks: [ { asn: 64500, prefixes: [${networks}] } ] }
tracker: { listen: ["udp://0.0.0.0:6969", "http://0.0.0.0:6969"], announceUrls: ["udp://5.5.5.5:6969/announce"] }
mirrorSite: { listen: "http://6.6.6.6:8080" }
control: { listen: "http://127.0.0.1:8090", token: unit-control-token-0001 }
dnsRedirect: { listen: ["6.6.6.6:53"], upstreamResolvers: ["9.9.9.53"], mirrorAddresses: [8.0.0.80], trackerAddresses: [8.0.0.69], sites: [s.example] }
lab: ${lab}
`);
}

const on = (address: string, cidr: string, internal = false) =>
  ({ address, cidr, internal, family: address.includes(':') ? 'IPv6' : 'IPv4', netmask: '', mac: '' }) as NonNullable<
    ReturnType<typeof networkInterfaces>[string]
  >[number];

const interfaces = {
  lo: [on('127.0.0.1', '127.0.0.1/8', true), on('7.7.7.53', '7.7.7.53/32', true), on('9.9.9.9', '9.9.9.9/24', true)],
  eth0: [on('7.7.7.7', '7.7.7.7/24'), on('2a00:7::7', '2a00:7::7/64'), on('fe80::1', 'fe80::1/64')],
};

const why = (lab: boolean, address: string, port = 80) =>
  outboundOf(
    () => configOf(lab),
    () => interfaces,
  )(parseIp(address), port);

it.each([false, true])('closes what belongs to the installation (lab: %s)', (lab) => {
  for (const address of [
    '5.5.5.80',
    '6.6.6.6',
    '7.7.7.7',
    '7.7.7.53',
    '2a00:7::7',
    '8.0.0.80',
    '8.0.0.69',
    'fe80::1',
  ]) {
    expect([address, why(lab, address)]).toEqual([address, expect.stringMatching(/^is /)]);
  }
  // A wildcard listens on every address of the machine, all of 127.0.0.0/8 among them.
  for (const address of ['9.9.9.9', '127.0.0.1', '127.9.9.9', '7.7.7.7']) {
    expect([address, why(lab, address, 6969)]).toEqual([address, 'is where this installation listens']);
  }
  expect(why(lab, '127.0.0.1', 8090)).toBe('is where this installation listens');
});

it('leaves the rest open', () => {
  for (const address of ['7.7.7.8', '9.9.9.9', '8.8.8.8', '2a00:8::1']) expect(why(false, address)).toBeUndefined();
  for (const address of ['127.0.0.1', '127.9.9.9', '10.0.0.1', 'fd00::1']) expect(why(true, address)).toBeUndefined();
});

it('asks for networks and interfaces with each connection', () => {
  let networks = '5.5.5.0/24';
  let now: ReturnType<typeof networkInterfaces> = {};
  const blockedReason = outboundOf(
    () => configOf(false, networks),
    () => now,
  );
  expect(blockedReason(parseIp('7.7.7.7'), 80)).toBeUndefined();
  expect(blockedReason(parseIp('4.4.4.4'), 80)).toBeUndefined();
  now = interfaces;
  networks = '4.4.4.0/24';
  expect(blockedReason(parseIp('7.7.7.7'), 80)).toMatch(/this installation/);
  expect(blockedReason(parseIp('4.4.4.4'), 80)).toMatch(/own network/);
});

it('closes everything where the interfaces cannot be read', () => {
  const blockedReason = outboundOf(
    () => configOf(false),
    () => {
      throw new Error('EAFNOSUPPORT');
    },
  );
  expect(blockedReason(parseIp('8.8.8.8'), 80)).toMatch(/cannot be checked: .*EAFNOSUPPORT/);
});

it('opens only the operator’s own network to peers that announced, private addresses that it names among it', () => {
  const whyPeer = (lab: boolean, address: string, port = 6881, networks = '5.5.5.0/24, 10.1.0.0/16, 7.7.7.0/24') =>
    innerPeersOf(
      () => configOf(lab, networks),
      () => interfaces,
    )(parseIp(address), port);
  for (const address of ['5.5.5.80', '10.1.2.3', '7.7.7.8']) expect(whyPeer(false, address)).toBeUndefined();
  for (const address of ['8.8.8.8', '10.2.0.1', '127.0.0.1', '169.254.169.254', 'fe80::1']) {
    expect([address, whyPeer(false, address)]).toEqual([address, expect.stringMatching(/^is /)]);
  }
  // A proxy on this machine that is not configured makes strangers appear at one of its addresses.
  expect(whyPeer(false, '7.7.7.7')).toBe('is an address of this installation');
  expect(whyPeer(true, '127.1.2.3')).toBeUndefined();
  for (const lab of [true, false]) expect(whyPeer(lab, '127.0.0.1', 6969)).toBe('is where this installation listens');
  expect(whyPeer(true, '169.254.169.254')).toMatch(/^is /);
});
