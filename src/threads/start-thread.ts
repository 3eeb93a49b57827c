/** Starts a thread of this program and waits for its first message: `ready`, or the reason why it failed. */
import { type Transferable, Worker } from 'node:worker_threads';
import { errorOfFailure, type FailureMessage } from '../domain/failure-message.js';

/** The first message of each thread. Threads add their own fields to `ready`. */
export type FirstWord = { readonly type: 'ready' } | { readonly type: 'failed'; readonly failure: FailureMessage };

export interface ThreadStart {
  /** Appears in messages and in tools that list threads. */
  readonly name: string;
  readonly workerData: unknown;
  readonly transferList?: readonly Transferable[];
}

/**
 * A thread runs compiled code; when run from sources (tests), that of the build.
 * @param caller `import.meta.url` of the module beside the entry point. @param file name of the compiled entry point
 */
export function threadModule(caller: string, file: string): URL {
  const compiled = caller.endsWith('.ts') ? caller.replace(/\/src\/((?:[^/]+\/)*)[^/]*$/, '/dist/$1') : caller;
  return new URL(file, compiled);
}

/** @throws OperatorError if the thread reports one, Error if it ends. The thread has ended in both cases */
export async function startThread<Ready extends { readonly type: 'ready' }>(
  module: URL,
  { name, workerData, transferList = [] }: ThreadStart,
): Promise<{ readonly worker: Worker; readonly ready: Ready }> {
  const worker = new Worker(module, { workerData, name, transferList: [...transferList] });
  // Stays registered: without a listener, an error of the thread would be thrown here.
  worker.on('error', () => {});
  try {
    return { worker, ready: await firstWord<Ready>(worker, name) };
  } catch (thrown) {
    await worker.terminate();
    throw thrown;
  }
}

function firstWord<Ready extends { readonly type: 'ready' }>(worker: Worker, name: string): Promise<Ready> {
  return new Promise((resolve, reject) => {
    const onMessage = (message: Ready | Extract<FirstWord, { type: 'failed' }>): void => {
      if (message.type === 'ready') leave(() => resolve(message));
      else if (message.type !== 'failed') leave(() => reject(new Error(`${name}: received a message before "ready"`)));
      else leave(() => reject(errorOfFailure(message.failure)));
    };
    const onError = (error: Error): void => leave(() => reject(error));
    const onExit = (code: number): void => onError(new Error(`${name} ended during its start with code ${code}`));
    // Remove them one by one: Node has its own listeners on a worker.
    const leave = (how: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      how();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
