/**
 * The same requests leave the same swarms with any number of workers: announces of every event and scrapes, over UDP and HTTP, from
 * IPv4 and IPv6, compared record by record. `npm run bench -- workers-same` does this with a million requests.
 */
import { beforeAll, describe, expect, it } from 'vitest';
import { compareOutcomes, type MixOutcome, runMix } from '../../bench/workers/run-mix.js';
import { countPeers, differencesOf, type SwarmRecords } from '../../bench/workers/swarm-records.js';

const SEED = 20_261_201;
const PACKETS = 20_000;

describe.runIf(process.platform === 'linux')('the same requests', () => {
  let one: MixOutcome;
  beforeAll(async () => {
    one = await runMix(SEED, PACKETS, 1);
  });

  it('need no other worker where there is one', () => {
    expect(one.passed).toBe(0);
    expect(countPeers(one.swarms)).toBeGreaterThan(PACKETS / 4);
  });

  it.each([2, 4, 7])('leave the same swarms and get the same counts with %i workers', async (workers) => {
    const several = await runMix(SEED, PACKETS, workers);
    expect(compareOutcomes(one, several)).toEqual([]);
    expect(several.passed).toBeGreaterThan(0);
  });
});

describe('the comparison of swarms', () => {
  const swarms = (...lines: string[]): SwarmRecords => new Map([['ab', lines]]);

  it('names a record that only one side has', () => {
    expect(differencesOf(swarms('head', 'a'), swarms('head', 'a'))).toEqual([]);
    expect(differencesOf(swarms('head', 'a'), swarms('head', 'b'))).toEqual(['- ab a', '+ ab b']);
    expect(differencesOf(swarms('head'), new Map())).toEqual(['- ab head']);
  });

  it('names a record that one side has twice', () => {
    expect(differencesOf(swarms('head', 'a'), swarms('head', 'a', 'a'))).not.toEqual([]);
  });
});
