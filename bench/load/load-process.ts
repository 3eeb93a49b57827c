/** The load generator's own process: takes commands over its channel, one at a time, and answers each with a result. */
import { performance } from 'node:perf_hooks';
import { openNativeCalls } from '../../src/transport/linux/native-calls.js';
import { cpuSeconds, residentBytes } from '../process-usage.js';
import { Workload } from '../workload.js';
import { openClientCalls } from './client-calls.js';
import { HttpLoad } from './http-load.js';
import type { LoadCommand, LoadProfile, LoadResult, LoadTarget } from './load-command.js';
import { emptyTally, type Tally } from './tally.js';
import { UdpLoad } from './udp-load.js';

/** Before the clock runs: connections are warm and, after a pause, the server is. */
const WARM_UP_MS = 400;
/** UDP answers that have not come within this time count as lost; a fill is more patient. */
const LOST_AFTER_MS = 100;
const FILL_LOST_AFTER_MS = 2_000;
/** A fill that takes longer than this goes on without the rest. */
const FILL_LIMIT_MS = 240_000;

const calls = await openNativeCalls();
const client = openClientCalls();
const nowMs = (): number => performance.now();
let workload: Workload | null = null;

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
    workload = new Workload(command.shape);
    return null;
  }
  if (workload === null) throw new Error('no workload was prepared');
  if (command.kind === 'fill') return fill(command.target, command.profile, workload);
  return measure(command.target, command.profile, command.seconds, workload);
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

/** Announces every peer once. */
function fill(target: LoadTarget, profile: LoadProfile, load: Workload): LoadResult {
  const startMs = nowMs();
  const cpu = cpuSeconds(target.pid);
  const wanted = load.shape.peers;
  const tally = run(
    target,
    profile,
    FILL_LOST_AFTER_MS,
    load,
    (t) => t.answers >= wanted || nowMs() - startMs > FILL_LIMIT_MS,
  );
  return resultOf(tally, target.pid, (nowMs() - startMs) / 1_000, cpuSeconds(target.pid) - cpu);
}

function measure(target: LoadTarget, profile: LoadProfile, seconds: number, load: Workload): LoadResult {
  let warm: Tally | null = null;
  let startMs = nowMs();
  let cpu = 0;
  const tally = run(target, profile, LOST_AFTER_MS, load, (t) => {
    const now = nowMs();
    if (warm === null) {
      if (now - startMs < WARM_UP_MS) return false;
      warm = { ...t };
      t.longestGapMs = 0;
      startMs = now;
      cpu = cpuSeconds(target.pid);
      return false;
    }
    return now - startMs >= seconds * 1_000;
  });
  const before: Tally = warm ?? emptyTally();
  const difference: Tally = {
    answers: tally.answers - before.answers,
    lost: tally.lost - before.lost,
    errors: tally.errors - before.errors,
    bytes: tally.bytes - before.bytes,
    peers: tally.peers - before.peers,
    longestGapMs: tally.longestGapMs,
  };
  return resultOf(difference, target.pid, (nowMs() - startMs) / 1_000, cpuSeconds(target.pid) - cpu);
}

function resultOf(tally: Tally, pid: number, seconds: number, serverCpuSeconds: number): LoadResult {
  const answers = Math.max(1, tally.answers);
  return {
    answers: tally.answers,
    seconds,
    serverCpuSeconds,
    lost: tally.lost,
    errors: tally.errors,
    answerBytes: tally.bytes / answers,
    peersPerAnswer: tally.peers / answers,
    longestGapMs: tally.longestGapMs,
    residentBytes: residentBytes(pid),
  };
}
