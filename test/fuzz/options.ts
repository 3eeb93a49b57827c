/** What `npm run fuzz` is told on its command line. */
import { parseArgs } from 'node:util';

export interface FuzzOptions {
  /** Names of targets; empty: all. */
  readonly targets: readonly string[];
  /** Inputs for each target; unlimited where `seconds` is given alone. */
  readonly iterations: number;
  /** Time for each target. */
  readonly seconds: number;
  readonly seed: number;
  /** One input to run, in place of many. */
  readonly input: Uint8Array | undefined;
}

export const HELP = `npm run fuzz -- [OPTIONS]      hostile input for every reader of bytes; exit code 1 where a rule is broken
  --target NAME       only this target; may be given more than once (default: all)
  --iterations N      inputs for each target (default: 20000)
  --seconds S         at most this long for each target; without --iterations as many inputs as fit
  --seed N            another seed gives other inputs (default: 1)
  --input HEX         runs this one input; needs one --target
  --list              the targets and what they hold
  --help              this text`;

const DEFAULT_ITERATIONS = 20_000;

/** @returns a text to print in place of a run, or the options. @throws Error for an option that makes no sense */
export function readOptions(parameters: readonly string[], names: readonly string[]): FuzzOptions | 'help' | 'list' {
  const { values } = parseArgs({
    args: [...parameters],
    options: {
      target: { type: 'string', multiple: true },
      iterations: { type: 'string' },
      seconds: { type: 'string' },
      seed: { type: 'string' },
      input: { type: 'string' },
      list: { type: 'boolean' },
      help: { type: 'boolean' },
    },
  });
  if (values.help === true) return 'help';
  if (values.list === true) return 'list';
  const targets = values.target ?? [];
  for (const name of targets) {
    if (!names.includes(name)) throw new Error(`"${name}" is not a target; the targets are ${names.join(', ')}`);
  }
  const { input } = values;
  if (input !== undefined && (targets.length !== 1 || !/^(?:[0-9a-f]{2})*$/i.test(input))) {
    throw new Error('--input is an even number of hex digits, and needs one --target');
  }
  const seconds = values.seconds === undefined ? undefined : wholeNumber('--seconds', values.seconds);
  const iterations = values.iterations === undefined ? undefined : wholeNumber('--iterations', values.iterations);
  return {
    targets,
    iterations: iterations ?? (seconds === undefined ? DEFAULT_ITERATIONS : Number.MAX_SAFE_INTEGER),
    seconds: seconds ?? Number.MAX_SAFE_INTEGER,
    seed: wholeNumber('--seed', values.seed ?? '1'),
    input: input === undefined ? undefined : new Uint8Array(Buffer.from(input, 'hex')),
  };
}

function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,10}$/.test(text)) throw new Error(`${option} is a whole number, not "${text}"`);
  return Number(text);
}
