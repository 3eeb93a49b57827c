/**
 * What a fuzz target is: a reader of bytes that strangers, files or operators write, with a maker of valid inputs and the
 * rules that hold whatever comes in. A rule that does not hold is a {@link BrokenRule}; so is any error that the reader
 * does not promise.
 */
import type { Random } from '../../src/domain/random.js';

export interface FuzzTarget {
  /** As `--target` names it. */
  readonly name: string;
  /** What is read, and which rules hold. */
  readonly about: string;
  /** Words of the format, which the mutator inserts. */
  readonly words?: readonly (string | Uint8Array)[];
  /** Longer inputs are cut. */
  readonly maxInputBytes?: number;
  /** True: what an input does depends on those before it. */
  readonly stateful?: boolean;
  /** A fresh instance. */
  create(): FuzzSubject | Promise<FuzzSubject>;
}

export interface FuzzSubject {
  /** A valid input, or one that is wrong in a way that random bytes seldom are. */
  make(random: Random): Uint8Array;
  /**
   * @returns what became of the input, in one or two words, for the summary
   * @throws BrokenRule, or any error that the reader does not promise
   */
  run(input: Uint8Array): string | Promise<string>;
  close?(): void | Promise<void>;
}

/** A rule that an input has broken. */
export class BrokenRule extends Error {
  /** @param rule always the same text for the same rule: the search for a smaller input goes by it */
  constructor(
    readonly rule: string,
    detail = '',
  ) {
    super(detail === '' ? rule : `${rule}: ${detail}`);
    this.name = 'BrokenRule';
  }
}

/** @throws BrokenRule if the condition is false */
export function holds(condition: boolean, rule: string, detail?: () => string): asserts condition {
  if (!condition) throw new BrokenRule(rule, detail?.() ?? '');
}

/** The kinds of error that a reader promises. */
type ErrorClass = abstract new (...parameters: never[]) => Error;

export type Attempt<T> = { readonly value: T; readonly refused?: never } | { readonly refused: Error };

/** Calls `read`; an error of one of these classes with a message is its answer, any other is thrown. */
export function attempt<T>(read: () => T, ...promised: readonly ErrorClass[]): Attempt<T> {
  try {
    return { value: read() };
  } catch (thrown) {
    return { refused: promisedError(thrown, promised) };
  }
}

/** As {@link attempt}, for a promise. */
export async function attemptAsync<T>(read: () => Promise<T>, ...promised: readonly ErrorClass[]): Promise<Attempt<T>> {
  try {
    return { value: await read() };
  } catch (thrown) {
    return { refused: promisedError(thrown, promised) };
  }
}

/** A longer line fills a terminal: an error that repeats a hostile input whole is a fault of its own. */
const MAX_LINE_CHARACTERS = 2_000;

function promisedError(thrown: unknown, promised: readonly ErrorClass[]): Error {
  const known = promised.find((each) => thrown instanceof each);
  if (known === undefined) throw thrown;
  const { message } = thrown as Error;
  holds(message !== '', 'an error says what is wrong');
  holds(
    message.split('\n').every((line) => line.length <= MAX_LINE_CHARACTERS),
    'an error does not repeat the whole input',
    () => message.slice(0, 300),
  );
  return thrown as Error;
}

export const bytesOf = (text: string, encoding: BufferEncoding = 'utf8'): Uint8Array =>
  new Uint8Array(Buffer.from(text, encoding));
export const textOf = (bytes: Uint8Array, encoding: BufferEncoding = 'utf8'): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString(encoding);

export function pick<T>(random: Random, choices: readonly T[]): T {
  return choices[random.below(choices.length)]!;
}

/** True once in `times`. */
export function sometimes(random: Random, times: number): boolean {
  return random.below(times) === 0;
}

export function randomBytes(random: Random, length: number): Uint8Array {
  return Uint8Array.from({ length }, () => random.below(256));
}
