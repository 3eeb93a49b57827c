/** Runs one target in a thread of its own, so that an input that hangs or eats memory ends the thread alone. */
import { parentPort, workerData } from 'node:worker_threads';
import { InputInFlight } from './input-in-flight.js';
import { type Failure, type RunResult, runTarget, shrink } from './run-target.js';
import { TARGETS } from './targets.js';

export interface WorkerTask {
  readonly target: string;
  readonly iterations: number;
  readonly seconds: number;
  readonly seed: number;
  readonly memory: SharedArrayBuffer;
}

/** What the worker says at its end. */
export interface WorkerReport extends Omit<RunResult, 'failure'> {
  readonly failure:
    | (Omit<Failure, 'error'> & { readonly stack: string; readonly shrunk: Uint8Array | undefined })
    | undefined;
}

const task = workerData as WorkerTask;
const target = TARGETS.find((each) => each.name === task.target)!;
const inFlight = new InputInFlight(task.memory);
const endMs = performance.now() + task.seconds * 1_000;
const { failure, ...result } = await runTarget(target, {
  iterations: task.iterations,
  seed: task.seed,
  onInput(input) {
    inFlight.begin(input);
    return performance.now() < endMs;
  },
});
const report: WorkerReport = { ...result, failure: failure && (await described(failure)) };
parentPort!.postMessage(report);

async function described({ error, ...rest }: Failure): Promise<WorkerReport['failure']> {
  const failure = { ...rest, error };
  const shrunk = await shrink(target, failure, (input) => inFlight.begin(input));
  return { ...rest, stack: error.stack ?? error.message, shrunk };
}
