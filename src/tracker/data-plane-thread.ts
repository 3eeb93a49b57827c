/** Starts the data plane's thread up to its first word: the snapshot is read, the listeners stand or all is given back. */
import type { Worker } from 'node:worker_threads';
import { startThread, threadModule } from '../threads/start-thread.js';
import { createVitals } from '../threads/thread-vitals.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../transport/linux/descriptor-ledger.js';
import { createCounters } from './counters.js';
import type { FromWorker, WorkerStart } from './data-plane-messages.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import { readSnapshotFile, setSnapshotAside } from './snapshot-file.js';
import { createGroupCounts } from './swarm/group-tally.js';
import { createTorrentTrafficMemory } from './torrent-traffic.js';
import { createTrafficMemory } from './traffic-meter.js';

export type Ready = Extract<FromWorker, { type: 'ready' }>;

/** What became of the swarm snapshot at the start. */
export interface RestoredSwarms {
  readonly peers: number;
  readonly swarms: number;
  /** What is wrong with the file, null if nothing is; what stood before the damage was restored. */
  readonly damage: string | null;
  /** Where a damaged file is now; null if it stays where it is, for the other workers. */
  readonly setAsideAs: string | null;
}

export interface DataPlaneThread {
  readonly worker: Worker;
  readonly ready: Ready;
  readonly restored: RestoredSwarms | null;
  /** Closes the sockets that the thread left open; for after its exit, however that came. */
  releaseSockets(): void;
}

/** Written by the thread, read by the control plane. */
export interface SharedTotals {
  /** See `counters.ts`. */
  readonly counters: SharedArrayBuffer;
  /** See `traffic-meter.ts`. */
  readonly traffic: SharedArrayBuffer;
  /** See `torrent-traffic.ts`. */
  readonly torrents: SharedArrayBuffer;
  /** See `swarm/group-tally.ts`. */
  readonly groups: SharedArrayBuffer;
}

/** What outlives a restart of the thread. */
export interface WorkerMemory extends SharedTotals, Pick<WorkerStart, 'links' | 'connectionIdKey'> {
  /** Where the thread writes its beat and delay, see the vitals of `src/threads`. */
  readonly vitals: SharedArrayBuffer;
}

export function createWorkerMemory(): WorkerMemory {
  return {
    counters: createCounters(),
    traffic: createTrafficMemory(),
    torrents: createTorrentTrafficMemory(),
    groups: createGroupCounts(),
    vitals: createVitals(),
  };
}

/** @throws OperatorError if an address cannot be listened on or an option cannot be met */
export async function startDataPlaneThread(options: DataPlaneOptions, memory: WorkerMemory): Promise<DataPlaneThread> {
  const { files, snapshots } = await readSnapshots(options);
  const descriptors = createDescriptorLedger();
  const start: WorkerStart = { options, ...memory, snapshots, descriptors };
  const transferList = snapshots.map(({ buffer }) => buffer);
  const releaseSockets = (): void => void closeNotedDescriptors(descriptors);
  let worker: Worker;
  let ready: Ready;
  try {
    const module = threadModule(import.meta.url, 'data-plane-worker.js');
    ({ worker, ready } = await startThread<Ready>(module, { name: 'data-plane', workerData: start, transferList }));
  } catch (error) {
    releaseSockets();
    throw error;
  }
  let exited = false;
  worker.once('exit', () => {
    exited = true;
  });
  const restored = await restoredSwarms(ready, options, files);
  if (exited) {
    releaseSockets();
    throw new Error('the data plane ended at once');
  }
  return { worker, ready, restored, releaseSockets };
}

/** The worker's own file or, before that exists, those of another number of workers. */
async function readSnapshots({ snapshotFile, earlierSnapshots = [] }: DataPlaneOptions): Promise<{
  readonly files: readonly string[];
  readonly snapshots: readonly Uint8Array<ArrayBuffer>[];
}> {
  if (snapshotFile === undefined) return { files: [], snapshots: [] };
  const own = await readSnapshotFile(snapshotFile);
  if (own !== null) return { files: [snapshotFile], snapshots: [own] };
  const files: string[] = [];
  const snapshots: Uint8Array<ArrayBuffer>[] = [];
  for (const file of earlierSnapshots) {
    const bytes = await readSnapshotFile(file);
    if (bytes === null) continue;
    files.push(file);
    snapshots.push(bytes);
  }
  return { files, snapshots };
}

async function restoredSwarms(
  { restored }: Ready,
  { snapshotFile }: DataPlaneOptions,
  files: readonly string[],
): Promise<RestoredSwarms | null> {
  if (restored === null) return null;
  const { peers, swarms, damages } = restored;
  const damaged = damages.findIndex((damage) => damage !== null);
  const file = files[damaged];
  if (file === undefined) return { peers, swarms, damage: null, setAsideAs: null };
  const setAsideAs = file === snapshotFile ? await setSnapshotAside(file) : null;
  return { peers, swarms, damage: damages[damaged] ?? null, setAsideAs };
}
