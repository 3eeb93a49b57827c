/**
 * `npm run experiment`: runs the swarm of `src/lab/experiment.ts` alternately with random choice and with the alias
 * tracker, for several rounds, and prints the rounds side by side. `original` and `hours` run the swarms of
 * `src/lab/origin-experiment.ts`. An entry point; needs root, Linux and the clients.
 */
import { parseArgs } from 'node:util';
import { OperatorError } from '../domain/errors.js';
import { type ExperimentOptions, type ExperimentResult, runExperiment } from '../lab/experiment.js';
import { EXPERIMENT_CLIENTS, type ExperimentClient } from '../lab/experiment-clients.js';
import { describeOriginRounds, type OriginRounds, runOriginRounds } from './experiment-origin.js';
import { formatTable } from './table.js';

/** Each AS is a /24. */
const MAX_CLIENTS = 199;
const MAX_SEEDS = 25;

const HELP = `npm run experiment -- [options]
npm run experiment -- original [--clients N] [--foreign-clients N] [--rounds N] [--megabytes N] [--json]
npm run experiment -- hours [the same, --window SECONDS] [--cap KILOBYTES] [--arrival SECONDS]

  --tracker NAME     opentracker, alias-tracker, or both (default both)
  --client NAME      ${EXPERIMENT_CLIENTS.join(', ')} (default aria2c)
  --clients N        clients in each of the three AS (default 16)
  --foreign-clients N  clients in each of the other two AS (default: as --clients)
  --foreign-seeds N  seeds outside (default 1)
  --silent-seeds N   seeds in the home AS that have announced and are switched off (default 0)
  --firewalled-seeds N  seeds in the home AS that accept no connections (default 0)
  --rounds N         (default 3)
  --megabytes N      size of the content (default 24)
  --interval SECONDS interval at which clients announce to the alias tracker (default 1800)
  --cache            adds a cache of 10 MB/s to the home AS in the alias tracker's runs
  --set KEY=VALUE    a key under "selection:" of the alias tracker's configuration; may be repeated
  --json             print the results as JSON

original: everybody outside asks opentracker, and the only seed is there; clients inside (default 8) have the torrent of the
          mirror site. How many copies enter?
hours:    the border is open until a cache has filled with --cap kB/s (default 1000), at most --window seconds (default 90), and
          closed when the clients come, spread over --arrival seconds (default 30); 32 clients outside by default.

"others" is the median of the other two AS. Near 100 % CPU the processor limits the times, not the swarm.
Real clients in network namespaces of this machine; needs root, iproute2, opentracker and the client (Debian packages).`;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    tracker: { type: 'string', default: 'both' },
    client: { type: 'string', default: 'aria2c' },
    clients: { type: 'string' },
    'foreign-clients': { type: 'string' },
    'foreign-seeds': { type: 'string', default: '1' },
    'silent-seeds': { type: 'string', default: '0' },
    'firewalled-seeds': { type: 'string', default: '0' },
    rounds: { type: 'string', default: '3' },
    megabytes: { type: 'string', default: '24' },
    interval: { type: 'string', default: '1800' },
    cache: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
    window: { type: 'string', default: '90' },
    cap: { type: 'string', default: '1000' },
    arrival: { type: 'string', default: '30' },
    json: { type: 'boolean', default: false },
    help: { type: 'boolean', default: false },
  },
});

type Tracker = ExperimentOptions['tracker'];

const interruption = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => interruption.abort());

async function main(): Promise<void> {
  if (values.help) {
    console.log(HELP);
    return;
  }
  const [scene = 'comparison'] = positionals;
  if (scene === 'original' || scene === 'hours') {
    const results = await runOriginRounds(originOptions(scene === 'hours'));
    console.log(values.json ? JSON.stringify(results) : describeOriginRounds(results));
    return;
  }
  if (scene !== 'comparison')
    throw new OperatorError(`unknown experiment "${scene}"; choose "comparison", "original" or "hours"`);
  const trackers = trackersOf(values.tracker);
  const results: ExperimentResult[] = [];
  const rounds = wholeNumber('--rounds', values.rounds);
  for (let round = 1; round <= rounds; round++) {
    for (const tracker of trackers) {
      const label = `round ${round} of ${rounds}, ${tracker}`;
      results.push(await runExperiment(optionsFor(tracker, (line) => console.error(`${label}: ${line}`))));
    }
  }
  if (values.json) console.log(JSON.stringify(results));
  else console.log(`${describe(trackers, results)}${describeEstimates(results)}`);
}

function optionsFor(tracker: Tracker, onProgress: (line: string) => void): ExperimentOptions {
  const client = EXPERIMENT_CLIENTS.find((name) => name === values.client);
  if (!client) throw new OperatorError(`--client is one of ${EXPERIMENT_CLIENTS.join(', ')}`);
  return {
    tracker,
    client: client satisfies ExperimentClient,
    clientsPerAs: wholeNumber('--clients', values.clients ?? '16', 1, MAX_CLIENTS),
    ...(values['foreign-clients'] === undefined
      ? {}
      : { foreignClientsPerAs: wholeNumber('--foreign-clients', values['foreign-clients'], 0, MAX_CLIENTS) }),
    foreignSeeds: wholeNumber('--foreign-seeds', values['foreign-seeds'], 1, MAX_SEEDS),
    silentSeeds: wholeNumber('--silent-seeds', values['silent-seeds'], 0, MAX_SEEDS),
    firewalledSeeds: wholeNumber('--firewalled-seeds', values['firewalled-seeds'], 0, MAX_SEEDS),
    contentBytes: wholeNumber('--megabytes', values.megabytes) * 1_000_000,
    uploadBytesPerSecond: 1_000_000,
    connections: 12,
    cacheBytesPerSecond: values.cache && tracker === 'alias-tracker' ? 10_000_000 : 0,
    borderBps: 200_000_000,
    announceSeconds: wholeNumber('--interval', values.interval),
    selection: Object.fromEntries(values.set.map((pair) => pair.split('=', 2) as [string, string])),
    timeoutSeconds: 300,
    onProgress,
    signal: interruption.signal,
  };
}

function originOptions(withHours: boolean): OriginRounds {
  const hours = {
    windowSeconds: wholeNumber('--window', values.window),
    capBytesPerSecond: 1_000 * wholeNumber('--cap', values.cap),
    arrivalSeconds: wholeNumber('--arrival', values.arrival, 0),
  };
  const foreign = values['foreign-clients'] ?? (withHours ? '32' : '0');
  return {
    rounds: wholeNumber('--rounds', values.rounds),
    clients: wholeNumber('--clients', values.clients ?? (withHours ? '16' : '8'), 1, MAX_CLIENTS),
    foreignClients: wholeNumber('--foreign-clients', foreign, 0, MAX_CLIENTS),
    megabytes: wholeNumber('--megabytes', values.megabytes),
    ...(withHours ? { hours } : {}),
    signal: interruption.signal,
  };
}

function trackersOf(name: string): readonly Tracker[] {
  if (name === 'both') return ['opentracker', 'alias-tracker'];
  if (name === 'opentracker' || name === 'alias-tracker') return [name];
  throw new OperatorError('--tracker is opentracker, alias-tracker or both');
}

function wholeNumber(option: string, text: string, least = 1, most = 10_000): number {
  const number = Number(text);
  if (!Number.isInteger(number) || number < least || number > most)
    throw new OperatorError(`${option} takes a whole number from ${least} to ${most}, not "${text}"`);
  return number;
}

function describe(trackers: readonly Tracker[], results: readonly ExperimentResult[]): string {
  const header = ['tracker', 'round', 'copies in', 'from outside', 'median', 'slowest', 'others', 'complete', 'CPU'];
  const rows = trackers.flatMap((tracker) => {
    const own = results.filter((result) => result.tracker === tracker);
    const row = (label: string | number, pick: (read: (result: ExperimentResult) => number) => number) => [
      tracker,
      label,
      pick((result) => result.copiesIn).toFixed(2),
      `${(100 * pick((result) => result.externalShare)).toFixed(1)} %`,
      `${pick((result) => result.medianSeconds).toFixed(1)} s`,
      `${pick((result) => result.slowestSeconds).toFixed(1)} s`,
      `${pick((result) => result.foreignMedianSeconds).toFixed(1)} s`,
      `${pick((result) => result.completed)} of ${own[0]?.homeClients ?? 0}`,
      `${(100 * pick((result) => result.busyShare)).toFixed(0)} %`,
    ];
    const rounds = own.map((result, index) => row(index + 1, (read) => read(result)));
    const middle = row(
      'middle',
      (read) => own.map(read).sort((a, b) => a - b)[Math.floor(own.length / 2)] ?? Number.NaN,
    );
    return own.length > 1 ? [...rounds, middle] : rounds;
  });
  return formatTable(header, rows);
}

/** What crossed the border beside what the alias tracker estimates of it. */
function describeEstimates(results: readonly ExperimentResult[]): string {
  const header = ['round', 'payload in', 'estimated', 'error', 'by share', 'at least', 'at most'];
  const megabytes = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;
  const rows = results
    .filter(({ announced }) => announced !== null)
    .map(({ announced, payloadBytes }, index) => [
      String(index + 1),
      megabytes(payloadBytes),
      megabytes(announced!.foreignBytes),
      `${(100 * (announced!.foreignBytes / payloadBytes - 1)).toFixed(0)} %`,
      megabytes(announced!.foreignByShareBytes),
      megabytes(announced!.foreignAtLeastBytes),
      megabytes(announced!.foreignAtMostBytes),
    ]);
  return rows.length === 0 ? '' : `\n${formatTable(header, rows)}`;
}

main().then(
  () => process.exit(0),
  (thrown: unknown) => {
    if (interruption.signal.aborted) process.exit(130);
    console.error(thrown instanceof OperatorError ? thrown.message : thrown);
    process.exit(thrown instanceof OperatorError ? thrown.exitCode : 1);
  },
);
