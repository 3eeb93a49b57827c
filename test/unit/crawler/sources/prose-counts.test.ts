import { describe, expect, it } from 'vitest';
import { countsInProse } from '../../../../src/crawler/sources/prose-counts.js';

describe('counts in prose', () => {
  it.each([
    ['Seeders: 12, Leechers: 3', 12, 3],
    ['<p><b>Seeders</b>: 12<br/><b>Leechers</b>:&nbsp;3</p>', 12, 3],
    ['<table><tr><td>Seeds</td><td>1,204</td></tr><tr><td>Peers</td><td>17</td></tr></table>', 1_204, 17],
    ['12 seeder(s), 3 leecher(s)', 12, 3],
    ['12 seeders 3 leechers', 12, 3],
    ['Seeders 12 Leechers 3', 12, 3],
    ['Size: 700 Seeders 12 Leechers 3', 12, 3],
    ['1.2k seeds and 3 peers.', 1_200, 3],
    ['Seeds: 1,204. Peers: 3.', 1_204, 3],
    ['Leechers (all) = 4, seeders (now) = 12', 12, 4],
    ['Seeders (12) / Leechers (3)', 12, 3],
    ['Size: 5 GB <b>Seeders: 12</b> Leechers: 3', 12, 3],
    ['Seeders: 99999999999, Leechers: 3', undefined, 3],
    ['a film about bird seeds, in 1080p', undefined, undefined],
    ['seed, 12 of them', undefined, undefined],
    ['', undefined, undefined],
  ])('%s', (prose, seeds, leechers) => {
    expect(countsInProse(prose)).toMatchObject({ seeds, leechers });
  });

  it('are downloads only after a colon: the word is common in prose', () => {
    expect(countsInProse('Downloads: 55').downloads).toBe(55);
    expect(countsInProse('the best downloads 2026').downloads).toBeUndefined();
  });
});
