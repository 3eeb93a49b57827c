/** Figures as Markdown: medians over the rounds, with the spread. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import type { LoadResult } from './load/load-command.js';
import type { ScenarioFigures, ServerFigures } from './run-scenario.js';
import type { Scenario } from './scenarios.js';

/** With fewer peers the memory of a runtime's garbage hides theirs. */
const MIN_PEERS_FOR_MEMORY = 1_000_000;
const GIB = 1024 ** 3;

export function describeMachine(): string {
  const { model = 'unknown' } = cpus()[0] ?? {};
  const megahertz = /^cpu MHz\s*:\s*([\d.]+)/m.exec(readFileSync('/proc/cpuinfo', 'utf8'))?.[1];
  const clock = megahertz === undefined ? '' : ` at ${(Number(megahertz) / 1_000).toFixed(1)} GHz`;
  const memory = (totalmem() / GIB).toFixed(0);
  return `${cpus().length} × ${model.trim()}${clock}, ${memory} GiB, Linux ${release()}, Node.js ${process.version}`;
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
    '| server | answers a CPU-second | lowest … highest | ours is | answers/s | answer | peers | lost | refused | longest gap | bytes a peer |',
    '|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|',
    ...servers.map((figures) => row(figures, base, scenario)),
  ];
  for (const kind of missing) lines.push('', `${kind} is not installed here, so it was not measured.`);
  return lines.join('\n');
}

function row({ server, rounds, emptyBytes, filledBytes }: ServerFigures, base: number, scenario: Scenario): string {
  const rates = rounds.map(answersPerCpuSecond);
  const middle = (pick: (result: LoadResult) => number): number => median(rounds.map(pick));
  const requests = middle((r) => r.answers + r.lost);
  const holdsPeers =
    scenario.fill && scenario.shape.peers >= MIN_PEERS_FOR_MEMORY && server !== 'echo' && server !== 'node:http';
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
    scenario.protocol === 'udp' ? `${whole(Math.max(...rounds.map((r) => r.longestGapMs)))} ms` : '–',
    holdsPeers ? ((filledBytes - emptyBytes) / scenario.shape.peers).toFixed(0) : '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** The head of a report: enough to judge the figures, and to run it again. */
export function describeRun(command: string): string {
  return `# Benchmarks

Machine: ${describeMachine()}. Command: \`${command} > docs/benchmarks.md\`.

Each server runs on one core, the load generator on the other; servers of a table take turns, and figures are medians of all
rounds. What is compared is **answers per CPU-second of the server** (user and system time of the whole process): it does not
depend on which side of the loop is the slower one. \`echo\` is the Linux transport with a handler that does nothing: the
ceiling. Ours has its policy loaded (2,000 sub-domains with density, 5,000 foreign AS, 500 billing rates) and ranks every
answer by it; six of ten announces come from the operator's own users. A torrent's weight is N/P + exp(6.5 − 500·i/N), three
of four peers are seeds. Bytes a peer are those of the whole process above its size before the first announce.`;
}
