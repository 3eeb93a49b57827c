/**
 * What the intake of reports does to announces: `npm run bench -- reports-effect [announces a second] [seconds a phase]
 * [rounds] [arms]`, on Linux with two cores, as root. The whole application runs in a process of its own, with 2,000
 * sub-domains and 50,000 nodes that have all reported before. Announces come over UDP at random moments
 * (`reports-effect-announcer.ts`), in turn
 *
 *   without   no reports
 *   with      2,000 density reports in 10 s (a call each) and 50,000 capability reports in a minute (batches of 100)
 *   busy      no reports, but a program that has nothing to do with the tracker uses as much of that core as the reports did
 *
 * The data plane's thread has one core to itself, in real-time priority. The other core, which the disk interrupts, runs the
 * control plane, the helper threads of Node.js, those who report, and the announcing client. The client has real-time
 * priority, and the kernel stamps the answers, so what is measured is the data plane and not who gets a core; `busy` tells
 * what sharing a machine costs from what reports do. Announces while the hypervisor takes time from a core are left out.
 */
import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { Pool } from 'undici';
import type { PartAddress } from '../src/app/application.js';
import { createApp } from '../src/app/create-app.js';
import { parseConfig } from '../src/config/parse-config.js';
import type { AnnouncerCommand, AnnounceTimes } from './reports-effect-announcer.js';
import { NODES, nodeAddress, SUBDOMAINS, subdomainPrefix } from './reports-effect-population.js';
import type { WatchedTimes, WatchedWork } from './reports-effect-turns.js';

const TOKEN = 'bench-control-token';
const INTAKE_CORE = coreOfDisk();
const DATA_PLANE_CORE = 1 - INTAKE_CORE;
const BURN_SLICE_MS = 10;
/** A round of which less is left is repeated. */
const KEPT_PERCENT_MIN = 60;
const RUN_MS_MAX = 150_000;

const ARMS = ['without', 'with', 'busy'] as const;
type Arm = (typeof ARMS)[number];
const WATCHED = ['between', 'batches', 'nodeTurns', 'collections'] as const satisfies readonly WatchedWork[];

interface Reported {
  readonly callsPerSecond: number;
  readonly refused: number;
}

/** What was measured in one phase. */
interface Row extends AnnounceTimes, Partial<Reported> {
  readonly dataPlanePercent: number;
  readonly dataPlaneWaitedMs: number;
  readonly intakePercent: number;
  readonly reporterPercent: number;
  readonly burnedPercent: number;
  readonly watched: WatchedTimes;
}
type Figure = Exclude<keyof Row, 'histogram' | 'watched'>;
type Results = Record<Arm, Row[]>;

interface ThreadTime {
  /** On a core. */
  readonly ranNs: number;
  /** Ready to run, but waiting for a core. */
  readonly waitedNs: number;
}

let sequence = 0;
let node = 0;

const script = (name: string): string => fileURLToPath(new URL(name, import.meta.url));
if (process.argv[2] === 'server') await serve(process.argv[3]!);
else if (process.argv[2] === 'burn') burn();
else
  await measure(
    Number(process.argv[2] ?? 5_000),
    Number(process.argv[3] ?? 1),
    Number(process.argv[4] ?? 15),
    Number(process.argv[5] ?? 3),
  );

async function serve(directory: string): Promise<void> {
  const ids = Array.from({ length: SUBDOMAINS }, (_, i) => i);
  const config = parseConfig(`
operator:
  name: Bench
  networks: [{ asn: 64500, prefixes: [127.0.0.0/8] }]
  subdomains: [${ids.map((i) => `{ id: s${i}, prefixes: [${subdomainPrefix(i)}] }`).join(', ')}]
tracker: { listen: ["udp://127.0.0.1:0"], interval: 30m, limits: { peersPerAddressPerSwarm: 0, peersPerAddress: 0 } }
control: { listen: "http://127.0.0.1:0", token: ${TOKEN} }
upstream: { exchange: false }
storage: { directory: ${directory} }
logging: { level: silent }
lab: true
`);
  const app = createApp(config);
  await app.start();
  const channel = new BroadcastChannel('reports-effect');
  channel.onmessage = (event) => process.send!((event as { readonly data: unknown }).data);
  process.on('message', () => channel.postMessage('ask'));
  process.send!({ addresses: app.addresses.map(({ part, url }) => ({ part, url })) });
  process.once('disconnect', async () => {
    await app.stop();
    process.exit(0);
  });
}

async function measure(
  announcesPerSecond: number,
  phaseSeconds: number,
  rounds: number,
  armCount: number,
): Promise<void> {
  pin(process.pid, INTAKE_CORE);
  const giveUpAtMs = performance.now() + RUN_MS_MAX;
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  const turns = script('./reports-effect-turns.js');
  const server = fork(script('./reports-effect.js'), ['server', directory], { execArgv: ['--import', turns] });
  const announcer = fork(script('./reports-effect-announcer.js'));
  const burner = fork(script('./reports-effect.js'), ['burn']);
  const ask = async <T>(child: ChildProcess, message: AnnouncerCommand | 'ask'): Promise<T> => {
    child.send(message);
    return (await once(child, 'message'))[0];
  };
  try {
    const [{ addresses }] = (await once(server, 'message')) as [{ addresses: readonly PartAddress[] }];
    const urlOf = (part: string): string => addresses.find((address) => address.part === part)!.url;
    const tracker = new URL(urlOf('tracker').replace('udp:', 'http:'));
    const pool = new Pool(urlOf('control'), { connections: 16 });
    const before = threadsOf(server.pid!);
    await ask(announcer, { command: 'fill', host: tracker.hostname, port: Number(tracker.port) });
    const after = threadsOf(server.pid!);
    // The thread that answered is the one that worked most.
    const worked = (id: string): number => after.get(id)!.ranNs - (before.get(id)?.ranNs ?? 0);
    const dataPlane = [...after.keys()].sort((a, b) => worked(b) - worked(a))[0]!;
    execFileSync('taskset', ['-p', '-c', String(DATA_PLANE_CORE), dataPlane], { stdio: 'ignore' });
    execFileSync('chrt', ['-f', '-p', '40', dataPlane]);
    for (const id of threadsOf(announcer.pid!).keys()) execFileSync('chrt', ['-f', '-p', '50', id]);

    let seed = 1;
    let intakeShare = 0.3;
    const phase = async (arm: Arm): Promise<Row> => {
      const reporter = arm === 'with' ? startReporter(pool) : undefined;
      if (arm === 'busy') burner.send({ share: intakeShare });
      // What was raised by the last phase is over, and what this one raises has begun.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await ask(server, 'ask');
      const threadsBefore = threadsOf(server.pid!);
      const ownBefore = process.cpuUsage();
      const burnedBefore = threadsOf(burner.pid!).get(String(burner.pid))!.ranNs;
      const begun = performance.now();
      const times = await ask<AnnounceTimes>(announcer, {
        command: 'run',
        seconds: phaseSeconds,
        rate: announcesPerSecond,
        seed: seed++,
      });
      const seconds = (performance.now() - begun) / 1_000;
      const own = process.cpuUsage(ownBefore);
      const threads = threadsOf(server.pid!);
      const burned = threadsOf(burner.pid!).get(String(burner.pid))!.ranNs - burnedBefore;
      const watched = await ask<WatchedTimes>(server, 'ask');
      const reported = await reporter?.stop();
      burner.send({ share: 0 });
      const gained = (id: string, what: keyof ThreadTime): number =>
        threads.get(id)![what] - (threadsBefore.get(id)?.[what] ?? 0);
      const intakeNs = [...threads.keys()]
        .filter((id) => id !== dataPlane)
        .reduce((sum, id) => sum + gained(id, 'ranNs'), 0);
      const reporterShare = (own.user + own.system) / 1e6 / seconds;
      if (arm === 'with') intakeShare = intakeNs / 1e9 / seconds + reporterShare;
      return {
        ...times,
        ...reported,
        dataPlanePercent: round((100 * gained(dataPlane, 'ranNs')) / 1e9 / seconds),
        dataPlaneWaitedMs: round(gained(dataPlane, 'waitedNs') / 1e6),
        intakePercent: round((100 * intakeNs) / 1e9 / seconds),
        reporterPercent: round(100 * reporterShare),
        burnedPercent: round((100 * burned) / 1e9 / seconds),
        watched,
      };
    };

    const arms = ARMS.slice(0, armCount);
    await reportEveryNode(pool);
    await phase('without');
    await phase('with');
    const results: Results = { without: [], with: [], busy: [] };
    for (let i = 0; results.without.length < rounds && performance.now() < giveUpAtMs; i++) {
      // Each arm is as often first as last.
      const order = i % 2 === 0 ? arms : [...arms].reverse();
      const rows = new Map<Arm, Row>();
      for (const arm of order) rows.set(arm, await phase(arm));
      const rowOf = (arm: Arm): Row => rows.get(arm)!;
      const isCalm = arms.every((arm) => rowOf(arm).keptPercent >= KEPT_PERCENT_MIN);
      if (isCalm) for (const arm of arms) results[arm].push(rowOf(arm));
      const line = arms.map((arm) => `${arm} ${rowOf(arm).p50}/${rowOf(arm).p99} (${rowOf(arm).keptPercent} % kept)`);
      console.error(`${isCalm ? 'round' : 'not counted'}, p50/p99 in µs: ${line.join(', ')}`);
    }
    print(results, arms, announcesPerSecond, phaseSeconds);
    await pool.close();
  } finally {
    for (const child of [announcer, burner, server]) if (child.connected) child.disconnect();
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

function print(results: Results, arms: readonly Arm[], announcesPerSecond: number, phaseSeconds: number): void {
  const middle = (arm: Arm, key: Figure): number => middleOf(results[arm].map((row) => row[key] ?? Number.NaN));
  const pooled = (arm: Arm, q: number): number => {
    const counts = new Map<number, number>();
    let total = 0;
    for (const { histogram } of results[arm]) {
      for (const [us, count] of histogram) {
        counts.set(us, (counts.get(us) ?? 0) + count);
        total += count;
      }
    }
    let seen = 0;
    for (const [us, count] of [...counts].sort(([a], [b]) => a - b)) {
      seen += count;
      if (seen > q * total) return us;
    }
    return Number.NaN;
  };
  console.log(
    `${announcesPerSecond} announces a second, ${results.without.length} rounds of ${phaseSeconds} s; µs, medians of the rounds`,
  );
  console.log(
    '| arm | answered | kept | p50 | p90 | p99 | p99 by round | p99 of all | p99.9 of all | calls/s | refused |',
  );
  console.log('|---|---|---|---|---|---|---|---|---|---|---|');
  for (const arm of arms) {
    const p99s = results[arm].map(({ p99 }) => p99);
    const sent = results[arm].reduce((sum, row) => sum + row.sent, 0);
    const answered = results[arm].reduce((sum, row) => sum + row.answered, 0);
    const calls = arm === 'with' ? `${middle(arm, 'callsPerSecond')} | ${middle(arm, 'refused')}` : '– | –';
    console.log(
      `| ${arm} | ${round((100 * answered) / sent)} % | ${middle(arm, 'keptPercent')} % | ${middle(arm, 'p50')} | ${middle(arm, 'p90')} | ${middle(arm, 'p99')} | ${Math.min(...p99s)} … ${Math.max(...p99s)} | ${pooled(arm, 0.99)} | ${pooled(arm, 0.999)} | ${calls} |`,
    );
  }
  for (const arm of arms.slice(1)) {
    for (const key of ['p50', 'p99'] as const) {
      const ratios = results[arm].map((row, i) => row[key] / results.without[i]![key]).sort((a, b) => a - b);
      const [least, most] = [ratios[0]!, ratios.at(-1)!];
      console.log(
        `${key} ${arm} / without, by round: median ${middleOf(ratios).toFixed(3)} (${least.toFixed(3)} … ${most.toFixed(3)})`,
      );
    }
  }
  console.log(
    '| arm | data plane, % of its core | it waited for its core, ms | intake, % of the other | who reports | other |',
  );
  console.log('|---|---|---|---|---|---|');
  for (const arm of arms) {
    const keys = [
      'dataPlanePercent',
      'dataPlaneWaitedMs',
      'intakePercent',
      'reporterPercent',
      'burnedPercent',
    ] as const;
    console.log(`| ${[arm, ...keys.map((key) => middle(arm, key))].join(' | ')} |`);
  }
  console.log('On the data plane, a round: | count | in all, ms | p99.9, µs | longest, µs | over 100 µs | over 500 µs');
  for (const arm of arms) {
    for (const what of WATCHED) {
      const of = (key: keyof WatchedTimes[WatchedWork]): number =>
        middleOf(results[arm].map(({ watched }) => watched[what][key]));
      console.log(
        `| ${arm}, ${what} | ${(['count', 'totalMs', 'p999Us', 'maxUs', 'over100Us', 'over500Us'] as const).map(of).join(' | ')} |`,
      );
    }
  }
}

/** Uses the share of a core that it is told, in slices, on more memory than the first caches hold. */
function burn(): void {
  const words = new Float64Array(2 ** 18);
  let share = 0;
  process.on('message', (message: { readonly share: number }) => {
    share = message.share;
  });
  process.on('disconnect', () => process.exit(0));
  setInterval(() => {
    const until = performance.now() + share * BURN_SLICE_MS;
    while (performance.now() < until) {
      for (let i = 0; i < 4_096; i++) words[(i * 61) & (2 ** 18 - 1)]! += i;
    }
  }, BURN_SLICE_MS);
}

/** Ends the first minute of the nodes: what is measured is nodes that have reported before. */
async function reportEveryNode(pool: Pool): Promise<void> {
  for (let i = 0; i < NODES; i += 100) {
    await post(pool, '/api/v1/capability', capabilityReports());
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

async function post(pool: Pool, path: string, body: object): Promise<number> {
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.dump();
  return statusCode;
}

function startReporter(pool: Pool): { stop(): Promise<Reported> } {
  let running = true;
  let taken = 0;
  let refused = 0;
  const startedMs = performance.now();
  const send = async (path: string, body: object): Promise<void> => {
    if ((await post(pool, path, body)) === 202) taken++;
    else refused++;
  };
  const pending = new Set<Promise<void>>();
  const every = async (ms: number, work: () => Promise<void>): Promise<void> => {
    for (let next = startedMs; running; next += ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      // Not waited for: a probe does not wait for another probe's commit.
      const job: Promise<void> = work().finally(() => pending.delete(job));
      pending.add(job);
    }
  };
  const loops = [
    every(5, () => send('/api/v1/density', densityReport())),
    every(120, () => send('/api/v1/capability', capabilityReports())),
  ];
  return {
    async stop() {
      running = false;
      await Promise.all(loops);
      await Promise.all(pending);
      const seconds = (performance.now() - startedMs) / 1_000;
      return { callsPerSecond: Math.round(taken / seconds), refused };
    },
  };
}

function densityReport(): object {
  const i = sequence++;
  return {
    probe: `p${i % SUBDOMAINS}`,
    sequence: i,
    periodStart: new Date(Date.now() - 10_000).toISOString(),
    periodSeconds: 10,
    subdomains: [{ id: `s${i % SUBDOMAINS}`, bytes: 5e8 + Math.round(Math.random() * 1e8), users: 4_000 }],
  };
}

function capabilityReports(): object[] {
  return Array.from({ length: 100 }, () => ({
    address: nodeAddress(node++ % NODES),
    port: 51_413,
    cpuUtilisation: 0.2,
    availableUplinkBps: 1e6 * (1 + Math.round(Math.random() * 60)),
  }));
}

function threadsOf(pid: number): Map<string, ThreadTime> {
  const threads = new Map<string, ThreadTime>();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [ranNs = 0, waitedNs = 0] = readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8')
        .split(' ')
        .map(Number);
      threads.set(id, { ranNs, waitedNs });
    } catch {
      // It has just ended.
    }
  }
  return threads;
}

/** Where the disk interrupts: what reports are written with must not stop the data plane. */
function coreOfDisk(): 0 | 1 {
  const counts: [number, number] = [0, 0];
  for (const line of readFileSync('/proc/interrupts', 'utf8').split('\n')) {
    if (!/-req\.|nvme|ahci|scsi/.test(line)) continue;
    const [, first, second] = line.trim().split(/\s+/);
    counts[0] += Number(first);
    counts[1] += Number(second);
  }
  return counts[1] > counts[0] ? 1 : 0;
}

function pin(pid: number, core: number): void {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

function middleOf(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]!;
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
