/** Starts the data plane's thread up to its first word: the snapshot is read, the listeners stand or all is given back. */
import { Worker } from 'node:worker_threads';
import { OperatorError } from '../domain/errors.js';
import { closeNotedDescriptors, createDescriptorLedger } from '../transport/linux/descriptor-ledger.js';
import type { FromWorker, WorkerStart } from './data-plane-messages.js';
import type { DataPlaneOptions } from './data-plane-options.js';
import { readSnapshotFile, setSnapshotAside } from './snapshot-file.js';
import type { Restored } from './snapshot-import.js';

export type Ready = Extract<FromWorker, { type: 'ready' }>;

/** What became of the swarm snapshot at the start; null where there was none. */
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

/** A worker runs compiled code; from sources (tests) it is the build's. */
function workerFile(): URL {
  const here = import.meta.url;
  const compiled = here.endsWith('.ts') ? here.replace(/\/src\/tracker\/[^/]*$/, '/dist/tracker/') : here;
  return new URL('data-plane-worker.js', compiled);
}

/** @throws OperatorError where an address cannot be listened on or an option cannot be met */
export async function startDataPlaneThread(
  options: DataPlaneOptions,
  counters: SharedArrayBuffer,
): Promise<DataPlaneThread> {
  const { snapshotFile = null } = options;
  const snapshot = snapshotFile === null ? null : await readSnapshotFile(snapshotFile);
  const descriptors = createDescriptorLedger();
  const start: WorkerStart = { options, counters, snapshot, descriptors };
  const transferList = snapshot === null ? [] : [snapshot.buffer];
  const worker = new Worker(workerFile(), { workerData: start, name: 'data-plane', transferList });
  const releaseSockets = (): void => void closeNotedDescriptors(descriptors);
  let ready: Ready;
  try {
    ready = await firstWord(worker);
  } catch (error) {
    await worker.terminate();
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

/** Resolves once the worker listens; rejects with what keeps it from that. */
function firstWord(worker: Worker): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: FromWorker): void => {
      if (message.type === 'ready') settle(() => resolve(message));
      else if (message.type !== 'failed') settle(() => reject(new Error(`${message.type} came before ready`)));
      else if (message.operator) settle(() => reject(new OperatorError(message.message, { exitCode: 1 })));
      else settle(() => reject(new Error(message.message)));
    };
    const onError = (error: Error): void => settle(() => reject(error));
    const onExit = (code: number): void => onError(new Error(`the data plane ended at its start with code ${code}`));
    // One by one: Node keeps listeners of its own on a worker.
    const settle = (how: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      how();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
