/** Randomness as a parameter: fast, seeded, not for secrets (those come from node:crypto). */

export interface Random {
  /** A uniformly distributed unsigned 32-bit integer. */
  nextUint32(): number;
  /** A uniformly distributed integer in [0, `limit`), for 1 ≤ limit < 2^32. */
  below(limit: number): number;
}

/** xoshiro128** (Blackman, Vigna 2018), seeded by splitmix32 so that any 32-bit seed is usable. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x9e3779b9) >>> 0;
    let z = state;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    return (z ^ (z >>> 16)) | 0;
  };
  let a = next();
  let b = next();
  let c = next();
  let d = next();
  const nextUint32 = (): number => {
    const m = Math.imul(b, 5);
    const result = Math.imul((m << 7) | (m >>> 25), 9) >>> 0;
    const t = b << 9;
    c ^= a;
    d ^= b;
    b ^= c;
    a ^= d;
    c ^= t;
    d = (d << 11) | (d >>> 21);
    return result;
  };
  // The product is below 2^64 but only its top matters; a float keeps 53 bits, a bias below 2^-21 for any limit.
  const below = (limit: number): number => Math.floor((nextUint32() / 0x100000000) * limit);
  return { nextUint32, below };
}
