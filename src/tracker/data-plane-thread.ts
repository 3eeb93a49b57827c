/** Starts the data plane's thread up to its first word: the snapshot is read, the listeners stand or all is given back. */
import type { Worker } from 'node:worker_threads';
import { startThread, threadModule } from '../threads/start-thread.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../transport/linux/descriptor-ledger.js';
import { createCounters } from './counters.js';
import type { FromWorker, WorkerStart } from './data-plane-messages.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import { readSnapshotFile, setSnapshotAside } from './snapshot-file.js';
import type { Restored } from './snapshot-import.js';
import { createGroupCounts } from './swarm/group-tally.js';
import { createTorrentTrafficMemory } from './torrent-traffic.js';
import { createTrafficMemory } from './traffic-meter.js';

export type Ready = Extract<FromWorker, { type: 'ready' }>;

/** What became of the swarm snapshot at the start; null if there was none. */
export interface RestoredSwarms extends Restored {
  /** Where a damaged file is now. */
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

export function createSharedTotals(): SharedTotals {
  return {
    counters: createCounters(),
    traffic: createTrafficMemory(),
    torrents: createTorrentTrafficMemory(),
    groups: createGroupCounts(),
  };
}

/** @throws OperatorError if an address cannot be listened on or an option cannot be met */
export async function startDataPlaneThread(
  options: DataPlaneOptions,
  totals: SharedTotals,
  vitals: SharedArrayBuffer,
): Promise<DataPlaneThread> {
  const { snapshotFile = null } = options;
  const snapshot = snapshotFile === null ? null : await readSnapshotFile(snapshotFile);
  const descriptors = createDescriptorLedger();
  const start: WorkerStart = { options, ...totals, vitals, snapshot, descriptors };
  const transferList = snapshot === null ? [] : [snapshot.buffer];
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
  const isDamaged = ready.restored !== null && ready.restored.damage !== null;
  const setAsideAs = isDamaged && snapshotFile !== null ? await setSnapshotAside(snapshotFile) : null;
  const restored = ready.restored === null ? null : { ...ready.restored, setAsideAs };
  if (exited) {
    releaseSockets();
    throw new Error('the data plane ended at once');
  }
  return { worker, ready, restored, releaseSockets };
}
