/** robots.txt (RFC 9309): rules of any kind; simple ones are held against a matcher of a few lines. */
import { documentTasks } from '../../../src/crawler/document-tasks.js';
import { ClientError } from '../../../src/domain/errors.js';
import type { Random } from '../../../src/domain/random.js';
import { robotsRules } from '../../../src/net/robots.js';
import { attempt, bytesOf, type FuzzTarget, holds, pick, sometimes, textOf } from '../fuzz-target.js';

/** The path that is asked for follows the file behind this byte. */
const PATH_MARK = 0;
/** What the matcher below understands: one rule of unreserved characters with at most three stars. */
const SIMPLE = /^User-agent: \*\nDisallow: (\/[a-z/]*(?:\*[a-z/]*){0,3}\$?)\n$/;

export const robots: FuzzTarget = {
  name: 'robots',
  about: 'robots.txt: rules, or a clear error; simple rules match as RFC 9309 says',
  words: [
    'User-agent: ',
    'Disallow: ',
    'Allow: ',
    'Crawl-delay: ',
    '*',
    '$',
    '\n',
    '#',
    '%2F',
    '/*a*a*a*a*a*a*a*b$',
    'Sitemap: x',
  ],
  maxInputBytes: 5_000,
  create: () => ({ make: makeRobots, run: runRobots }),
};

function makeRobots(random: Random): Uint8Array {
  const word = (letters: readonly string[], most: number): string =>
    Array.from({ length: random.below(most) }, () => pick(random, letters)).join('');
  const path = `/${word(['a', 'b', '/', 'a'], 12)}`;
  const pattern = `/${word(['a', 'b', '*', '/'], 8)}${sometimes(random, 4) ? '$' : ''}`;
  const agent = pick(random, ['*', '*', '*', 'alias-tracker', 'Other/1.0']);
  const more = sometimes(random, 3)
    ? `Allow: /${word(['a', '*', '$'], 5)}\nCrawl-delay: ${pick(random, ['5', '0.5', '-1', 'x'])}\n`
    : '';
  return bytesOf(`User-agent: ${agent}\nDisallow: ${pattern}\n${more}\0${path}`);
}

function runRobots(input: Uint8Array): string {
  const mark = input.indexOf(PATH_MARK);
  const bytes = mark < 0 ? input : input.subarray(0, mark);
  const path = mark < 0 ? '/' : Buffer.from(input.subarray(mark + 1)).toString('latin1');
  const read = attempt(() => documentTasks.robots({ bytes, product: 'alias-tracker' }), ClientError);
  if (read.refused !== undefined) return 'refused';
  const rules = robotsRules(read.value);
  const allowed = rules.allows(path);
  holds(typeof allowed === 'boolean', 'a path is allowed or not');
  const delay = rules.crawlDelayMs;
  holds(delay === undefined || delay >= 0, 'a delay is not negative', () => String(delay));
  const pattern = SIMPLE.exec(textOf(bytes))?.[1];
  if (pattern === undefined || !/^\/[a-z/]*$/.test(path)) return allowed ? 'allowed' : 'forbidden';
  holds(allowed !== matches(pattern, path), 'a simple rule matches as RFC 9309 says', () => `${pattern} ${path}`);
  return allowed ? 'allowed (compared)' : 'forbidden (compared)';
}

/** Each part between stars at its first place behind the one before it; the last one at the end where `$` says so. */
function matches(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$');
  const parts = (anchored ? pattern.slice(0, -1) : pattern).split('*');
  const [first = '', ...rest] = parts;
  if (!path.startsWith(first)) return false;
  let at = first.length;
  const last = anchored ? rest.pop() : undefined;
  for (const part of rest) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  if (!anchored) return true;
  return last === undefined ? at === path.length : path.length - last.length >= at && path.endsWith(last);
}
