/** Figures as Markdown: medians over the rounds, with the spread. */
import { cpus, release, totalmem } from 'node:os';
import type { LoadResult } from './load/load-command.js';
import type { ScenarioFigures, ServerFigures } from './run-scenario.js';

const GIB = 1024 ** 3;

export function describeMachine(): string {
  const { model = 'unknown', speed = 0 } = cpus()[0] ?? {};
  const ghz = (speed / 1_000).toFixed(1);
  const memory = (totalmem() / GIB).toFixed(0);
  return `${cpus().length} × ${model.trim()} at ${ghz} GHz, ${memory} GiB, Linux ${release()}, Node.js ${process.version}`;
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

export function answersPerCpuSecond({ answers, serverCpuSeconds }: LoadResult): number {
  return answers / serverCpuSeconds;
}

export function formatScenario({ scenario, servers, missing }: ScenarioFigures): string {
  const first = servers[0];
  const base = first === undefined ? 1 : median(first.rounds.map(answersPerCpuSecond));
  const lines = [
    `### ${scenario.title}`,
    '',
    '| server | answers a CPU-second | lowest … highest | against it | answers/s | answer | peers | lost | refused | bytes a peer |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...servers.map((figures) => row(figures, base, scenario.shape.peers, scenario.fill)),
  ];
  for (const kind of missing) lines.push('', `${kind} is not installed here, so it was not measured.`);
  return lines.join('\n');
}

function row(
  { server, rounds, emptyBytes, filledBytes }: ServerFigures,
  base: number,
  peers: number,
  filled: boolean,
): string {
  const rates = rounds.map(answersPerCpuSecond);
  const middle = (pick: (result: LoadResult) => number): number => median(rounds.map(pick));
  const requests = middle((r) => r.answers + r.lost);
  const holdsPeers = filled && server !== 'echo' && server !== 'node:http';
  const cells = [
    server,
    whole(median(rates)),
    `${whole(Math.min(...rates))} … ${whole(Math.max(...rates))}`,
    `${(base / median(rates)).toFixed(2)} ×`,
    whole(middle((r) => r.answers / r.seconds)),
    `${whole(middle((r) => r.answerBytes))} B`,
    middle((r) => r.peersPerAnswer).toFixed(1),
    `${((100 * middle((r) => r.lost)) / requests).toFixed(2)} %`,
    `${((100 * middle((r) => r.errors)) / requests).toFixed(2)} %`,
    holdsPeers ? ((filledBytes - emptyBytes) / peers).toFixed(0) : '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}
