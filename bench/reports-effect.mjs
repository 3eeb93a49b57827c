// What the intake of reports does to announces: `node bench/reports-effect.mjs [seconds a phase] [rounds]`, after
// `npm run build`. The whole application in a process of its own, 2,000 sub-domains; announces over UDP at a steady rate,
// with and without 2,000 density reports in 10 s (a call each) and 50,000 capability reports in a minute (batches of 100),
// in turn; the time from request to answer as its client sees it.
import { fork } from 'node:child_process';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Pool } from 'undici';

const PHASE_SECONDS = Number(process.argv[2] ?? 5);
const ROUNDS = Number(process.argv[3] ?? 5);
const SUBDOMAINS = 2_000;
const NODES = 50_000;
const ANNOUNCES_PER_SECOND = 5_000;
const TICK_MS = 10;
const TOKEN = 'bench-control-token';
const prefixOf = (i) => `10.${i >> 8}.${i & 255}.0/24`;

let sequence = 0;
let node = 0;

if (process.argv[2] === 'server') await serve(process.argv[3]);
else await measure();

async function serve(directory) {
  const { createApp } = await import('../dist/app/create-app.js');
  const { parseConfig } = await import('../dist/config/parse-config.js');
  const ids = Array.from({ length: SUBDOMAINS }, (_, i) => i);
  const config = parseConfig(`
operator:
  name: Bench
  networks: [{ asn: 64500, prefixes: [10.0.0.0/8, 127.0.0.0/8] }]
  subdomains: [${ids.map((i) => `{ id: s${i}, prefixes: [${prefixOf(i)}] }`).join(', ')}]
tracker: { listen: ["udp://127.0.0.1:0"], interval: 30m, limits: { peersPerAddressPerSwarm: 0, peersPerAddress: 0 } }
control: { listen: "http://127.0.0.1:0", token: ${TOKEN} }
upstream: { exchange: false }
storage: { directory: ${directory} }
logging: { level: silent }
lab: true
`);
  const app = createApp(config);
  await app.start();
  process.send(app.addresses.map(({ part, url }) => ({ part, url })));
  process.once('disconnect', async () => {
    await app.stop();
    process.exit(0);
  });
}

async function measure() {
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-bench-'));
  const server = fork(fileURLToPath(import.meta.url), ['server', directory]);
  try {
    const [addresses] = await once(server, 'message');
    const tracker = new URL(addresses.find(({ part }) => part === 'tracker').url.replace('udp:', 'http:'));
    const pool = new Pool(addresses.find(({ part }) => part === 'control').url, { connections: 16 });
    const announcer = await createAnnouncer(tracker.hostname, Number(tracker.port));
    await announcer.run(2);
    const results = { without: [], with: [] };
    for (let round = 0; round < ROUNDS; round++) {
      results.without.push(await announcer.run(PHASE_SECONDS));
      const reporter = startReporter(pool);
      results.with.push({ ...(await announcer.run(PHASE_SECONDS)), ...(await reporter.stop()) });
      console.error(
        `round ${round + 1} of ${ROUNDS}: p99 ${results.without.at(-1).p99Us} µs without, ${results.with.at(-1).p99Us} µs with`,
      );
    }
    const middle = (rows, key) => rows.map((row) => row[key]).sort((a, b) => a - b)[Math.floor(rows.length / 2)];
    console.log('| reports | answers/s | p50 | p99 | calls/s taken | refused |');
    console.log('|---|---|---|---|---|---|');
    for (const [name, rows] of Object.entries(results)) {
      const calls = name === 'with' ? `${middle(rows, 'callsPerSecond')} | ${middle(rows, 'refused')}` : '– | –';
      console.log(
        `| ${name} | ${middle(rows, 'answersPerSecond')} | ${middle(rows, 'p50Us')} µs | ${middle(rows, 'p99Us')} µs | ${calls} |`,
      );
    }
    await pool.close();
    announcer.close();
  } finally {
    server.disconnect();
    await once(server, 'exit');
    rmSync(directory, { recursive: true, force: true });
  }
}

async function createAnnouncer(host, port) {
  const socket = createSocket('udp4');
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  const connect = Buffer.from('00000417271019800000000000000001', 'hex');
  socket.send(connect, port, host);
  const [greeting] = await once(socket, 'message');
  const packet = Buffer.alloc(98);
  greeting.copy(packet, 0, 8, 16);
  packet.writeUInt32BE(1, 8);
  packet.writeUInt32BE(1, 80);
  packet.writeInt32BE(50, 92);
  const sentAt = new Map();
  let number = 1;
  let latencies = [];
  socket.on('message', (message) => {
    const id = message.readUInt32BE(4);
    const sent = sentAt.get(id);
    if (sent === undefined) return;
    sentAt.delete(id);
    latencies.push(performance.now() - sent);
  });
  return {
    async run(seconds) {
      latencies = [];
      sentAt.clear();
      const ticks = Math.round((seconds * 1_000) / TICK_MS);
      const startedMs = performance.now();
      for (let tick = 0; tick < ticks; tick++) {
        for (let i = 0; i < (ANNOUNCES_PER_SECOND * TICK_MS) / 1_000; i++) {
          number++;
          packet.writeUInt32BE(number, 12);
          // 500 swarms of about 120 peers.
          packet.writeUInt32BE(number % 500, 16);
          packet.writeUInt32BE(number % 60_000, 36);
          packet.writeUInt16BE(1_024 + (number % 60_000), 96);
          sentAt.set(number, performance.now());
          socket.send(Buffer.from(packet), port, host);
        }
        const waitMs = startedMs + (tick + 1) * TICK_MS - performance.now();
        await new Promise((resolve) => setTimeout(resolve, Math.max(0, waitMs)));
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
      const sorted = latencies.sort((a, b) => a - b);
      const quantile = (q) => Math.round(1_000 * (sorted[Math.floor(q * sorted.length)] ?? Number.NaN));
      return { answersPerSecond: Math.round(sorted.length / seconds), p50Us: quantile(0.5), p99Us: quantile(0.99) };
    },
    close: () => socket.close(),
  };
}

function startReporter(pool) {
  let running = true;
  let taken = 0;
  let refused = 0;
  const startedMs = performance.now();
  const post = async (path, body) => {
    const { statusCode, body: answer } = await pool.request({
      method: 'POST',
      path,
      headers: { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    await answer.dump();
    if (statusCode === 202) taken++;
    else refused++;
  };
  const pending = [];
  const every = async (ms, work) => {
    for (let next = startedMs; running; next += ms) {
      await new Promise((resolve) => setTimeout(resolve, Math.max(0, next - performance.now())));
      // Not waited for: a probe does not wait for another probe's commit.
      pending.push(work());
    }
  };
  const density = () => {
    const i = sequence++;
    return post('/api/v1/density', {
      probe: `p${i % SUBDOMAINS}`,
      sequence: i,
      periodStart: new Date(Date.now() - 10_000).toISOString(),
      periodSeconds: 10,
      subdomains: [{ id: `s${i % SUBDOMAINS}`, bytes: 5e8 + Math.round(Math.random() * 1e8), users: 4_000 }],
    });
  };
  const capability = () =>
    post(
      '/api/v1/capability',
      Array.from({ length: 100 }, () => {
        const i = node++ % NODES;
        const availableUplinkBps = 1e6 * (1 + Math.round(Math.random() * 60));
        return {
          address: `10.${i >> 14}.${(i >> 6) & 255}.${1 + (i & 63)}`,
          port: 51_413,
          cpuUtilisation: 0.2,
          availableUplinkBps,
        };
      }),
    );
  const loops = [every(5, density), every(120, capability)];
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
