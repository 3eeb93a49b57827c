/**
 * robots.txt (RFC 9309): which paths a site lets this crawler fetch, and how fast (`Crawl-delay`, not in the RFC). The
 * file is read into plain values, so that this can be done in another thread; matching takes time in proportion to the
 * path for each rule, whatever the rule says.
 */
import { ClientError } from '../domain/errors.js';
import { MAX_ROBOTS_RULES, MAX_URL_CHARACTERS } from './limits.js';

export interface RobotsRules {
  /** @param path with its query */
  allows(path: string): boolean;
  /** Undefined where the site does not say. */
  readonly crawlDelayMs: number | undefined;
}

export const ALLOW_ALL: RobotsRules = { allows: () => true, crawlDelayMs: undefined };
/** RFC 9309 section 2.3.1.4: a robots.txt that cannot be reached forbids everything. */
export const ALLOW_NOTHING: RobotsRules = { allows: () => false, crawlDelayMs: undefined };

export interface RobotsRule {
  readonly allow: boolean;
  /** As in the file: `*` is any run of characters, a `$` at the end is the end of the path. */
  readonly pattern: string;
}

/** What a robots.txt says to one crawler. */
export interface RobotsFile {
  /** The most specific first (RFC 9309 section 2.2.2); allow wins a tie. */
  readonly rules: readonly RobotsRule[];
  readonly crawlDelayMs: number | undefined;
}

interface Group {
  readonly agents: string[];
  readonly rules: RobotsRule[];
  crawlDelayMs: number | undefined;
}

/**
 * @param product the crawler's product token, matched without regard to case
 * @throws ClientError `robots` where it has more rules than can be kept to
 */
export function readRobots(text: string, product: string): RobotsFile {
  const groups = readGroups(text);
  const named = groups.filter((group) => group.agents.includes(product.toLowerCase()));
  const chosen = named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'));
  const rules = chosen.flatMap((group) => group.rules);
  if (rules.length > MAX_ROBOTS_RULES) {
    throw new ClientError('robots', `robots.txt has more than ${MAX_ROBOTS_RULES} rules for this crawler`);
  }
  rules.sort((a, b) => b.pattern.length - a.pattern.length || Number(b.allow) - Number(a.allow));
  return {
    rules,
    crawlDelayMs: chosen.map((group) => group.crawlDelayMs).find((delay) => delay !== undefined),
  };
}

/** Reads and applies in one, for whoever trusts the text. @throws as {@link readRobots} */
export function parseRobots(text: string, product: string): RobotsRules {
  return robotsRules(readRobots(text, product));
}

export function robotsRules({ rules, crawlDelayMs }: RobotsFile): RobotsRules {
  return {
    allows: (path) => rules.find(({ pattern }) => matchesPattern(pattern, path))?.allow ?? true,
    crawlDelayMs,
  };
}

/**
 * RFC 9309 section 2.2.3. The literal parts between stars are looked for from left to right, each at its first place: a
 * later place could only leave less of the path for the parts that follow, so nothing is ever tried twice.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$');
  const parts = (anchored ? pattern.slice(0, -1) : pattern).split('*');
  const first = parts[0]!;
  if (!path.startsWith(first)) return false;
  if (parts.length === 1) return !anchored || path.length === first.length;
  let at = first.length;
  const last = anchored ? parts.pop()! : '';
  for (const part of parts.slice(1)) {
    const found = path.indexOf(part, at);
    if (found < 0) return false;
    at = found + part.length;
  }
  return path.length - at >= last.length && path.endsWith(last);
}

function readGroups(text: string): Group[] {
  const groups: Group[] = [];
  let current: Group | undefined;
  let namingAgents = false;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const colon = line.indexOf(':');
    if (colon < 0) continue;
    const key = line.slice(0, colon).trim().toLowerCase();
    const value = line
      .slice(colon + 1)
      .split('#', 1)[0]!
      .trim();
    if (key === 'user-agent') {
      if (current === undefined || !namingAgents) {
        current = { agents: [], rules: [], crawlDelayMs: undefined };
        groups.push(current);
      }
      current.agents.push(value.toLowerCase().split('/', 1)[0]!);
      namingAgents = true;
    } else if (key === 'allow' || key === 'disallow') {
      namingAgents = false;
      // An empty Disallow forbids nothing; a pattern longer than any address of ours matches none.
      if (value !== '' && value.length <= MAX_URL_CHARACTERS) {
        current?.rules.push({ allow: key === 'allow', pattern: value });
      }
    } else if (key === 'crawl-delay' && current !== undefined && /^\d{1,9}(\.\d{1,9})?$/.test(value)) {
      namingAgents = false;
      current.crawlDelayMs = Number(value) * 1_000;
    }
  }
  return groups;
}
