import { describe, expect, it } from 'vitest';
import { parseIp } from '../../../src/domain/ip-address.js';
import { ConnectionIds } from '../../../src/tracker/connection-id.js';
import { RemoteAddress } from '../../../src/transport/transport.js';

const KEY = Uint8Array.from({ length: 16 }, (_, i) => i * 7);

function remote(text: string, port = 4_711): RemoteAddress {
  const { family, words } = parseIp(text);
  const [word0 = 0, word1 = 0, word2 = 0, word3 = 0] = words;
  return Object.assign(new RemoteAddress(), { family, word0, word1, word2, word3, port });
}

function issue(ids: ConnectionIds, to: RemoteAddress, nowSeconds: number): Uint8Array {
  const bytes = new Uint8Array(10);
  ids.write(bytes, 2, to, nowSeconds);
  return bytes.subarray(2);
}

describe('connection ids', () => {
  const strict = new ConnectionIds(KEY, 'strict');
  const lenient = new ConnectionIds(KEY, 'lenient');
  const someone = remote('192.0.2.7');

  it.each([0, 59, 60, 10_000, 60 * 256 - 1, 60 * 300 + 30])('last two minutes from second %i on', (now) => {
    const id = issue(strict, someone, now);
    expect(strict.isValid(id, 0, someone, now)).toBe(true);
    expect(strict.isValid(id, 0, someone, now + 120)).toBe(true);
    expect(strict.isValid(id, 0, someone, now + 181)).toBe(false);
  });

  it('last longer than an announce interval where that is asked for', () => {
    const id = issue(lenient, someone, 5_000);
    expect(lenient.isValid(id, 0, someone, 5_000 + 1_980)).toBe(true);
    expect(lenient.isValid(id, 0, someone, 5_000 + 2_200)).toBe(false);
  });

  it('do not come back when their stamp does', () => {
    const id = issue(lenient, someone, 1_000);
    expect(lenient.isValid(id, 0, someone, 1_000 + 256 * 60)).toBe(false);
  });

  it('of the future are refused', () => {
    const id = issue(strict, someone, 600);
    expect(strict.isValid(id, 0, someone, 599)).toBe(false);
    expect(strict.isValid(issue(strict, someone, 0x7fffffff), 0, someone, 0)).toBe(false);
  });

  it('of the next window are taken from another worker, whose clock may be ahead', () => {
    const shared = new ConnectionIds(KEY, 'strict', true);
    expect(shared.isValid(issue(strict, someone, 600), 0, someone, 599)).toBe(true);
    expect(shared.isValid(issue(strict, someone, 660), 0, someone, 599)).toBe(false);
    expect(shared.isValid(issue(strict, someone, 0x7fffffff), 0, someone, 0)).toBe(false);
    expect(shared.isValid(issue(strict, someone, 600), 0, someone, 720)).toBe(true);
    expect(shared.isValid(issue(strict, someone, 600), 0, someone, 781)).toBe(false);
  });

  it('belong to one address, whatever the port', () => {
    const id = issue(strict, someone, 100);
    expect(strict.isValid(id, 0, remote('192.0.2.7', 1), 100)).toBe(true);
    expect(strict.isValid(id, 0, remote('192.0.2.8'), 100)).toBe(false);
    const six = remote('2001:db8::7');
    const idOfSix = issue(strict, six, 100);
    expect(strict.isValid(idOfSix, 0, six, 100)).toBe(true);
    for (const other of ['2001:db8::8', '2001:db8:0:1::7', '2001:db9::7', '2001:db8::1:0:0:7']) {
      expect(strict.isValid(idOfSix, 0, remote(other), 100)).toBe(false);
    }
  });

  it('fail with any bit changed', () => {
    const id = issue(strict, someone, 100);
    for (let bit = 0; bit < 64; bit++) {
      const forged = id.slice();
      forged[bit >> 3]! ^= 1 << (bit & 7);
      expect(strict.isValid(forged, 0, someone, 100)).toBe(false);
    }
  });

  it('of another key, as after a restart, are refused', () => {
    const other = new ConnectionIds(new Uint8Array(16), 'strict');
    expect(other.isValid(issue(strict, someone, 100), 0, someone, 100)).toBe(false);
  });
});
