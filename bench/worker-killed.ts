/**
 * One of three workers ends under load, as by a defect: the longest time without answers that clients of the other workers see, with
 * and without that, and how long the swarms of the ended worker are away. Its swarms must come back from the snapshot: an answer that
 * knows nobody in them gives the exit code 1, as does a worker that does not come back.
 *
 *   npm run bench -- worker-killed [--rounds N] [--seconds N] [--torrents N] [--peers N] [--rate N]
 *
 * Each round starts the tracker again, because restarts back off while a worker keeps failing. `--rate` is the number of
 * requests a second of the others' clients, and of the clients of the ended worker.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { readSnapshotFile } from '../src/tracker/snapshot-file.js';
import { decodeSnapshot } from '../src/tracker/swarm/snapshot/snapshot-codec.js';
import { snapshotFilesOf } from '../src/tracker/workers/snapshot-files.js';
import type { LoadProfile, LoadResult, LoadTarget } from './load/load-command.js';
import { type LoadGenerator, startLoad } from './load/start-load.js';
import { describeMachine, median } from './report.js';
import { END_A_WORKER, SNAPSHOT_FILE } from './servers/server-options.js';
import { type RunningServer, startServer } from './servers/start-server.js';
import { SwarmWitness } from './workers/witness.js';

const WORKERS = 3;
/** Which {@link END_A_WORKER} ends. */
const ENDED = 0;
const HOST = '127.0.0.1';
const PORT = 16_990;
const SOURCES = 5_000;
const SNAPSHOT_EVERY_SECONDS = 5;
const SNAPSHOT_LIMIT_MS = 60_000;
const NUM_WANT = 50;
/** A worker that is away for this long does not come back. */
const BACK_LIMIT_MS = 30_000;
const LOOK_EVERY_MS = 50;

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '6' },
    torrents: { type: 'string', default: '100000' },
    peers: { type: 'string', default: '300000' },
    rate: { type: 'string', default: '10000' },
  },
});
const [rounds, seconds, torrents, peers, requestsPerSecond] = [
  whole('rounds', values.rounds),
  whole('seconds', values.seconds),
  whole('torrents', values.torrents),
  whole('peers', values.peers),
  whole('rate', values.rate),
];

function whole(name: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new Error(`--${name} is a whole number from 1`);
  return value;
}

interface Round {
  readonly without: LoadResult;
  readonly withEnd: LoadResult;
  readonly backAfterMs: number;
  readonly empty: number;
}

const FILL: LoadProfile = { numWant: 0, scrapePercent: 0, keepAlive: false };
const MEASURED: LoadProfile = { numWant: NUM_WANT, scrapePercent: 0, keepAlive: false, requestsPerSecond };

const targetOf = (pid: number, among: readonly number[]): LoadTarget => ({
  protocol: 'udp',
  host: HOST,
  port: PORT,
  pid,
  shape: {
    torrents: Math.ceil((torrents * among.length) / WORKERS),
    peers: Math.ceil((peers * among.length) / WORKERS),
    sources: SOURCES,
    owners: { workers: WORKERS, among },
  },
});

/** Of every worker, begun after now. */
async function snapshots(): Promise<void> {
  const sinceMs = Date.now();
  const endMs = performance.now() + SNAPSHOT_LIMIT_MS;
  for (const file of snapshotFilesOf(SNAPSHOT_FILE, WORKERS)) {
    for (let takenAtMs = 0; takenAtMs <= sinceMs; ) {
      if (performance.now() > endMs) throw new Error(`no snapshot in ${file}`);
      await sleep(LOOK_EVERY_MS);
      const bytes = await readSnapshotFile(file);
      if (bytes !== null) ({ takenAtMs } = decodeSnapshot(bytes));
    }
  }
}

interface Loads {
  readonly others: LoadGenerator;
  readonly ended: LoadGenerator;
}

/** Both groups of clients at once. @returns what those of the other workers have seen */
async function measure(server: RunningServer, { others, ended }: Loads): Promise<LoadResult> {
  const [result] = await Promise.all([
    others.ask({ kind: 'measure', target: targetOf(server.pid, [1, 2]), profile: MEASURED, seconds }),
    ended.ask({ kind: 'measure', target: targetOf(server.pid, [ENDED]), profile: MEASURED, seconds }),
  ]);
  if (result === null) throw new Error('no result');
  return result;
}

async function run(loads: Loads): Promise<Round> {
  const server = await startServer('3-workers', {
    protocol: 'udp',
    host: HOST,
    port: PORT,
    numWant: NUM_WANT,
    keepAlive: false,
    shape: targetOf(0, [0]).shape,
    snapshotEverySeconds: SNAPSHOT_EVERY_SECONDS,
  });
  let witness: SwarmWitness | undefined;
  try {
    await loads.others.ask({ kind: 'fill', target: targetOf(server.pid, [1, 2]), profile: FILL });
    await loads.ended.ask({ kind: 'fill', target: targetOf(server.pid, [ENDED]), profile: FILL });
    witness = await SwarmWitness.announce({ host: HOST, port: PORT }, ENDED, WORKERS);
    await snapshots();
    const without = await measure(server, loads);
    const measured = measure(server, loads);
    await sleep(1_000 * (seconds / 3));
    witness.watch();
    const endedAtMs = performance.now();
    process.kill(server.pid, END_A_WORKER);
    const withEnd = await measured;
    while (witness.backAtMs === Number.POSITIVE_INFINITY && performance.now() - endedAtMs < BACK_LIMIT_MS)
      await sleep(LOOK_EVERY_MS);
    return { without, withEnd, backAfterMs: witness.backAtMs - endedAtMs, empty: witness.empty };
  } finally {
    witness?.stop();
    await server.stop();
  }
}

function row(name: string, { without, withEnd, backAfterMs, empty }: Round): string {
  const gap = ({ longestGapMs, longestOwnGapMs }: LoadResult): string =>
    `${longestGapMs.toFixed(0)} (${longestOwnGapMs.toFixed(1)}) ms`;
  const lost = `${without.lost} and ${withEnd.lost} of ${withEnd.answers.toLocaleString('en')}`;
  return `| ${name} | ${gap(without)} | ${gap(withEnd)} | ${lost} | ${backAfterMs.toFixed(0)} ms | ${empty} |`;
}

console.log(`Machine: ${describeMachine()}\n`);
console.log(
  `${WORKERS} workers, ${peers.toLocaleString('en')} peers in ${torrents.toLocaleString('en')} torrents; ` +
    `twice ${requestsPerSecond.toLocaleString('en')} announces a second\n`,
);
console.log(
  '| round | longest gap of the others | with the end of one | lost by the others | its swarms are back after | empty |',
);
console.log('|---|---:|---:|---:|---:|---:|');
const loads: Loads = { others: startLoad(), ended: startLoad() };
const done: Round[] = [];
try {
  await loads.others.ask({ kind: 'prepare', shapes: [targetOf(0, [1, 2]).shape] });
  await loads.ended.ask({ kind: 'prepare', shapes: [targetOf(0, [ENDED]).shape] });
  for (let i = 1; i <= rounds; i++) {
    console.error(`round ${i} of ${rounds}`);
    const round = await run(loads);
    done.push(round);
    console.log(row(String(i), round));
  }
} finally {
  loads.others.stop();
  loads.ended.stop();
}
console.log(
  `\nback after, median: ${median(done.map(({ backAfterMs }) => backAfterMs)).toFixed(0)} ms (goal: 1,000 ms)`,
);
if (done.some(({ empty, backAfterMs }) => empty > 0 || !Number.isFinite(backAfterMs))) {
  console.log('SWARMS ARE LOST');
  process.exitCode = 1;
}
