/**
 * Where the defaults of `selection` come from: one localised network of 3 … 1,000 peers in a swarm five times its size, under
 * random choice and under the full policy with other numbers of foreign links. Needs `npm run build`.
 *
 *   node bench/mix-curve.mjs [inner peers …]        (default 3 16 50 150; 1000 takes long)
 */
import { defaultMix } from '../dist/config/default-mix.js';
import { runScenario } from '../dist/simulator/run-scenario.js';
import { parseScenario } from '../dist/simulator/scenario.js';

const FOREIGN_LINKS = [3, 4, 6, 12];
const populations = process.argv.slice(2).map(Number);

const scenarioOf = (peers, policies) =>
  parseScenario(
    `
name: ${peers} inner peers
seed: 5
content: { pieces: 80, pieceBytes: 131072 }
client: { neighbours: 40, maxConnections: 60 }
networks:
  - { name: home, peers: ${peers}, uplinkBps: 1000000, downlinkBps: 8000000, arrivalSeconds: 30, seedForSeconds: 60, localised: true }
  - { name: elsewhere, count: 4, peers: ${peers}, uplinkBps: 1000000, downlinkBps: 8000000, arrivalSeconds: 30, seedForSeconds: 60 }
origin: { uplinkBps: 4000000 }
policies: [${policies}]
`,
    'mix-curve',
  );

const row = (peers, label, { policies: [policy] }) => {
  const share = `${(100 * policy.externalShare).toFixed(1)} %`;
  console.log(`| ${peers} | ${label} | ${share} | ${policy.medianCompletionSeconds.toFixed(0)} s |`);
};

console.log('| inner peers | policy | from outside | median |\n|---|---|---|---|');
for (const peers of populations.length > 0 ? populations : [3, 16, 50, 150]) {
  for (const policy of ['random', 'as-only'])
    row(peers, policy, await runScenario(scenarioOf(peers, policy), { defaultMix }));
  for (const links of FOREIGN_LINKS) {
    const mix = { ...defaultMix, foreignPeersWhenNoInnerSeed: links };
    row(peers, `full, ${links} links a gateway`, await runScenario(scenarioOf(peers, 'full'), { defaultMix: mix }));
  }
}
