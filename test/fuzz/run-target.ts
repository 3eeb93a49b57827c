/** Feeds one target with inputs from a seeded source, so that a run can be repeated, and makes a failing input smaller. */
import { createRandom } from '../../src/domain/random.js';
import { BrokenRule, bytesOf, type FuzzSubject, type FuzzTarget } from './fuzz-target.js';
import { mutate } from './mutate.js';

const DEFAULT_MAX_INPUT_BYTES = 10_000;
/** One input in this many goes in as it was made: what is valid must be taken, too. */
const UNCHANGED_IN = 8;
/** A smaller input is looked for with so many tries. */
const MAX_SHRINKING_TRIES = 3_000;

export interface RunOptions {
  readonly iterations: number;
  readonly seed: number;
  /** Called before each input; false ends the run early. */
  readonly onInput?: (input: Uint8Array, iteration: number) => boolean;
}

export interface RunResult {
  readonly target: string;
  readonly inputs: number;
  /** How often each outcome was seen. */
  readonly outcomes: ReadonlyMap<string, number>;
  readonly failure: Failure | undefined;
}

export interface Failure {
  readonly iteration: number;
  readonly rule: string;
  readonly error: Error;
  readonly input: Uint8Array;
}

export async function runTarget(target: FuzzTarget, options: RunOptions): Promise<RunResult> {
  const subject = await target.create();
  const inputs = inputsOf(target, subject, options.seed);
  const outcomes = new Map<string, number>();
  let iteration = 0;
  let failure: Failure | undefined;
  try {
    for (; iteration < options.iterations && failure === undefined; iteration++) {
      const input = inputs();
      if (options.onInput?.(input, iteration) === false) break;
      // Readers get a copy: one that writes to its input shows in the comparison, not in the report.
      const given = input.slice();
      try {
        const answer = subject.run(given);
        const outcome = typeof answer === 'string' ? answer : await answer;
        if (!Buffer.from(given).equals(input)) throw new BrokenRule('a reader does not write to its input');
        outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1);
      } catch (thrown) {
        failure = { iteration, rule: ruleOf(thrown), error: asError(thrown), input };
      }
    }
  } finally {
    await subject.close?.();
  }
  return { target: target.name, inputs: iteration, outcomes, failure };
}

/** Runs one input on a fresh instance. @returns what is wrong, or undefined */
export async function tryInput(target: FuzzTarget, input: Uint8Array): Promise<Error | undefined> {
  const subject = await target.create();
  try {
    await subject.run(input.slice());
    return undefined;
  } catch (thrown) {
    return asError(thrown);
  } finally {
    await subject.close?.();
  }
}

/**
 * Looks for a smaller input that breaks the same rule on a fresh instance.
 * @returns undefined if the input alone does not: it takes those before it, so only the seed repeats it
 */
export async function shrink(
  target: FuzzTarget,
  failure: Failure,
  onInput: (input: Uint8Array) => void = () => {},
): Promise<Uint8Array | undefined> {
  let tries = 0;
  const breaks = async (input: Uint8Array): Promise<boolean> => {
    if (++tries > MAX_SHRINKING_TRIES) return false;
    onInput(input);
    const error = await tryInput(target, input);
    return error !== undefined && ruleOf(error) === failure.rule;
  };
  let best = failure.input;
  if (!(await breaks(best))) return undefined;
  for (let size = best.length >>> 1; size >= 1; size >>>= 1) {
    for (let at = 0; at + size <= best.length; ) {
      const shorter = new Uint8Array(Buffer.concat([best.subarray(0, at), best.subarray(at + size)]));
      if (await breaks(shorter)) best = shorter;
      else at += size;
    }
  }
  return best;
}

function inputsOf(target: FuzzTarget, subject: FuzzSubject, seed: number): () => Uint8Array {
  const random = createRandom(seed);
  const maxBytes = target.maxInputBytes ?? DEFAULT_MAX_INPUT_BYTES;
  const words = (target.words ?? []).map((word) => (typeof word === 'string' ? bytesOf(word) : word));
  const make = (): Uint8Array => subject.make(random).slice(0, maxBytes);
  return () => {
    const input = make();
    return random.below(UNCHANGED_IN) === 0 ? input : mutate(random, input, { words, maxBytes, other: make });
  };
}

/** What failures are compared by: numbers and quoted parts of a message differ from input to input. */
function ruleOf(thrown: unknown): string {
  if (thrown instanceof BrokenRule) return thrown.rule;
  const error = asError(thrown);
  return `${error.name}: ${error.message.replace(/"[^"]*"|\d+/g, '…').slice(0, 60)}`;
}

function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
