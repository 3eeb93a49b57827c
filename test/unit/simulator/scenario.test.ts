import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { formatIpv4, prefixContains } from '../../../src/domain/ip-address.js';
import { createRandom } from '../../../src/domain/random.js';
import { defaultMix } from '../../../src/policy/default-mix.js';
import { htmlReport } from '../../../src/simulator/html-report.js';
import { populate } from '../../../src/simulator/population.js';
import { runScenario } from '../../../src/simulator/run-scenario.js';
import { loadScenario, parseScenario } from '../../../src/simulator/scenario.js';

const directory = join(import.meta.dirname, '../../../examples/scenarios');

const small = parseScenario(
  `
name: small <b>
content: { pieces: 160, pieceBytes: 250000 }
networks:
  - { name: home, peers: 40, uplinkBps: 1000000, downlinkBps: 8000000, localised: true }
  - { name: other, count: 2, peers: 40, uplinkBps: 1000000, downlinkBps: 8000000 }
origin: { uplinkBps: 4000000 }
`,
  'small.yaml',
);

describe('scenario files', () => {
  it.each(readdirSync(directory))('%s can be loaded', (file) => {
    expect(loadScenario(join(directory, file)).networks.length).toBeGreaterThan(0);
  });

  it('an unknown key and a wrong value are refused with file and key', () => {
    const text =
      'name: x\ncontent: { pieces: 0, pieceBytes: 1 }\nnetwork: []\norigin: { uplinkBps: 1 }\nnetworks: [{}]';
    expect(() => parseScenario(text, 'broken.yaml')).toThrow(/broken\.yaml: content\.pieces/);
    expect(() => parseScenario(text, 'broken.yaml')).toThrow(/"network"/);
    expect(() => loadScenario('nowhere.yaml')).toThrow(/cannot read the scenario nowhere\.yaml/);
    expect(() => parseScenario('name: [', 'cut.yaml')).toThrow(/cut\.yaml: /);
  });
});

describe('population', () => {
  it('gives every peer an address of its own inside its network', () => {
    const population = populate(small, createRandom(1));
    expect(population.peers).toHaveLength(1 + 3 * 40);
    expect(new Set(population.addresses).size).toBe(population.peers.length);
    population.peers.forEach((peer, i) => {
      const network = population.networks[peer.network]!;
      const address = { family: 4 as const, words: [population.addresses[i]!] };
      expect(prefixContains(network.prefix, address), formatIpv4(population.addresses[i]!)).toBe(true);
    });
  });
});

describe('a scenario run', () => {
  it('localises: far fewer copies enter the home network, everybody finishes, and the answer came from the selection', async () => {
    const shares: number[] = [];
    const result = await runScenario(small, { defaultMix, onProgress: (_policy, share) => shares.push(share) });
    const [random, asOnly, full] = result.policies;
    expect(result.policies.map((p) => p.policy)).toEqual(['random', 'as-only', 'full']);
    for (const policy of result.policies) expect(policy.incomplete).toBe(0);
    expect(random!.externalShare).toBeGreaterThan(0.5);
    expect(full!.meanCopiesIn).toBeLessThan(random!.meanCopiesIn / 6);
    expect(full!.meanCopiesIn).toBeLessThan(asOnly!.meanCopiesIn);
    expect(asOnly!.medianCompletionSeconds).toBeLessThan(random!.medianCompletionSeconds * 1.1);
    expect(Math.max(...shares)).toBe(1);
    const html = htmlReport(result);
    expect(html).toContain('small &lt;b&gt;');
    expect(html.match(/<svg/g)).toHaveLength(3);
  });

  it('costs little time even where everybody leaves at once, as a mean of several seeds', async () => {
    const seconds = { random: 0, full: 0 };
    for (let seed = 1; seed <= 6; seed++) {
      const { policies } = await runScenario({ ...small, seed, policies: ['random', 'full'] }, { defaultMix });
      for (const { policy, medianCompletionSeconds } of policies)
        seconds[policy as keyof typeof seconds] += medianCompletionSeconds;
    }
    expect(seconds.full).toBeLessThan(seconds.random * 1.15);
  });

  it('can be stopped', async () => {
    const controller = new AbortController();
    const running = runScenario(small, { defaultMix, signal: controller.signal, onProgress: () => controller.abort() });
    await expect(running).rejects.toThrow(/abort/i);
  });
});
