/** `npm run experiment -- original` and `-- hours`: the swarms of `src/lab/origin-experiment.ts`, round after round. */
import { type ExperimentHours, type OriginExperimentResult, runOriginExperiment } from '../lab/origin-experiment.js';
import { formatTable } from './table.js';

export interface OriginRounds {
  readonly rounds: number;
  readonly clients: number;
  readonly foreignClients: number;
  readonly megabytes: number;
  readonly hours?: ExperimentHours;
  readonly signal: AbortSignal;
}

const TIMEOUT_SECONDS = 300;

/** Runs the rounds. Progress goes to standard error. */
export async function runOriginRounds(options: OriginRounds): Promise<OriginExperimentResult[]> {
  const results: OriginExperimentResult[] = [];
  for (let round = 1; round <= options.rounds; round++) {
    const result = await runOriginExperiment({
      clients: options.clients,
      foreignClients: options.foreignClients,
      contentBytes: options.megabytes * 1_000_000,
      uploadBytesPerSecond: 1_000_000,
      connections: 12,
      borderBps: 200_000_000,
      ...(options.hours === undefined ? {} : { hours: options.hours }),
      timeoutSeconds: TIMEOUT_SECONDS,
      onProgress: (line) => console.error(`round ${round} of ${options.rounds}: ${line}`),
      signal: options.signal,
    });
    results.push(result);
  }
  return results;
}

export function describeOriginRounds(results: readonly OriginExperimentResult[]): string {
  const withHours = results.some(({ hours }) => hours !== undefined);
  const header = ['round', 'copies in', 'median', 'slowest', 'complete', 'CPU'];
  const ofHours = ['in the window', 'by day', 'cache filled', 'cap', 'peak 1 s', 'peak 5 s'];
  const rows = results.map((result, round) => {
    const { hours } = result;
    const cells = [
      round + 1,
      result.copiesIn.toFixed(2),
      seconds(result.medianSeconds),
      seconds(result.slowestSeconds),
      `${result.completed} of ${result.clients}`,
      `${(100 * result.busyShare).toFixed(0)} %`,
    ];
    if (hours === undefined) return cells;
    return [
      ...cells,
      percent(hours.insideWindowShare),
      percent(hours.dayShare),
      hours.fillSeconds === undefined ? 'no' : seconds(hours.fillSeconds),
      kilobytes(hours.capBytesPerSecond),
      kilobytes(hours.peakBytesPerSecond),
      kilobytes(hours.peakOfFiveSeconds),
    ];
  });
  return formatTable(withHours ? [...header, ...ofHours] : header, rows);
}

const seconds = (value: number): string => `${value.toFixed(1)} s`;
const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
const kilobytes = (bytesPerSecond: number): string => `${Math.round(bytesPerSecond / 1000)} kB/s`;
