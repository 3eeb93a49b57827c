/** Figures as Markdown: medians over the rounds, with the spread. */
import { readFileSync } from 'node:fs';
import { cpus, release, totalmem } from 'node:os';
import { LONG_GAP_MS, type LoadResult } from './load/load-command.js';
import type { ScenarioFigures, ServerFigures } from './run-scenario.js';
import type { Scenario } from './scenarios.js';

/** With fewer peers the memory of a runtime's garbage hides theirs. */
const MIN_PEERS_FOR_MEMORY = 2_000_000;
const GIB = 1024 ** 3;

const COLUMNS = [
  'server',
  'answers per CPU-second',
  'lowest … highest',
  'ours ÷ this',
  'µs per answer: program + kernel',
  'answers/s',
  'answer',
  'peers',
  'lost',
  'refused',
  'longest gap',
  'bytes per peer',
];

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

export function answersPerCpuSecond({ answers, userSeconds, systemSeconds }: LoadResult): number {
  return answers / (userSeconds + systemSeconds);
}

/** How much faster the first is, round by round, so that it matters little how fast the machine was. */
export function medianRatio(first: readonly LoadResult[], second: readonly LoadResult[]): number {
  return median(first.map((result, i) => answersPerCpuSecond(result) / answersPerCpuSecond(second[i]!)));
}

export function formatScenario({ scenario, servers, remarks }: ScenarioFigures): string {
  const lines = [
    `### ${scenario.title}`,
    '',
    `| ${COLUMNS.join(' | ')} |`,
    `|---|${'---:|'.repeat(COLUMNS.length - 1)}`,
    ...servers.map((figures) => row(figures, servers[0] ?? figures, scenario)),
  ];
  if (scenario.comparedShape !== undefined) lines.push(...comparisons(servers));
  for (const remark of remarks) lines.push('', remark);
  return lines.join('\n');
}

/** Each server's two workloads against each other. */
function comparisons(servers: readonly ServerFigures[]): string[] {
  return servers.flatMap((compared) => {
    const itself = servers.find(({ label }) => label === compared.server);
    if (itself === undefined || compared === itself) return [];
    const times = medianRatio(compared.rounds, itself.rounds).toFixed(2);
    return ['', `${compared.server}: an answer takes ${times} × the CPU time of one in “${compared.label}”.`];
  });
}

function row(
  { server, label, shape, rounds, emptyBytes, filledBytes }: ServerFigures,
  ours: ServerFigures,
  scenario: Scenario,
): string {
  const rates = rounds.map(answersPerCpuSecond);
  const middle = (pick: (result: LoadResult) => number): number => median(rounds.map(pick));
  const microseconds = (pick: (result: LoadResult) => number): string =>
    middle((r) => (1e6 * pick(r)) / r.answers).toFixed(1);
  const percent = (pick: (result: LoadResult) => number): string =>
    `${middle((r) => (100 * pick(r)) / (r.answers + r.lost)).toFixed(2)} %`;
  const holdsPeers = shape.peers >= MIN_PEERS_FOR_MEMORY && server !== 'echo' && server !== 'node:http';
  const cells = [
    label,
    whole(median(rates)),
    `${whole(Math.min(...rates))} … ${whole(Math.max(...rates))}`,
    `${medianRatio(ours.rounds, rounds).toFixed(2)} ×`,
    `${microseconds((r) => r.userSeconds)} + ${microseconds((r) => r.systemSeconds)}`,
    whole(middle((r) => r.answers / r.seconds)),
    `${whole(middle((r) => r.answerBytes / r.answers))} B`,
    middle((r) => r.peers / r.answers).toFixed(1),
    percent((r) => r.lost),
    percent((r) => r.errors),
    scenario.protocol === 'udp' ? gaps(rounds) : '–',
    holdsPeers ? ((filledBytes - emptyBytes) / shape.peers).toFixed(0) : '–',
  ];
  return `| ${cells.join(' | ')} |`;
}

function gaps(rounds: readonly LoadResult[]): string {
  const long = rounds.reduce((sum, { longGaps }) => sum + longGaps, 0);
  const longest = Math.max(...rounds.map((r) => r.longestGapMs));
  const own = Math.max(...rounds.map((r) => r.longestOwnGapMs));
  const more = long === 0 ? '' : `, ${long} over ${LONG_GAP_MS}`;
  return `${longest.toFixed(0)} (${own.toFixed(1)}) ms${more}`;
}

function whole(value: number): string {
  return Math.round(value).toLocaleString('en');
}

/** The head of a report: enough to judge the figures, and to run it again. */
export function describeRun(command: string): string {
  return `# Benchmarks

Machine: ${describeMachine()}. Command: \`${command} > docs/benchmarks.md\`.

Each server runs on one core and the load generator on the other. The servers of a table take turns of one second. Figures are
medians of the rounds. The tables compare **answers per CPU-second of the server** (user and system time of the whole process),
because that does not depend on whether the server or the load generator is the slower side. “Ours ÷ this” compares alias-tracker
with the server of the row, round by round.

- \`echo\` is the Linux transport with a handler that does nothing: the upper limit.
- alias-tracker ranks every answer by a loaded policy (2,000 sub-domains with density, 5,000 foreign AS, 500 billing rates). Six of
  ten announces come from the operator's own users.
- Torrent i of N has the weight N/P + exp(6.5 − 500·i/N) among P peers. Three of four peers are seeds.
- Bytes per peer are the growth of the whole process since before the first announce, divided by the peers.
- The longest gap is the longest time without any answer, as the clients see it. The figure in brackets leaves out the time that
  server or clients waited for a processor, which the kernel counts.`;
}
