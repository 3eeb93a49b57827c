/**
 * What several workers cost: answers per CPU-second of the whole process with 1, 2 and 4 workers, which take turns of one second.
 * The servers have one core for each worker, as far as the machine has them beside that of the load generator.
 *
 *   npm run bench -- workers [--only NAME,…] [--rounds N] [--seconds N]
 */
import { availableParallelism } from 'node:os';
import { parseArgs } from 'node:util';
import { startLoad } from './load/start-load.js';
import { answersPerCpuSecond, describeMachine, median, medianRatio } from './report.js';
import { runScenario, type ScenarioFigures, type ServerFigures } from './run-scenario.js';
import { WORKER_SCENARIOS } from './scenarios.js';

const { values } = parseArgs({
  options: {
    only: { type: 'string', default: WORKER_SCENARIOS.map(({ name }) => name).join(',') },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
  },
});
const scenarios = values.only.split(',').map((name) => {
  const scenario = WORKER_SCENARIOS.find((each) => each.name === name);
  if (scenario === undefined) throw new Error(`no scenario is called "${name}"`);
  return scenario;
});

function format({ scenario, servers, remarks }: ScenarioFigures): string {
  return [
    `### ${scenario.title}`,
    '',
    '| server | answers per CPU-second | lowest … highest | ÷ one worker | µs per answer: program + kernel | answers/s | lost |',
    '|---|---:|---:|---:|---:|---:|---:|',
    ...servers.map((figures) => row(figures, servers[0]!)),
    ...remarks.flatMap((remark) => ['', remark]),
  ].join('\n');
}

function row({ label, rounds }: ServerFigures, one: ServerFigures): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en');
  const rates = rounds.map(answersPerCpuSecond);
  const middle = (pick: (round: (typeof rounds)[number]) => number): number => median(rounds.map(pick));
  const cells = [
    label === 'alias-tracker' ? 'one worker' : label.replace('-', ' ').replace('-', ' '),
    whole(median(rates)),
    `${whole(Math.min(...rates))} … ${whole(Math.max(...rates))}`,
    medianRatio(rounds, one.rounds).toFixed(2),
    `${middle((r) => (1e6 * r.userSeconds) / r.answers).toFixed(1)} + ${middle((r) => (1e6 * r.systemSeconds) / r.answers).toFixed(1)}`,
    whole(middle((r) => r.answers / r.seconds)),
    `${middle((r) => (100 * r.lost) / (r.answers + r.lost)).toFixed(2)} %`,
  ];
  return `| ${cells.join(' | ')} |`;
}

const say = (line: string): void => console.error(line);
console.log(`Machine: ${describeMachine()}\n`);
if (availableParallelism() < 5)
  console.log(
    'The workers share cores: the ratios show what an answer costs, not how much faster several workers are.\n',
  );
const load = startLoad();
try {
  for (const [i, scenario] of scenarios.entries()) {
    say(`${i + 1} of ${scenarios.length}: ${scenario.title}`);
    try {
      const figures = await runScenario(scenario, Number(values.rounds), Number(values.seconds), load, say);
      console.log(`${format(figures)}\n`);
    } catch (error) {
      process.exitCode = 1;
      say(`  ${scenario.name} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
} finally {
  load.stop();
}
