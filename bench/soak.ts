/**
 * The soak: the whole program under load for a long time, while faults are injected one after another. `npm run soak -- --help`.
 * With root it runs in a mount namespace of its own, whose small file system becomes full.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { createRandom } from '../src/domain/random.js';
import { startLoad } from './load/start-load.js';
import { residentBytes } from './process-usage.js';
import { announces, fetches, resolves } from './soak/clients.js';
import { type Fault, faultsOf, USUAL_GAP_MS } from './soak/faults.js';
import { Ledger } from './soak/ledger.js';
import { HELP, readOptions, type SoakOptions } from './soak/options.js';
import { CONTROL_TOKEN, MIRROR_ADDRESS, ORIGINAL_ADDRESS, Setting, SITE } from './soak/setting.js';
import { describe, type FaultFigures, failuresOf, type SoakFigures } from './soak/verdict.js';
import { Witness } from './soak/witness.js';

const SHAPE = { torrents: 10_000, peers: 100_000, sources: 20_000 };
const PROFILE = { numWant: 50, scrapePercent: 5, keepAlive: false };
const RECOVERY_MS = 60_000;
const PAUSE_MS = 500;
/** One request to the load generator. */
const LOAD_SECONDS = 2;
const DISK_VARIABLE = 'ALIAS_TRACKER_SOAK_DISK';

const say = (line: string): void => console.error(line);

async function main(): Promise<number> {
  const options = readOptions(process.argv.slice(2));
  if (options === null) {
    console.log(HELP);
    return 0;
  }
  const disk = process.env[DISK_VARIABLE];
  if (disk === undefined && spawnSync('unshare', ['--mount', 'true']).status === 0) return runWithOwnDisk(options);
  if (disk === undefined)
    say('soak: a disk that becomes full needs root and unshare (util-linux); this fault is left out');
  const directory = mkdtempSync(join(tmpdir(), 'alias-tracker-soak-'));
  try {
    const figures = await soak(options, directory, disk);
    const failures = failuresOf(figures);
    console.log(options.json ? JSON.stringify({ ...figures, failures }, null, 2) : describe(figures, failures));
    return failures.length === 0 ? 0 : 1;
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Runs this program again, where a small file system is mounted that only it sees. */
async function runWithOwnDisk({ diskMiB }: SoakOptions): Promise<number> {
  const mountPoint = mkdtempSync(join(tmpdir(), 'alias-tracker-soak-disk-'));
  const script = 'mount -t tmpfs -o "size=$1m" tmpfs "$2" && shift 2 && exec "$@"';
  const command = [process.execPath, fileURLToPath(import.meta.url), ...process.argv.slice(2)];
  const child = spawn(
    'unshare',
    ['--mount', '--propagation', 'private', 'sh', '-c', script, 'sh', String(diskMiB), mountPoint, ...command],
    { stdio: 'inherit', env: { ...process.env, [DISK_VARIABLE]: mountPoint } },
  );
  const [code] = (await once(child, 'exit')) as [number | null];
  rmSync(mountPoint, { recursive: true, force: true });
  return code ?? 1;
}

async function soak(options: SoakOptions, directory: string, disk: string | undefined): Promise<SoakFigures> {
  const ownDisk = join(directory, 'disk');
  mkdirSync(ownDisk);
  const setting = new Setting(directory, disk ?? ownDisk);
  const load = startLoad();
  const stopping = new AbortController();
  const interrupt = (): void => stopping.abort();
  process.once('SIGINT', interrupt).once('SIGTERM', interrupt);
  try {
    await setting.configure();
    await setting.start();
    const { ports } = setting;
    const host = '127.0.0.1';
    const witnesses = {
      tracker: new Witness('tracker', announces({ host, port: ports.tracker })),
      dns: new Witness('dns', resolves({ host, port: ports.dns }, SITE, [MIRROR_ADDRESS, ORIGINAL_ADDRESS])),
      mirror: new Witness('mirror', fetches(`http://${host}:${ports.mirror}/`)),
      control: new Witness(
        'control',
        fetches(`http://${host}:${ports.control}/api/v1/density`, { authorization: `Bearer ${CONTROL_TOKEN}` }),
      ),
    };
    const ledger = new Ledger(`http://${host}:${ports.control}`);
    const announced = announceUntil(stopping.signal, load, setting);
    const memory = new MemoryWatch(setting);
    for (const witness of Object.values(witnesses)) witness.start();
    ledger.start();
    const startMs = performance.now();
    const faults = await injectAll(options, setting, disk !== undefined, witnesses, stopping.signal);
    await Promise.all([ledger.stop(), ...Object.values(witnesses).map((witness) => witness.stop())]);
    memory.stop();
    stopping.abort();
    const total = await announced;
    await setting.end('SIGKILL');
    const missing = ledger.missingIn(setting.databaseFile);
    await setting.start();
    const exitCode = await setting.end('SIGTERM');
    return {
      seconds: (performance.now() - startMs) / 1_000,
      load: total,
      witnesses: Object.fromEntries(Object.entries(witnesses).map(([name, { figures }]) => [name, figures])),
      faults,
      acknowledged: { ...ledger.acknowledged, refused: ledger.refused },
      missing,
      residentBytes: memory.samples,
      unexpectedEnds: setting.unexpectedEnds,
      exitCode,
    };
  } finally {
    stopping.abort();
    load.stop();
    await setting.stop();
  }
}

/** Announces as fast as answers come, until the soak ends. */
async function announceUntil(
  signal: AbortSignal,
  load: ReturnType<typeof startLoad>,
  setting: Setting,
): Promise<SoakFigures['load']> {
  const total = { answers: 0, lost: 0 };
  await load.ask({ kind: 'prepare', shapes: [SHAPE] });
  while (!signal.aborted) {
    const target = {
      protocol: 'udp',
      host: '127.0.0.1',
      port: setting.ports.tracker,
      pid: setting.pid,
      shape: SHAPE,
    } as const;
    try {
      const result = await load.ask({ kind: 'measure', target, profile: PROFILE, seconds: LOAD_SECONDS });
      total.answers += result?.answers ?? 0;
      total.lost += result?.lost ?? 0;
    } catch (thrown) {
      // The process whose time it reads was killed.
      if (!/ENOENT|ESRCH/.test(String(thrown))) throw thrown;
      await sleep(PAUSE_MS);
    }
  }
  return total;
}

type Witnesses = Readonly<Record<string, Witness>>;

/** All faults in their order, then again in random order until the time is over. */
async function injectAll(
  { seconds, seed, patience, faults: wanted }: SoakOptions,
  setting: Setting,
  canFillDisk: boolean,
  witnesses: Witnesses,
  signal: AbortSignal,
): Promise<FaultFigures[]> {
  const random = createRandom(seed);
  const startMs = performance.now();
  const isWanted = ({ name }: Fault): boolean => wanted.length === 0 || wanted.some((text) => name.includes(text));
  const faults = faultsOf(canFillDisk).filter(isWanted);
  if (faults.length === 0) throw new Error('no fault has such a name');
  const figures: FaultFigures[] = [];
  for (let i = 0; !signal.aborted; i++) {
    const atSeconds = (performance.now() - startMs) / 1_000;
    if (i >= faults.length && atSeconds > seconds) break;
    const fault = i < faults.length ? faults[i]! : faults[random.below(faults.length)]!;
    say(`${Math.round(atSeconds)} s: ${fault.name}`);
    figures.push(await injectOne(fault, setting, witnesses, { atSeconds, patience }, signal));
    await sleep(PAUSE_MS, undefined, { signal }).catch(() => {});
  }
  return figures;
}

async function injectOne(
  fault: Fault,
  setting: Setting,
  witnesses: Witnesses,
  { atSeconds, patience }: { readonly atSeconds: number; readonly patience: number },
  signal: AbortSignal,
): Promise<FaultFigures> {
  for (const witness of Object.values(witnesses)) witness.takeLongestGap();
  await fault.inject(setting, signal);
  const endMs = performance.now();
  let recoveredMs: number | null = null;
  while (recoveredMs === null && performance.now() - endMs < patience * RECOVERY_MS && !signal.aborted) {
    const allAnswer = Object.values(witnesses).every(({ silentMs }) => silentMs < 1_000);
    if (allAnswer && (await setting.isReady())) recoveredMs = performance.now() - endMs;
    else await sleep(100);
  }
  const gaps = Object.entries(witnesses).map(([name, witness]) => {
    const allowedMs = patience * (fault.mayFailMs?.[name] ?? USUAL_GAP_MS);
    return [name, { longestMs: witness.takeLongestGap(), allowedMs }] as const;
  });
  if (recoveredMs === null && !signal.aborted)
    say(`  it did not recover; the last lines of the log:\n${setting.log.slice(-20).join('\n')}`);
  return { fault: fault.name, atSeconds, recoveredMs, gaps: Object.fromEntries(gaps) };
}

class MemoryWatch {
  readonly samples: number[] = [];
  readonly #timer: NodeJS.Timeout;

  constructor(setting: Setting) {
    this.#timer = setInterval(() => {
      try {
        const bytes = residentBytes(setting.pid);
        if (bytes > 0) this.samples.push(bytes);
      } catch {
        // Killed, and not running yet.
      }
    }, 500);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  say(`soak: ${error instanceof Error ? error.message : String(error)}`);
  process.exitCode = 1;
}
process.exit();
