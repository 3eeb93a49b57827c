/**
 * Whether the number of workers changes what the tracker knows: sends the same requests (announces of every event, scrapes, UDP and
 * HTTP, IPv4 and IPv6) to a tracker with 1, 2, 4 and 7 workers and compares their swarms record by record, and the counts in all
 * answers. The exit code is 1 if anything differs.
 *
 *   npm run bench -- workers-same [--packets N] [--workers N,…] [--seed N]
 */
import { parseArgs } from 'node:util';
import { compareOutcomes, type MixOutcome, runMix } from './workers/run-mix.js';
import { countPeers } from './workers/swarm-records.js';

const TELL_EVERY_MS = 2_000;

const { values } = parseArgs({
  options: {
    packets: { type: 'string', default: '1000000' },
    workers: { type: 'string', default: '1,2,4,7' },
    seed: { type: 'string', default: '1' },
  },
});
const packets = whole('packets', values.packets);
const seed = whole('seed', values.seed);
const counts = values.workers.split(',').map((text) => whole('workers', text));

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} takes whole numbers from 1`);
  return value;
}

const number = (value: number): string => value.toLocaleString('en');

async function measure(workers: number): Promise<MixOutcome> {
  const startMs = performance.now();
  let tellAtMs = startMs + TELL_EVERY_MS;
  const outcome = await runMix(seed, packets, workers, (answered) => {
    if (performance.now() < tellAtMs) return;
    tellAtMs = performance.now() + TELL_EVERY_MS;
    console.error(`  workers ${workers}: ${number(answered)} of ${number(packets)} answered`);
  });
  const seconds = ((performance.now() - startMs) / 1_000).toFixed(1);
  const size = `${number(countPeers(outcome.swarms))} peers in ${number(outcome.swarms.size)} swarms`;
  console.log(`workers ${workers}: ${size}; ${number(outcome.passed)} passed between workers; ${seconds} s`);
  return outcome;
}

let differs = false;
let first: MixOutcome | undefined;
for (const workers of counts) {
  const outcome = await measure(workers);
  first ??= outcome;
  const differences = compareOutcomes(first, outcome);
  if (differences.length === 0) continue;
  differs = true;
  console.log(`workers ${workers} differ from ${first.workers} (-):\n  ${differences.join('\n  ')}`);
}
console.log(
  differs
    ? `DIFFERENT swarms after ${number(packets)} requests with ${counts.join(', ')} workers`
    : `the same swarms and answers after ${number(packets)} requests with ${counts.join(', ')} workers`,
);
process.exitCode = differs ? 1 : 0;
