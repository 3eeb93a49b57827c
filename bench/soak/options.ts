/** Command line of the soak. */
import { parseArgs } from 'node:util';

export interface SoakOptions {
  readonly seconds: number;
  /** Size of the file system that becomes full. */
  readonly diskMiB: number;
  readonly seed: number;
  /** Allowed times without an answer are multiplied by it: for a machine that does other work as well. */
  readonly patience: number;
  /** Words of the names of the faults to inject; empty: all. */
  readonly faults: readonly string[];
  readonly json: boolean;
}

export const HELP = `npm run soak -- [--minutes N | --hours N] [--disk MIB] [--seed N] [--json]

Runs the whole program under full announce load, with reports, crawls, reloads and DNS, and injects faults one after another:
each part and thread fails, SQLite is busy, the disk is full, originals are down, a probe sends nonsense, the clock jumps, and the
process is killed. Exit code 0: answers continued, memory stayed flat, and nothing that was acknowledged is lost.

  --minutes N  default 2, of which starting and checking take half a minute
  --hours N    the same in hours
  --disk MIB   size of the file system that becomes full, default 256; needs root
  --seed N     order of the faults after the first round, default 1
  --fault TEXT only faults with this text in their names; may be repeated
  --patience N multiplies the allowed times without an answer, default 1
  --json       the result as JSON`;

/** @returns null if help was asked for. @throws Error with a line for the person who typed */
export function readOptions(args: readonly string[]): SoakOptions | null {
  const { values } = parseArgs({
    args: [...args],
    options: {
      minutes: { type: 'string' },
      hours: { type: 'string' },
      disk: { type: 'string', default: '256' },
      fault: { type: 'string', multiple: true, default: [] },
      patience: { type: 'string', default: '1' },
      seed: { type: 'string', default: '1' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return null;
  if (values.minutes !== undefined && values.hours !== undefined)
    throw new Error('give --minutes or --hours, not both');
  const seconds =
    values.hours === undefined
      ? 60 * positive('minutes', values.minutes ?? '2', 10_080)
      : 3_600 * positive('hours', values.hours, 168);
  return {
    seconds,
    diskMiB: positive('disk', values.disk, 65_536),
    seed: positive('seed', values.seed, 1e9),
    patience: positive('patience', values.patience, 1_000),
    faults: values.fault,
    json: values.json,
  };
}

function positive(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!(value > 0 && value <= most)) throw new Error(`--${name} is a number above 0, at most ${most}; not "${text}"`);
  return value;
}
