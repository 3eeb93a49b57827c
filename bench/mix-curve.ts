/**
 * Where the defaults of `selection` come from: one localised network of 3 … 1,000 peers in a swarm five times its size, under
 * random choice, under the defaults, and with other gateways and foreign peers. For each population the point of the least
 * external share at which completion stays within 5 % of random choice.
 *
 *   npm run bench -- mix-curve [--all] [--defaults-only] [--seeds 3] [--megabytes 100] [--silent 0.1] [--firewalled 0.3] [inner peers …]
 *
 * --silent: for each peer so many more that are listed as seeds and serve nobody; --firewalled: the share of peers that
 * nobody can connect to; inside and outside alike.
 * Without numbers 3 10 30 100; 300 and 1000 take minutes. --all prints each point as it is found. Small contents are
 * complete within a few rounds of choking, however they are handed out: arrival and seeding take longer with larger ones.
 */
import { parseArgs } from 'node:util';
import { defaultMix } from '../src/policy/default-mix.js';
import { type DefaultMix, runScenario } from '../src/simulator/run-scenario.js';
import { type PolicyName, parseScenario, type Scenario } from '../src/simulator/scenario.js';

const TOLERATED_SLOWDOWN = 1.05;
/** From here on there are always enough inner peers, and each run takes seconds. */
const LARGE = 100;

type MixChange = Partial<DefaultMix>;

/** Means of several runs. */
interface Outcome {
  share: number;
  seconds: number;
  incomplete: number;
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    all: { type: 'boolean', default: false },
    'defaults-only': { type: 'boolean', default: false },
    seeds: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '100' },
    silent: { type: 'string', default: '0' },
    firewalled: { type: 'string', default: '0' },
  },
});
const populations = positionals.length > 0 ? positionals.map(Number) : [3, 10, 30, 100];
const seeds = Number(values.seeds);
const megabytes = Number(values.megabytes);
const PIECE_BYTES = 262_144;
/** For how long peers arrive, in seconds. They stay twice as long after completion. */
const arrival = 3 * megabytes;

const reach = `silentShare: ${Number(values.silent)}, firewalledShare: ${Number(values.firewalled)}`;

const scenarioOf = (peers: number, policy: PolicyName, seed: number): Scenario =>
  parseScenario(
    `
name: ${peers} inner peers
seed: ${seed}
content: { pieces: ${Math.ceil((megabytes * 1e6) / PIECE_BYTES)}, pieceBytes: ${PIECE_BYTES} }
client: { neighbours: 40, maxConnections: 60, numWant: 50 }
networks:
  - { name: home, peers: ${peers}, uplinkBps: 1000000, downlinkBps: 8000000, arrivalSeconds: ${arrival}, seedForSeconds: ${2 * arrival}, ${reach}, localised: true }
  - { name: elsewhere, count: 4, peers: ${peers}, uplinkBps: 1000000, downlinkBps: 8000000, arrivalSeconds: ${arrival}, seedForSeconds: ${2 * arrival}, ${reach} }
origin: { uplinkBps: 4000000 }
policies: [${policy}]
`,
    'mix-curve',
  );

/** The mean of several seeds; seconds are the mean of the medians. */
async function measure(peers: number, policy: PolicyName, changes: MixChange): Promise<Outcome> {
  const sums: Outcome = { share: 0, seconds: 0, incomplete: 0 };
  for (let seed = 1; seed <= seeds; seed++) {
    const mix = { ...defaultMix, ...changes };
    const { policies } = await runScenario(scenarioOf(peers, policy, seed), { defaultMix: mix });
    const result = policies[0]!;
    sums.share += result.externalShare / seeds;
    sums.seconds += result.medianCompletionSeconds / seeds;
    sums.incomplete += result.incomplete;
  }
  return sums;
}

type Choices = { readonly [Key in keyof MixChange]?: readonly number[] };

/** Every combination of the given values of each key. */
function combinations(choices: Choices): MixChange[] {
  return Object.entries(choices).reduce<MixChange[]>(
    (mixes, [key, options]) => mixes.flatMap((mix) => options.map((option) => ({ ...mix, [key]: option }))),
    [{}],
  );
}

function points(peers: number): MixChange[] {
  const large = peers >= LARGE;
  const gateways: Choices = {
    gatewaysMax: large ? [4, 8, 32] : [2, 4, 8, 32],
    foreignPeersWhenNoInnerSeed: [1, 2, 3, 5],
  };
  const everybody: Choices = { gatewaysMax: [0], foreignPeersMin: [0, 1], foreignPeersWhenNoInnerSeed: [1, 2] };
  const smaller: Choices = large ? {} : { enoughInnerPeers: [4, 12, 24], foreignPeersMax: [2, 8, 20] };
  return [...combinations(gateways), ...combinations({ ...everybody, ...smaller })];
}

const nameOf = (mix: MixChange): string =>
  Object.entries(mix)
    .map(([key, value]) => `${key} ${value}`)
    .join(', ');

function textOf(result: Outcome, random: Outcome): string {
  const slower = (result.seconds / random.seconds - 1) * 100;
  const unfinished = result.incomplete > 0 ? `, ${result.incomplete} unfinished` : '';
  return `${(100 * result.share).toFixed(1)} %, ${slower > 0 ? '+' : ''}${slower.toFixed(0)} %${unfinished}`;
}

console.log(`Content of ${megabytes} MB, ${reach}: share from outside, time against random choice\n`);
console.log('| inner peers | random | AS alone | the defaults | the least share within 5 % |\n|---|---|---|---|---|');
for (const peers of populations) {
  const random = await measure(peers, 'random', {});
  const asOnly = await measure(peers, 'as-only', {});
  const defaults = await measure(peers, 'full', {});
  let best: { readonly mix: MixChange; readonly result: Outcome } | undefined;
  for (const mix of values['defaults-only'] ? [] : points(peers)) {
    const result = await measure(peers, 'full', mix);
    if (values.all) console.error(`${peers}: ${nameOf(mix)}: ${textOf(result, random)}`);
    if (result.seconds > random.seconds * TOLERATED_SLOWDOWN || result.incomplete > 0) continue;
    if (best === undefined || result.share < best.result.share) best = { mix, result };
  }
  const least = best ? `${nameOf(best.mix)}: ${textOf(best.result, random)}` : 'not sought, or none';
  const outset = `${(100 * random.share).toFixed(1)} %, ${random.seconds.toFixed(0)} s`;
  console.log(`| ${peers} | ${outset} | ${textOf(asOnly, random)} | ${textOf(defaults, random)} | ${least} |`);
}
