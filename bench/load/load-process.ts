/** The load generator's own process: takes commands over its channel, one at a time, and answers each with a result. */
import { writeSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { openNativeCalls } from '../../src/transport/linux/native-calls.js';
import { type CpuSeconds, cpuSeconds, residentBytes } from '../process-usage.js';
import { Workload, type WorkloadShape } from '../workload.js';
import { openClientCalls } from './client-calls.js';
import { HttpLoad } from './http-load.js';
import type { LoadCommand, LoadProfile, LoadResult, LoadTarget } from './load-command.js';
import { differenceOf, emptyTally, type Tally } from './tally.js';
import { UdpLoad } from './udp-load.js';

/** Before the clock runs: connections are warm and, after a pause, the server is. */
const WARM_UP_MS = 200;
/** UDP answers that have not come within this time count as lost; a fill is more patient. */
const LOST_AFTER_MS = 100;
const FILL_LOST_AFTER_MS = 2_000;
/** A fill that takes longer than this, and than so many peers a second would, goes on without the rest. */
const FILL_LIMIT_MS = 15_000;
const FILL_PEERS_PER_SECOND = 20_000;
const TELL_EVERY_MS = 5_000;
const STANDARD_ERROR = 2;

const calls = await openNativeCalls();
const client = openClientCalls();
const nowMs = (): number => performance.now();
let workloads = new Map<string, Workload>();

process.on('message', (command: LoadCommand) => {
  try {
    process.send?.({ result: obey(command) });
  } catch (error) {
    process.send?.({ error: error instanceof Error ? error.message : String(error) });
  }
});
process.on('disconnect', () => process.exit(0));

function obey(command: LoadCommand): LoadResult | null {
  if (command.kind === 'prepare') {
    prepare(command.shapes);
    return null;
  }
  const { target, profile } = command;
  const load = workloads.get(nameOf(target.shape));
  if (load === undefined) throw new Error('the workload was not prepared');
  if (command.kind === 'fill') return fill(target, profile, load);
  return measure(target, profile, command.seconds, load);
}

function nameOf(shape: WorkloadShape): string {
  return JSON.stringify(shape);
}

/** Makes the workloads of one scenario; those that are not asked for any more are forgotten. */
function prepare(shapes: readonly WorkloadShape[]): void {
  const before = workloads;
  workloads = new Map();
  for (const shape of shapes) {
    const name = nameOf(shape);
    if (!workloads.has(name)) workloads.set(name, before.get(name) ?? new Workload(shape));
  }
}

function run(
  target: LoadTarget,
  profile: LoadProfile,
  lostAfterMs: number,
  load: Workload,
  until: (tally: Tally) => boolean,
): Tally {
  if (target.protocol === 'http') return new HttpLoad(calls, client, load, target).run(profile, until, nowMs);
  const udp = new UdpLoad(calls, client, load, target);
  try {
    return udp.run(profile, lostAfterMs, until, nowMs);
  } finally {
    udp.close();
  }
}

/** Announces every peer once. This process is busy until it ends, so it tells by itself how far it is. */
function fill(target: LoadTarget, profile: LoadProfile, load: Workload): LoadResult {
  const startMs = nowMs();
  const cpu = cpuSeconds(target.pid);
  const wanted = load.shape.peers;
  const limitMs = FILL_LIMIT_MS + (1_000 * wanted) / FILL_PEERS_PER_SECOND;
  let tellAtMs = startMs + TELL_EVERY_MS;
  const tally = run(target, profile, FILL_LOST_AFTER_MS, load, ({ answers }) => {
    const now = nowMs();
    if (now >= tellAtMs) {
      tellAtMs = now + TELL_EVERY_MS;
      writeSync(STANDARD_ERROR, `    ${answers.toLocaleString('en')} of ${wanted.toLocaleString('en')} announced\n`);
    }
    return answers >= wanted || now - startMs > limitMs;
  });
  return resultOf(tally, target.pid, (nowMs() - startMs) / 1_000, cpu);
}

function measure(target: LoadTarget, profile: LoadProfile, seconds: number, load: Workload): LoadResult {
  let warm: Tally | null = null;
  let startMs = nowMs();
  let cpu: CpuSeconds = { user: 0, system: 0 };
  const tally = run(target, profile, LOST_AFTER_MS, load, (t) => {
    const now = nowMs();
    if (warm === null) {
      if (now - startMs < WARM_UP_MS) return false;
      warm = { ...t };
      t.longestGapMs = 0;
      t.longestOwnGapMs = 0;
      startMs = now;
      cpu = cpuSeconds(target.pid);
      return false;
    }
    return now - startMs >= seconds * 1_000;
  });
  const difference = differenceOf(tally, warm ?? emptyTally());
  return resultOf(difference, target.pid, (nowMs() - startMs) / 1_000, cpu);
}

function resultOf(tally: Tally, pid: number, seconds: number, before: CpuSeconds): LoadResult {
  const { user, system } = cpuSeconds(pid);
  return {
    answers: tally.answers,
    seconds,
    userSeconds: user - before.user,
    systemSeconds: system - before.system,
    lost: tally.lost,
    errors: tally.errors,
    answerBytes: tally.bytes,
    peers: tally.peers,
    longestGapMs: tally.longestGapMs,
    longGaps: tally.longGaps,
    longestOwnGapMs: tally.longestOwnGapMs,
    residentBytes: residentBytes(pid),
  };
}
