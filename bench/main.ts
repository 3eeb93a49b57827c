/** The benchmark: scenarios one after another, progress on the error output, results on the standard output. */
import { availableParallelism } from 'node:os';
import { startLoad } from './load/start-load.js';
import { HELP, readOptions } from './options.js';
import { describeMachine, describeRun, formatScenario } from './report.js';
import { runScenario, type ScenarioFigures } from './run-scenario.js';
import { SCENARIOS } from './scenarios.js';
import { isInstalled } from './servers/start-server.js';

const say = (line: string): void => console.error(line);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  if (process.platform !== 'linux' || availableParallelism() < 2 || !isInstalled('taskset')) {
    say('bench: it needs Linux, two processors and taskset (util-linux): one for the server, one for the load');
    return 1;
  }
  if (!isInstalled('opentracker')) {
    say('bench: opentracker is not installed (Debian: apt install opentracker); going on without it');
  }
  const scenarios = SCENARIOS.filter(({ name, onlyWhenNamed }) =>
    options.only.length === 0 ? onlyWhenNamed !== true : options.only.includes(name),
  ).map((scenario) => ({
    ...scenario,
    servers: scenario.servers.filter((kind) => options.servers.length === 0 || options.servers.includes(kind)),
  }));
  const load = startLoad();
  const all: ScenarioFigures[] = [];
  let failed = false;
  try {
    for (const [i, scenario] of scenarios.entries()) {
      say(`${i + 1} of ${scenarios.length}: ${scenario.title}`);
      try {
        const figures = await runScenario(scenario, options.rounds, options.seconds, load, say);
        all.push(figures);
        if (!options.json) say(`${formatScenario(figures)}\n`);
      } catch (error) {
        failed = true;
        say(`  ${scenario.name} is left out: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
  } finally {
    load.stop();
  }
  const command = ['npm run bench', ...(process.argv.length > 2 ? ['--', ...process.argv.slice(2)] : [])].join(' ');
  if (options.json) console.log(JSON.stringify({ machine: describeMachine(), command, scenarios: all }, null, 2));
  else console.log([describeRun(command), ...all.map(formatScenario)].join('\n\n'));
  return failed ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`bench: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
