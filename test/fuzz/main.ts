/** `npm run fuzz`: the targets one after the other, each in a worker that is watched; a line of progress, a table at the end. */
import { Worker } from 'node:worker_threads';
import { InputInFlight } from './input-in-flight.js';
import { type FuzzOptions, HELP, readOptions } from './options.js';
import { tryInput } from './run-target.js';
import { TARGETS } from './targets.js';
import type { WorkerReport, WorkerTask } from './worker.js';

/** No input may take longer; the slowest honest ones take a few hundredths of a second. */
const HANG_SECONDS = 20;
/** Before the first one, the thread loads the program and the target makes itself ready. */
const START_SECONDS = 120;
/** A reader that needs more for an input of some kilobytes is broken. */
const MAX_HEAP_MEBIBYTES = 1_024;
const LOOK_EVERY_MS = 1_000;
const MAX_SHOWN_OUTCOMES = 6;

interface TargetSummary {
  readonly target: string;
  readonly inputs: number;
  readonly seconds: number;
  readonly outcomes: readonly (readonly [string, number])[];
  readonly broken: boolean;
}

try {
  const options = readOptions(
    process.argv.slice(2),
    TARGETS.map((target) => target.name),
  );
  if (options === 'help') console.log(HELP);
  else if (options === 'list') for (const { name, about } of TARGETS) console.log(`${name.padEnd(20)} ${about}`);
  else process.exitCode = options.input === undefined ? await runAll(options) : await runOne(options, options.input);
} catch (thrown) {
  console.error(thrown instanceof Error ? thrown.message : thrown);
  process.exitCode = 2;
}

async function runOne({ targets }: FuzzOptions, input: Uint8Array): Promise<number> {
  const error = await tryInput(TARGETS.find((target) => target.name === targets[0])!, input);
  console.log(error?.stack ?? 'every rule holds');
  return error === undefined ? 0 : 1;
}

async function runAll(options: FuzzOptions): Promise<number> {
  const names = TARGETS.map((target) => target.name).filter(
    (name) => options.targets.length === 0 || options.targets.includes(name),
  );
  const summaries: TargetSummary[] = [];
  for (const name of names) summaries.push(await runWatched(name, options));
  console.log(`\n${'target'.padEnd(20)} ${'inputs'.padStart(9)} ${'seconds'.padStart(8)}  outcomes`);
  for (const { target, inputs, seconds, outcomes, broken } of summaries) {
    const most = [...outcomes].sort((a, b) => b[1] - a[1]).slice(0, MAX_SHOWN_OUTCOMES);
    const shown = broken ? 'BROKEN, see above' : most.map(([outcome, times]) => `${outcome} ${times}`).join(', ');
    console.log(`${target.padEnd(20)} ${String(inputs).padStart(9)} ${seconds.toFixed(1).padStart(8)}  ${shown}`);
  }
  return summaries.some((summary) => summary.broken) ? 1 : 0;
}

async function runWatched(target: string, options: FuzzOptions): Promise<TargetSummary> {
  const inFlight = new InputInFlight();
  const { iterations, seconds, seed } = options;
  const task: WorkerTask = { target, iterations, seconds, seed, memory: inFlight.memory };
  const startedMs = performance.now();
  const worker = new Worker(new URL('./worker.js', import.meta.url), {
    workerData: task,
    resourceLimits: { maxOldGenerationSizeMb: MAX_HEAP_MEBIBYTES },
  });
  const report = await outcomeOf(worker, inFlight, target);
  const elapsed = (performance.now() - startedMs) / 1_000;
  if (typeof report === 'string') {
    tell(target, options, report, inFlight.input, inFlight.count);
    return { target, inputs: inFlight.count, seconds: elapsed, outcomes: [], broken: true };
  }
  const { failure, inputs, outcomes } = report;
  if (failure !== undefined) tell(target, options, failure.stack, failure.shrunk, failure.iteration + 1, failure.input);
  return { target, inputs, seconds: elapsed, outcomes: [...outcomes], broken: failure !== undefined };
}

/** The worker's report, or why there is none. */
function outcomeOf(worker: Worker, inFlight: InputInFlight, target: string): Promise<WorkerReport | string> {
  return new Promise((resolve) => {
    let seen = -1;
    let quietMs = 0;
    const timer = setInterval(() => {
      const { count } = inFlight;
      quietMs = count === seen ? quietMs + LOOK_EVERY_MS : 0;
      seen = count;
      if (process.stderr.isTTY) process.stderr.write(`\r${target}: ${count} inputs  `);
      const limitSeconds = count === 0 ? START_SECONDS : HANG_SECONDS;
      if (quietMs < limitSeconds * 1_000) return;
      finish(`${count === 0 ? 'the target' : 'an input'} takes longer than ${limitSeconds} s`);
      worker.terminate().catch(() => {});
    }, LOOK_EVERY_MS);
    const finish = (outcome: WorkerReport | string): void => {
      clearInterval(timer);
      if (process.stderr.isTTY) process.stderr.write(`\r${' '.repeat(40)}\r`);
      resolve(outcome);
    };
    worker.on('message', finish);
    worker.on('error', (error) => finish(error.stack ?? String(error)));
    worker.on('exit', (code) => finish(`the thread ended with exit code ${code}`));
  });
}

function tell(
  target: string,
  { seed }: FuzzOptions,
  what: string,
  input: Uint8Array | undefined,
  inputs: number,
  original = input,
): void {
  console.log(`\n*** ${target} (seed ${seed}): ${what}`);
  if (input === undefined) {
    console.log(`  it takes the inputs before it; the last one is ${hex(original ?? new Uint8Array(0))}`);
  } else {
    console.log(`  input: ${hex(input)}`);
    console.log(`  repeat: npm run fuzz -- --target ${target} --input ${hex(input)}`);
  }
  console.log(`  from its seed: npm run fuzz -- --target ${target} --seed ${seed} --iterations ${inputs}`);
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
