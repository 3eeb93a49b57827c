// What the intake of reports does to announces:
// `node bench/reports-effect.mjs [announces a second] [seconds a phase] [rounds] [arms]`, after `npm run build`; on Linux with
// two cores, as root. The whole application in a process of its own, 2,000 sub-domains, 50,000 nodes that have all reported
// before; announces over UDP at random moments (`reports-effect-announcer.mjs`), in turn
//
//   without   no reports
//   with      2,000 density reports in 10 s (a call each) and 50,000 capability reports in a minute (batches of 100)
//   busy      no reports, but a program that has nothing to do with the tracker uses as much of that core as the reports did
//
// The data plane's thread has one core to itself, in real-time priority. On the other, the one that the disk interrupts, are
// the control plane, the helper threads of Node.js, those who report, and the announcing client. The client has real-time
// priority, and the kernel stamps the answers, so what is measured is the data plane and not who gets a core; `busy` tells
// what sharing a machine costs from what reports do. Announces while the hypervisor takes time from a core are left out.
import { execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { Pool } from 'undici';
import { NODES, nodeAddress, SUBDOMAINS, subdomainPrefix } from './reports-effect-population.mjs';

const TOKEN = 'bench-control-token';
const INTAKE_CORE = coreOfDisk();
const DATA_PLANE_CORE = 1 - INTAKE_CORE;
const BURN_SLICE_MS = 10;
/** A round of which less is left is repeated. */
const KEPT_PERCENT_MIN = 60;
const RUN_MS_MAX = 150_000;

let sequence = 0;
let node = 0;

const script = (name) => fileURLToPath(new URL(name, import.meta.url));
if (process.argv[2] === 'server') await serve(process.argv[3]);
else if (process.argv[2] === 'burn') burn();
else
  await measure(
    Number(process.argv[2] ?? 5_000),
    Number(process.argv[3] ?? 1),
    Number(process.argv[4] ?? 15),
    Number(process.argv[5] ?? 3),
  );

async function serve(directory) {
  const { createApp } = await import('../dist/app/create-app.js');
  const { parseConfig } = await import('../dist/config/parse-config.js');
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
  channel.onmessage = ({ data }) => process.send({ turns: data });
  process.on('message', () => channel.postMessage('ask'));
  process.send({ addresses: app.addresses.map(({ part, url }) => ({ part, url })) });
  process.once('disconnect', async () => {
    await app.stop();
    process.exit(0);
  });
}

async function measure(announcesPerSecond, phaseSeconds, rounds, armCount) {
  pin(process.pid, INTAKE_CORE);
  const giveUpAtMs = performance.now() + RUN_MS_MAX;
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  const turns = script('./reports-effect-turns.mjs');
  const server = fork(script('./reports-effect.mjs'), ['server', directory], { execArgv: ['--import', turns] });
  const announcer = fork(script('./reports-effect-announcer.mjs'));
  const burner = fork(script('./reports-effect.mjs'), ['burn']);
  const ask = async (child, message) => {
    child.send(message);
    return (await once(child, 'message'))[0];
  };
  try {
    const [{ addresses }] = await once(server, 'message');
    const tracker = new URL(addresses.find(({ part }) => part === 'tracker').url.replace('udp:', 'http:'));
    const pool = new Pool(addresses.find(({ part }) => part === 'control').url, { connections: 16 });
    const before = threadsOf(server.pid);
    await ask(announcer, { command: 'fill', host: tracker.hostname, port: Number(tracker.port) });
    const after = threadsOf(server.pid);
    // The thread that answered is the one that worked most.
    const worked = (id) => after.get(id).ranNs - (before.get(id)?.ranNs ?? 0);
    const dataPlane = [...after.keys()].sort((a, b) => worked(b) - worked(a))[0];
    execFileSync('taskset', ['-p', '-c', String(DATA_PLANE_CORE), dataPlane], { stdio: 'ignore' });
    execFileSync('chrt', ['-f', '-p', '40', dataPlane]);
    for (const id of threadsOf(announcer.pid).keys()) execFileSync('chrt', ['-f', '-p', '50', id]);

    let seed = 1;
    let intakeShare = 0.3;
    const phase = async (arm) => {
      const reporter = arm === 'with' ? startReporter(pool) : undefined;
      if (arm === 'busy') burner.send({ share: intakeShare });
      // What was raised by the last phase is over, and what this one raises has begun.
      await new Promise((resolve) => setTimeout(resolve, 500));
      await ask(server, 'ask');
      const threadsBefore = threadsOf(server.pid);
      const ownBefore = process.cpuUsage();
      const burnedBefore = threadsOf(burner.pid).get(String(burner.pid)).ranNs;
      const begun = performance.now();
      const times = await ask(announcer, {
        command: 'run',
        seconds: phaseSeconds,
        rate: announcesPerSecond,
        seed: seed++,
      });
      const seconds = (performance.now() - begun) / 1_000;
      const own = process.cpuUsage(ownBefore);
      const threads = threadsOf(server.pid);
      const burned = threadsOf(burner.pid).get(String(burner.pid)).ranNs - burnedBefore;
      const { turns: watched } = await ask(server, 'ask');
      const reported = await reporter?.stop();
      burner.send({ share: 0 });
      const gained = (id, what) => threads.get(id)[what] - (threadsBefore.get(id)?.[what] ?? 0);
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

    const arms = ['without', 'with', 'busy'].slice(0, armCount);
    await reportEveryNode(pool);
    await phase('without');
    await phase('with');
    const results = Object.fromEntries(arms.map((arm) => [arm, []]));
    for (let i = 0; results.without.length < rounds && performance.now() < giveUpAtMs; i++) {
      // Each arm is as often first as last.
      const order = i % 2 === 0 ? arms : arms.toReversed();
      const rows = {};
      for (const arm of order) rows[arm] = await phase(arm);
      const isCalm = arms.every((arm) => rows[arm].keptPercent >= KEPT_PERCENT_MIN);
      if (isCalm) for (const arm of arms) results[arm].push(rows[arm]);
      const line = arms.map((arm) => `${arm} ${rows[arm].p50}/${rows[arm].p99} (${rows[arm].keptPercent} % kept)`);
      console.error(`${isCalm ? 'round' : 'not counted'}, p50/p99 in µs: ${line.join(', ')}`);
    }
    print(results, announcesPerSecond, phaseSeconds);
    await pool.close();
  } finally {
    for (const child of [announcer, burner, server]) if (child.connected) child.disconnect();
    if (server.exitCode === null) await once(server, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

function print(results, announcesPerSecond, phaseSeconds) {
  const middleOf = (values) => values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)];
  const middle = (arm, key) => middleOf(results[arm].map((row) => row[key]));
  const pooled = (arm, q) => {
    const counts = new Map();
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
  for (const arm of Object.keys(results)) {
    const p99s = results[arm].map(({ p99 }) => p99);
    const sent = results[arm].reduce((sum, row) => sum + row.sent, 0);
    const answered = results[arm].reduce((sum, row) => sum + row.answered, 0);
    const calls = arm === 'with' ? `${middle(arm, 'callsPerSecond')} | ${middle(arm, 'refused')}` : '– | –';
    console.log(
      `| ${arm} | ${round((100 * answered) / sent)} % | ${middle(arm, 'keptPercent')} % | ${middle(arm, 'p50')} | ${middle(arm, 'p90')} | ${middle(arm, 'p99')} | ${Math.min(...p99s)} … ${Math.max(...p99s)} | ${pooled(arm, 0.99)} | ${pooled(arm, 0.999)} | ${calls} |`,
    );
  }
  for (const arm of Object.keys(results).slice(1)) {
    for (const key of ['p50', 'p99']) {
      const ratios = results[arm].map((row, i) => row[key] / results.without[i][key]).sort((a, b) => a - b);
      const [least, most] = [ratios[0], ratios.at(-1)];
      console.log(
        `${key} ${arm} / without, by round: median ${middleOf(ratios).toFixed(3)} (${least.toFixed(3)} … ${most.toFixed(3)})`,
      );
    }
  }
  console.log(
    '| arm | data plane, % of its core | it waited for its core, ms | intake, % of the other | who reports | other |',
  );
  console.log('|---|---|---|---|---|---|');
  for (const arm of Object.keys(results)) {
    const keys = ['dataPlanePercent', 'dataPlaneWaitedMs', 'intakePercent', 'reporterPercent', 'burnedPercent'];
    console.log(`| ${[arm, ...keys.map((key) => middle(arm, key))].join(' | ')} |`);
  }
  console.log('On the data plane, a round: | count | in all, ms | p99.9, µs | longest, µs | over 100 µs | over 500 µs');
  for (const arm of Object.keys(results)) {
    for (const what of ['between', 'batches', 'nodeTurns', 'collections']) {
      const of = (key) => middleOf(results[arm].map(({ watched }) => watched[what][key]));
      console.log(
        `| ${arm}, ${what} | ${['count', 'totalMs', 'p999Us', 'maxUs', 'over100Us', 'over500Us'].map(of).join(' | ')} |`,
      );
    }
  }
}

/** Uses the share of a core that it is told, in slices, on more memory than the first caches hold. */
function burn() {
  const words = new Float64Array(2 ** 18);
  let share = 0;
  process.on('message', (message) => {
    share = message.share;
  });
  process.on('disconnect', () => process.exit(0));
  setInterval(() => {
    const until = performance.now() + share * BURN_SLICE_MS;
    while (performance.now() < until) {
      for (let i = 0; i < 4_096; i++) words[(i * 61) & (2 ** 18 - 1)] += i;
    }
  }, BURN_SLICE_MS);
}

/** So that what is measured is nodes that go on reporting, as all do but in their first minute. */
async function reportEveryNode(pool) {
  for (let i = 0; i < NODES; i += 100) {
    await post(pool, '/api/v1/capability', capabilityReports());
  }
  await new Promise((resolve) => setTimeout(resolve, 2_000));
}

async function post(pool, path, body) {
  const { statusCode, body: answer } = await pool.request({
    method: 'POST',
    path,
    headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  await answer.dump();
  return statusCode;
}

function startReporter(pool) {
  let running = true;
  let taken = 0;
  let refused = 0;
  const startedMs = performance.now();
  const send = async (path, body) => {
    if ((await post(pool, path, body)) === 202) taken++;
    else refused++;
  };
  const pending = new Set();
  const every = async (ms, work) => {
    for (let next = startedMs; running; next += ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      // Not waited for: a probe does not wait for another probe's commit.
      const job = work().finally(() => pending.delete(job));
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

function densityReport() {
  const i = sequence++;
  return {
    probe: `p${i % SUBDOMAINS}`,
    sequence: i,
    periodStart: new Date(Date.now() - 10_000).toISOString(),
    periodSeconds: 10,
    subdomains: [{ id: `s${i % SUBDOMAINS}`, bytes: 5e8 + Math.round(Math.random() * 1e8), users: 4_000 }],
  };
}

function capabilityReports() {
  return Array.from({ length: 100 }, () => ({
    address: nodeAddress(node++ % NODES),
    port: 51_413,
    cpuUtilisation: 0.2,
    availableUplinkBps: 1e6 * (1 + Math.round(Math.random() * 60)),
  }));
}

/** By thread: nanoseconds on a core, and ready to run but waiting for one. */
function threadsOf(pid) {
  const threads = new Map();
  for (const id of readdirSync(`/proc/${pid}/task`)) {
    try {
      const [ranNs, waitedNs] = readFileSync(`/proc/${pid}/task/${id}/schedstat`, 'utf8').split(' ').map(Number);
      threads.set(id, { ranNs, waitedNs });
    } catch {
      // It has just ended.
    }
  }
  return threads;
}

/** Where the disk interrupts: what reports are written with must not stop the data plane. */
function coreOfDisk() {
  const counts = [0, 0];
  for (const line of readFileSync('/proc/interrupts', 'utf8').split('\n')) {
    if (!/-req\.|nvme|ahci|scsi/.test(line)) continue;
    const [, first, second] = line.trim().split(/\s+/);
    counts[0] += Number(first);
    counts[1] += Number(second);
  }
  return counts[1] > counts[0] ? 1 : 0;
}

function pin(pid, core) {
  execFileSync('taskset', ['-a', '-p', '-c', String(core), String(pid)], { stdio: 'ignore' });
}

function round(value) {
  return Math.round(value * 10) / 10;
}
