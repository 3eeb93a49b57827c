/** The reading thread's side: runs one task at a time and returns its result or error. */
import { parentPort } from 'node:worker_threads';
import { type FailureMessage, failureMessage } from '../domain/failure-message.js';

/** The tasks of a thread, by name. Inputs and results are values that structured clone copies. */
export type Tasks = Readonly<Record<string, (input: never) => unknown>>;

export interface TaskMessage {
  readonly id: number;
  readonly task: string;
  readonly input: unknown;
}

export type ReplyMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'done'; readonly id: number; readonly output: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly failure: FailureMessage };

/** Call it once, in the module that the thread was started with. */
export function serveTasks(tasks: Tasks): void {
  const port = parentPort;
  if (port === null) throw new Error('serveTasks runs in a worker thread only');
  const reply = (message: ReplyMessage): void => port.postMessage(message);
  port.on('message', ({ id, task, input }: TaskMessage) => {
    try {
      const run = tasks[task];
      if (run === undefined) throw new Error(`the reading thread has no task "${task}"`);
      reply({ type: 'done', id, output: run(input as never) });
    } catch (thrown) {
      reply({ type: 'failed', id, failure: failureMessage(thrown) });
    }
  });
  reply({ type: 'ready' });
}
