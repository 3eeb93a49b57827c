import { Response } from 'undici';
import { expect, it } from 'vitest';
import { MAX_REMEMBERED_HOSTS } from '../../../src/net/limits.js';
import { readRobots } from '../../../src/net/robots.js';
import { createRobotsCache } from '../../../src/net/robots-cache.js';

it('remembers the rules of a site, and forgets those of the first sites when it has seen too many', async () => {
  const fetched: string[] = [];
  const rulesOf = createRobotsCache({
    clock: { nowMs: () => 0 },
    documents: {
      run: async (_task, { bytes, product }) => readRobots(new TextDecoder().decode(bytes), product),
    },
    product: 'alias-tracker',
    fetch: async (url) => {
      fetched.push(url.host);
      return { response: new Response(null, { status: 200 }), bytes: Buffer.from('User-agent: *\nDisallow: /x') };
    },
  });
  const site = (i: number): URL => new URL(`http://s${i}.example/a`);
  // Forgotten in batches: twice as many sites are more than any batch leaves.
  const many = 2 * MAX_REMEMBERED_HOSTS;
  for (let i = 0; i < many; i++) await rulesOf(site(i), {});
  expect(fetched).toHaveLength(many);
  expect((await rulesOf(site(many - 1), {})).allows('/x')).toBe(false);
  expect(fetched, 'the last one is remembered').toHaveLength(many);
  await rulesOf(site(0), {});
  expect(fetched, 'the first one is not').toHaveLength(many + 1);
});
