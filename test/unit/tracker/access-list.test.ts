import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ACCESS_DENIED, ACCESS_NOT_LISTED, ACCESS_PERMITTED, AccessList } from '../../../src/tracker/access-list.js';
import { InfoHashSet } from '../../../src/tracker/info-hash-set.js';

const hash = (n: number): Uint8Array => new Uint8Array(20).fill(n);
const list = (...numbers: number[]): Uint8Array => new Uint8Array(Buffer.concat(numbers.map(hash)));

describe('a set of info-hashes', () => {
  it('has what was put in and nothing else, also where first words collide', () => {
    const hashes = fc.uint8Array({ minLength: 20, maxLength: 20, max: 2 });
    fc.assert(
      fc.property(fc.array(hashes, { maxLength: 60 }), hashes, (members, other) => {
        const set = new InfoHashSet(new Uint8Array(Buffer.concat(members)));
        const names = new Set(members.map((m) => Buffer.from(m).toString('hex')));
        expect(set.size).toBe(names.size);
        for (const member of members) expect(set.has(member, 0)).toBe(true);
        const shifted = new Uint8Array(23);
        shifted.set(other, 3);
        expect(set.has(shifted, 3)).toBe(names.has(Buffer.from(other).toString('hex')));
      }),
    );
  });
});

describe('a look-up in a set of info-hashes', () => {
  /** Bytes read, the 20 that are hashed among them: a few of every member that is passed. */
  function bytesRead(set: InfoHashSet, hash: Uint8Array): number {
    let reads = 0;
    const watched = new Proxy(hash, {
      get(target, property) {
        reads++;
        return Reflect.get(target, property, target);
      },
    });
    set.has(watched, 0);
    return reads;
  }

  it.each([
    ['first', 19],
    ['last', 0],
  ])('passes few members however alike the %s bytes are', (_, varied) => {
    const member = (n: number): Uint8Array => {
      const bytes = hash(7);
      bytes[varied] = n;
      bytes[Math.abs(varied - 1)] = n >>> 8;
      return bytes;
    };
    const set = new InfoHashSet(new Uint8Array(Buffer.concat(Array.from({ length: 20_000 }, (_, n) => member(n)))));
    let reads = 0;
    for (let n = 0; n < 1_000; n++) reads += bytesRead(set, member(30_000 + n));
    // A table that is half full is left after one or two members, of each of which at most 20 bytes are read.
    expect(reads / 1_000).toBeLessThan(20 + 2 * 20);
  });
});

describe('access', () => {
  it.each([
    ['open', ACCESS_PERMITTED, ACCESS_PERMITTED],
    ['allow-list', ACCESS_PERMITTED, ACCESS_NOT_LISTED],
    ['catalogue', ACCESS_PERMITTED, ACCESS_NOT_LISTED],
    ['deny-list', ACCESS_DENIED, ACCESS_PERMITTED],
  ] as const)('%s', (mode, listed, unlisted) => {
    const access = new AccessList({ mode, hashes: list(1, 2) });
    expect(access.check(hash(2), 0)).toBe(listed);
    expect(access.check(hash(3), 0)).toBe(unlisted);
  });

  it('denies what is denied in any mode', () => {
    const access = new AccessList({ mode: 'catalogue', hashes: list(1, 2), deniedHashes: list(2) });
    expect(access.check(hash(1), 0)).toBe(ACCESS_PERMITTED);
    expect(access.check(hash(2), 0)).toBe(ACCESS_DENIED);
  });
});
