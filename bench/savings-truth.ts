/**
 * The truth test of the savings estimate: simulated swarms with a control group, each also run with an original tracker alone. Says
 * how often the 95 % interval has the true saving, and how far the estimate is from it.
 *
 *   npm run bench -- savings-truth [--seeds 10] [--swarms 6] [shape …]
 *
 * Shapes: inside-10, inside-30, inside-60 (percent of the peers that are inner), churn (few stay to seed), small (swarms of 12 peers).
 */
import { parseArgs } from 'node:util';
import { defaultMix } from '../src/policy/default-mix.js';
import { sum } from '../src/savings/traffic-window.js';
import { runTrial, TRIAL_SHAPES, type TrialResult } from './savings-trial.js';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    seeds: { type: 'string', default: '10' },
    swarms: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
});
const names = positionals.length > 0 ? positionals : Object.keys(TRIAL_SHAPES);
for (const name of names) {
  const shape = TRIAL_SHAPES[name];
  if (shape === undefined) throw new Error(`unknown shape "${name}"; known: ${Object.keys(TRIAL_SHAPES).join(', ')}`);
  const results: TrialResult[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const result = await runTrial(
      { ...shape, ...(values.swarms ? { swarms: Number(values.swarms) } : {}) },
      seed,
      defaultMix,
    );
    results.push(result);
    console.log(`${name} seed ${seed}: ${describe(result)}`);
    if (values.verbose) console.log(JSON.stringify(detailsOf(result)));
  }
  const covered = results.filter(({ isCovered }) => isCovered).length;
  console.log(`${name}: the interval has the truth in ${covered} of ${results.length} runs\n`);
}

function gigabytes(bytes: number): string {
  return (bytes / 1e9).toFixed(2);
}

function describe({ trueBytes, foreignAtAlias, foreignAtOriginal, estimated, isCovered }: TrialResult): string {
  const truth = `true ${gigabytes(trueBytes)} GB (${gigabytes(foreignAtOriginal)} - ${gigabytes(foreignAtAlias)})`;
  if ('reason' in estimated) return `${truth}, ${estimated.reason}`;
  const { savedBytes, savedBytesRange, foreignBytes, baseline } = estimated;
  const range = `${gigabytes(savedBytesRange.low)} … ${gigabytes(savedBytesRange.high)}`;
  const share = `baseline ${baseline.foreignShare.toFixed(3)}, foreign ${gigabytes(foreignBytes)} GB`;
  return `${truth}, estimate ${gigabytes(savedBytes)} GB (${range}), ${share}${isCovered ? '' : ' MISSED'}`;
}

/** For those who improve the method. */
function detailsOf({ window, downloadedBytes, foreignAtAlias, foreignAtOriginal }: TrialResult): object {
  const of = (name: 'localised' | 'control') => ({
    downloaded: sum(window[name].downloaded) / 1e9,
    uploaded: sum(window[name].uploaded) / 1e9,
    byShare: sum(window[name].foreignByShare) / 1e9,
  });
  return {
    trueShareAtOriginal: foreignAtOriginal / downloadedBytes,
    trueForeign: foreignAtAlias / 1e9,
    downloaded: downloadedBytes / 1e9,
    localised: of('localised'),
    control: of('control'),
  };
}
