/**
 * What the workers of a data plane have in common, made once by the main thread: their sockets, the memory of the links between
 * them, and the key of connection ids. It outlives the restart of a worker.
 */
import { randomBytes } from 'node:crypto';
import { OperatorError } from '../../domain/errors.js';
import type { Logger } from '../../logging/logger.js';
import { openWorkerSockets, type WorkerSockets } from '../../transport/linux/worker-sockets.js';
import { CONNECTION_ID_KEY_BYTES } from '../connection-id.js';
import type { DataPlaneOptions } from '../data-plane-options.js';
import type { WorkerMemory } from '../data-plane-thread.js';
import { transportLimitsOf } from '../limits.js';
import { createLinksMemory } from './worker-links.js';

export interface SharedByWorkers {
  /** The number of workers. */
  readonly count: number;
  readonly memory: Pick<WorkerMemory, 'links' | 'connectionIdKey'>;
  optionsOf(index: number): Pick<DataPlaneOptions, 'listen' | 'transport'>;
  /** Only once all workers have ended. */
  close(): void;
}

/**
 * @returns null for a single worker: where one is asked for, or where this machine cannot divide the datagrams of a port between
 *   several, which is logged once
 * @throws OperatorError if an address cannot be listened on
 */
export async function shareBetweenWorkers(
  options: DataPlaneOptions,
  log: Pick<Logger, 'warn'>,
): Promise<SharedByWorkers | null> {
  const { workers: count = 1, listen, limits = {}, transport } = options;
  if (count === 1 || transport === 'portable') return null;
  let sockets: WorkerSockets;
  try {
    sockets = await openWorkerSockets(listen, count, transportLimitsOf(limits));
  } catch (error) {
    if (!(error instanceof OperatorError) || error.code !== 'environment') throw error;
    log.warn(`tracker: runs one worker instead of ${count}: ${error.message}`);
    return null;
  }
  const { addresses, descriptors, events } = sockets;
  return {
    count,
    memory: {
      links: { memory: createLinksMemory(count), events },
      connectionIdKey: randomBytes(CONNECTION_ID_KEY_BYTES),
    },
    optionsOf: (index) => ({
      transport: 'linux',
      listen: listen.map((each, i) => ({ ...each, port: addresses[i]!.port, descriptor: descriptors[i]![index]! })),
    }),
    close: () => sockets.close(),
  };
}
