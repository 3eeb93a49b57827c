/** Starts a thread of this program and waits for its first word: that it works, or what keeps it from that. */
import { type Transferable, Worker } from 'node:worker_threads';
import { OperatorError } from '../domain/errors.js';

/** What each thread says first. Threads add their own fields to `ready`. */
export type FirstWord =
  | { readonly type: 'ready' }
  | { readonly type: 'failed'; readonly message: string; readonly operator: boolean };

export interface ThreadStart {
  /** In messages and for tools that list threads. */
  readonly name: string;
  readonly workerData: unknown;
  readonly transferList?: readonly Transferable[];
}

/**
 * A thread runs compiled code; from sources (tests) it is the build's.
 * @param caller `import.meta.url` of the module beside the entry point. @param file name of the compiled entry point
 */
export function threadModule(caller: string, file: string): URL {
  const compiled = caller.endsWith('.ts') ? caller.replace(/\/src\/((?:[^/]+\/)*)[^/]*$/, '/dist/$1') : caller;
  return new URL(file, compiled);
}

/** @throws OperatorError where the thread reports one; Error where it ends. The thread has ended then */
export async function startThread<Ready extends { readonly type: 'ready' }>(
  module: URL,
  { name, workerData, transferList = [] }: ThreadStart,
): Promise<{ readonly worker: Worker; readonly ready: Ready }> {
  const worker = new Worker(module, { workerData, name, transferList: [...transferList] });
  // To stay: an error of the thread while nobody else listens would be thrown here.
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
      else if (message.type !== 'failed') leave(() => reject(new Error(`${name}: a message came before "ready"`)));
      else if (message.operator) leave(() => reject(new OperatorError(message.message, { exitCode: 1 })));
      else leave(() => reject(new Error(message.message)));
    };
    const onError = (error: Error): void => leave(() => reject(error));
    const onExit = (code: number): void => onError(new Error(`${name} ended at its start with code ${code}`));
    // One by one: Node keeps listeners of its own on a worker.
    const leave = (how: () => void): void => {
      worker.off('message', onMessage).off('error', onError).off('exit', onExit);
      how();
    };
    worker.on('message', onMessage).on('error', onError).on('exit', onExit);
  });
}
