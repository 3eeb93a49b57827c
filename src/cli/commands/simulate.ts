/** `simulate`: estimates the savings of localisation by a swarm simulation that uses the real selection code. */
import { existsSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Command } from 'commander';
import { messageOf, OperatorError } from '../../domain/errors.js';
import { defaultMix } from '../../policy/default-mix.js';
import { hoursHeader, hoursRows } from '../../simulator/hours-table.js';
import { htmlReport } from '../../simulator/html-report.js';
import { type PolicyResult, runScenario, type ScenarioResult } from '../../simulator/run-scenario.js';
import { loadScenario, POLICY_NAMES, type PolicyName, policyFault, type Scenario } from '../../simulator/scenario.js';
import type { CliContext } from '../cli-context.js';
import { formatTable } from '../table.js';

const scenarioDirectory = join(dirname(fileURLToPath(import.meta.url)), '..', '..', '..', 'examples', 'scenarios');
const DEFAULT_SCENARIO = 'flash-crowd';
const PROGRESS_EVERY_MS = 500;

interface SimulateOptions {
  readonly scenario: string;
  readonly policy?: string[];
  readonly seed?: string;
  readonly html?: string;
  readonly json?: boolean;
}

export function registerSimulateCommand(program: Command, context: CliContext): void {
  program
    .command('simulate')
    .description('simulate a swarm and compare policies to estimate the savings of localisation')
    .option('-s, --scenario <file>', 'a scenario file, or the name of one in examples/scenarios', DEFAULT_SCENARIO)
    .option('-p, --policy <name...>', `only these policies: ${POLICY_NAMES.join(', ')}`)
    .option('--seed <number>', 'replace the seed of the scenario')
    .option('--html <file>', 'also write a report with plots')
    .option('--json', 'print the result as JSON')
    .addHelpText(
      'after',
      '\nThe same scenario and seed give the same result. docs/simulation.md says what is modelled and what is not.',
    )
    .action(async (options: SimulateOptions) => {
      const scenario = withOptions(loadScenario(scenarioFile(options.scenario)), options);
      const result = await runScenario(scenario, {
        defaultMix,
        signal: context.signal,
        onProgress: progressWriter(context),
      });
      if (options.html) writeReport(options.html, result);
      context.stdout.write(options.json ? `${JSON.stringify(result)}\n` : describe(result));
      if (options.html) context.stderr.write(`report: ${options.html}\n`);
    });
}

function scenarioFile(name: string): string {
  if (existsSync(name)) return name;
  const bundled = join(scenarioDirectory, `${name}.yaml`);
  return existsSync(bundled) ? bundled : name;
}

function withOptions(scenario: Scenario, options: SimulateOptions): Scenario {
  const policies = options.policy?.map((name): PolicyName => {
    const known = POLICY_NAMES.find((candidate) => candidate === name);
    if (!known) throw new OperatorError(`there is no policy "${name}"; choose from ${POLICY_NAMES.join(', ')}`);
    const fault = policyFault(known, scenario);
    if (fault) throw new OperatorError(`${options.scenario}: ${fault}; docs/simulation.md shows the keys`);
    return known;
  });
  const seed = options.seed === undefined ? scenario.seed : Number(options.seed);
  if (!Number.isInteger(seed) || seed < 0 || seed > 0xffffffff) {
    throw new OperatorError(`--seed takes a whole number from 0 to 4294967295, not "${options.seed}"`);
  }
  return { ...scenario, seed, policies: policies ?? scenario.policies };
}

function writeReport(file: string, result: ScenarioResult): void {
  try {
    writeFileSync(file, htmlReport(result));
  } catch (thrown) {
    throw new OperatorError(`cannot write the report to ${file}: ${messageOf(thrown)}`, {
      code: 'file-access',
      cause: thrown,
    });
  }
}

function progressWriter(context: CliContext): (policy: PolicyName, share: number, simulatedSeconds: number) => void {
  let lastMs = Number.NEGATIVE_INFINITY;
  return (policy, share, simulatedSeconds) => {
    const nowMs = context.clock.nowMs();
    if (nowMs - lastMs < PROGRESS_EVERY_MS && share < 1) return;
    lastMs = nowMs;
    const line = `${policy}: ${Math.round(100 * share)} % of the downloads, ${Math.round(simulatedSeconds)} s simulated`;
    context.stderr.write(context.stdout.isTTY ? `\r${line.padEnd(70)}${share === 1 ? '\n' : ''}` : `${line}\n`);
  };
}

function describe(result: ScenarioResult): string {
  const baseline = result.policies[0]!;
  const saved = (p: PolicyResult): string => (p === baseline ? '' : (baseline.cost - p.cost).toFixed(3));
  const rows = result.policies.map((p) => [
    p.policy,
    p.meanCopiesIn.toFixed(2),
    `${(100 * p.externalShare).toFixed(1)} %`,
    `${Math.round(p.medianCompletionSeconds)} s`,
    `${Math.round(p.completionSeconds[Math.floor(0.95 * p.completionSeconds.length)] ?? Number.NaN)} s`,
    p.incomplete,
    p.cost.toFixed(3),
    saved(p),
  ]);
  const header = [
    'policy',
    'copies in',
    'from outside',
    'median',
    '95 %',
    'unfinished',
    `cost ${result.currency}`,
    'saved',
  ];
  const hours = hoursRows(result);
  const hoursTable = hours.length === 0 ? '' : `\n${formatTable(hoursHeader(result), hours)}`;
  return `${result.scenario}\n\n${formatTable(header, rows)}${hoursTable}`;
}
