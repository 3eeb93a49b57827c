/** Tells the operator which names are not redirected, and why. */
import { type Alarm, alarm } from '../../domain/alarm.js';
import { shortList } from '../../domain/counted.js';
import type { RedirectedName, RedirectPolicy, RedirectTarget } from '../redirect-policy.js';

const WAY_OUT: Readonly<Record<RedirectTarget, string>> = {
  mirror: 'add that address and port to mirrorSite.listen, or forward the port to the mirror site',
  tracker: 'add that port to tracker.listen, or forward it to the tracker',
};
/** The beginning of the message about a site that would lose HTTPS. */
export const ORIGINAL_HAS_HTTPS = 'the original has HTTPS, and ';
const WAY_OUT_HTTPS =
  'add an https listener with a trusted certificate for the name to mirrorSite.listen, or set https: ignore for the site';
/** In one line. */
const MAX_NAMES = 5;

interface HealthOfNames {
  problemOf(name: string, entry: RedirectedName): string | undefined;
  isActive(entry: RedirectedName): boolean;
}

interface Problem {
  readonly text: string;
  readonly target: RedirectTarget;
  /** Other addresses of the names work. */
  readonly isPartial: boolean;
  readonly names: string[];
}

/** @returns one for all names with the same reason */
export function alarmsOf({ names }: Pick<RedirectPolicy, 'names'>, health: HealthOfNames): Alarm[] {
  const problems = new Map<string, Problem>();
  for (const [name, entry] of names) {
    const text = health.problemOf(name, entry);
    if (text === undefined) continue;
    const isPartial = health.isActive(entry);
    const key = JSON.stringify([text, entry.target, isPartial]);
    const problem = problems.get(key) ?? { text, target: entry.target, isPartial, names: [] };
    problems.set(key, problem);
    problem.names.push(name);
  }
  return [...problems.values()].map(({ text, target, isPartial, names: affected }) => {
    const what = isPartial ? 'not redirected to all of their addresses' : 'not redirected';
    const wayOut = text.includes(ORIGINAL_HAS_HTTPS) ? WAY_OUT_HTTPS : WAY_OUT[target];
    return alarm('redirection-withdrawn', {
      subject: `${target}: ${text}`,
      text: `DNS redirection: ${shortList(affected, MAX_NAMES)}: ${what}: ${text}`,
      remedy: wayOut,
    });
  });
}
