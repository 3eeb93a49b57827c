import { describe, expect, test } from 'vitest';
import { parseTrackerPreferences } from '../../../src/upstream/tracker-preferences.js';

describe('BEP 34', () => {
  test.each([
    [[], undefined],
    [['v=spf1 -all', 'BITTORRENTS UDP:1'], undefined],
    [['BITTORRENT DENY ALL'], []],
    [['BITTORRENT'], []],
    [
      ['v=spf1', 'BITTORRENT UDP:1337 TCP:80 SCTP:9'],
      ['udp 1337', 'tcp 80'],
    ],
  ])('%j', (texts, expected) => {
    const allowed = parseTrackerPreferences(texts)?.allowed.map(({ protocol, port }) => `${protocol} ${port}`);
    expect(allowed).toEqual(expected);
  });
});
