/** The faults that a soak injects: what happens, for how long, and how long each kind of answer may fail because of it. */
import { readdirSync, rmSync } from 'node:fs';
import { appendFile, statfs } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { openDatabase } from '../../src/store/sqlite/database.js';
import { plant } from '../../test/support/plant-error.js';
import { PROBE_TOKEN, type Setting } from './setting.js';

export interface Fault {
  readonly name: string;
  /** Injects the fault and ends it. */
  inject(setting: Setting, signal: AbortSignal): Promise<void>;
  /** What may fail meanwhile, and for how long at most, in ms. Everything else must not fail for longer than {@link USUAL_GAP_MS}. */
  readonly mayFailMs?: Readonly<Record<string, number>>;
}

/** On two cores that a load generator shares. */
export const USUAL_GAP_MS = 3_000;
/** A part is restarted after 0.25 s. */
const RESTART_MS = 6_000;
const HOLD_MS = 3_000;
const CLOCK_JUMP_SECONDS = 5_400;

const PARTS: readonly (readonly [string, string, Readonly<Record<string, number>>])[] = [
  ['topology', 'topology.topology-source', {}],
  ['reports', 'reports.prune-reports', { control: RESTART_MS }],
  ['policy', 'policy.policy', {}],
  ['upstream exchange', 'upstream.upstream-exchange', {}],
  ['crawler', 'crawler.crawl-schedule', {}],
  ['mirror site', 'mirror-site.site-listener', { mirror: RESTART_MS }],
  ['control API', 'control-api.control-server', { control: RESTART_MS }],
];

export function faultsOf(canFillDisk: boolean): readonly Fault[] {
  return [
    reload,
    ...PARTS.map(partFails),
    threadEnds('tracker', { tracker: RESTART_MS }),
    threadEnds('dns', { dns: RESTART_MS }),
    databaseBusy,
    ...(canFillDisk ? [diskFull] : []),
    originalsDown,
    madProbe,
    clockJumps(CLOCK_JUMP_SECONDS),
    clockJumps(-CLOCK_JUMP_SECONDS),
    killed,
  ];
}

const reload: Fault = {
  name: 'three reloads at once',
  inject: async (setting) => {
    for (let i = 0; i < 3; i++) setting.signal('SIGHUP');
    await sleep(1_000);
  },
};

function partFails([part, where, mayFailMs]: (typeof PARTS)[number]): Fault {
  return {
    name: `${part} fails`,
    mayFailMs,
    inject: async (setting) => {
      plant(setting.orders, where, 'throw');
      await sleep(1_000);
    },
  };
}

function threadEnds(thread: string, mayFailMs: Readonly<Record<string, number>>): Fault {
  return {
    name: `the thread ${thread} ends`,
    mayFailMs,
    inject: async (setting) => {
      plant(setting.orders, `thread.${thread}`, 'throw');
      await sleep(1_000);
    },
  };
}

/** Longer than the program waits for the lock. */
const databaseBusy: Fault = {
  name: 'SQLite is busy',
  mayFailMs: { control: 20_000, mirror: 20_000 },
  inject: async ({ databaseFile }, signal) => {
    const database = openDatabase(databaseFile);
    try {
      database.exec('BEGIN IMMEDIATE');
      await sleep(2 * HOLD_MS, undefined, { signal }).catch(() => {});
      database.exec('ROLLBACK');
    } finally {
      database.close();
    }
  },
};

const diskFull: Fault = {
  name: 'the disk is full',
  inject: async ({ filler }, signal) => {
    try {
      for (const bytes of [1 << 20, 4_096]) await fill(filler, bytes);
      await sleep(HOLD_MS, undefined, { signal }).catch(() => {});
    } finally {
      rmSync(filler, { force: true });
    }
  },
};

/** Until nothing fits. The loop ends because the file system is small. */
async function fill(file: string, bytes: number): Promise<void> {
  const { blocks, bsize } = await statfs(dirname(file));
  for (let room = blocks * bsize; room > 0; room -= bytes) {
    try {
      await appendFile(file, new Uint8Array(bytes));
    } catch {
      return;
    }
  }
}

const originalsDown: Fault = {
  name: 'originals are down',
  inject: async (setting, signal) => {
    setting.originalIsDown = true;
    await sleep(HOLD_MS, undefined, { signal }).catch(() => {});
    setting.originalIsDown = false;
  },
};

const NONSENSE = [
  '{"probe":"dp-north","sequence":-1}',
  '[[[[[[[[[[',
  'x'.repeat(100_000),
  `{"probe":"dp-north","sequence":1e308,"periodStart":"never","periodSeconds":-5,"subdomains":[{"id":"\\u0000","bytes":-1}]}`,
  `[${Array.from({ length: 500 }, () => '{"probe":"x"}').join(',')}]`,
];

const madProbe: Fault = {
  name: 'a probe sends nonsense',
  inject: async ({ ports }) => {
    const endMs = performance.now() + HOLD_MS;
    for (let i = 0; performance.now() < endMs; i++) {
      await fetch(`http://127.0.0.1:${ports.control}/api/v1/density`, {
        method: 'POST',
        headers: { authorization: `Bearer ${PROBE_TOKEN}`, 'content-type': 'application/json' },
        body: NONSENSE[i % NONSENSE.length]!,
        signal: AbortSignal.timeout(5_000),
      }).then(
        (response) => response.arrayBuffer(),
        () => {},
      );
      await sleep(5);
    }
  },
};

function clockJumps(seconds: number): Fault {
  return {
    name: `the clock jumps by ${seconds / 60} min and back`,
    inject: async ({ orders }, signal) => {
      plant(orders, 'clock', String(seconds));
      await sleep(HOLD_MS, undefined, { signal }).catch(() => {});
      rmSync(join(orders, 'clock'));
    },
  };
}

/** Nothing answers until the process is back. */
const killed: Fault = {
  name: 'the process is killed',
  mayFailMs: { tracker: 30_000, dns: 30_000, mirror: 30_000, control: 30_000 },
  inject: async (setting) => {
    await setting.end('SIGKILL');
    for (const order of readdirSync(setting.orders)) rmSync(join(setting.orders, order));
    await setting.start();
  },
};
