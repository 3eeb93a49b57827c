/**
 * robots.txt (RFC 9309): which paths a site lets this crawler fetch, and how fast (`Crawl-delay`, not in the RFC). The
 * result of reading is plain values, so another thread can read the file. Matching a rule takes time linear in the path,
 * whatever the rule says.
 */
import { ClientError } from '../domain/errors.js';
import {
  MAX_ROBOTS_RULES,
  MAX_ROBOTS_WILDCARD_CHARACTERS,
  MAX_ROBOTS_WILDCARD_RULES,
  MAX_URL_CHARACTERS,
} from './limits.js';

export interface RobotsRules {
  /** @param path with its query */
  allows(path: string): boolean;
  /** Undefined if the site does not say. */
  readonly crawlDelayMs: number | undefined;
}

export const ALLOW_ALL: RobotsRules = { allows: () => true, crawlDelayMs: undefined };
/** RFC 9309 section 2.3.1.4: an unreachable robots.txt forbids everything. */
export const ALLOW_NOTHING: RobotsRules = { allows: () => false, crawlDelayMs: undefined };

export interface RobotsRule {
  readonly allow: boolean;
  /** As in the file: `*` matches any run of characters, a `$` at the end matches the end of the path. */
  readonly pattern: string;
}

/** The rules of a robots.txt for one crawler. */
export interface RobotsFile {
  /** The most specific first (RFC 9309 section 2.2.2); on a tie allow precedes disallow. */
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
 * @throws ClientError `invalid-document` if it has more than {@link MAX_ROBOTS_RULES} rules for this crawler, or too many
 *   with a `*`
 */
export function readRobots(text: string, product: string): RobotsFile {
  const groups = readGroups(text);
  const named = groups.filter((group) => group.agents.includes(product.toLowerCase()));
  const chosen = named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'));
  const rules = chosen.flatMap((group) => group.rules);
  if (rules.length > MAX_ROBOTS_RULES) {
    throw new ClientError('invalid-document', `robots.txt has more than ${MAX_ROBOTS_RULES} rules for this crawler`);
  }
  checkWildcards(rules);
  rules.sort((a, b) => b.pattern.length - a.pattern.length || Number(b.allow) - Number(a.allow));
  return {
    rules,
    crawlDelayMs: chosen.map((group) => group.crawlDelayMs).find((delay) => delay !== undefined),
  };
}

/** Keeps the cost of {@link RobotsRules.allows} low. A rule cannot be left out, because it may be the one that forbids. */
function checkWildcards(rules: readonly RobotsRule[]): void {
  const wildcards = rules.filter(({ pattern }) => pattern.includes('*'));
  const characters = wildcards.reduce((sum, { pattern }) => sum + pattern.length, 0);
  if (wildcards.length <= MAX_ROBOTS_WILDCARD_RULES && characters <= MAX_ROBOTS_WILDCARD_CHARACTERS) return;
  throw new ClientError(
    'invalid-document',
    `robots.txt has more than ${MAX_ROBOTS_WILDCARD_RULES} rules with a "*", or more than ${MAX_ROBOTS_WILDCARD_CHARACTERS} characters in them`,
  );
}

/** Reads in this thread, for a text that is trusted. @throws as {@link readRobots} */
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
 * RFC 9309 section 2.2.3. Finds the literal parts between stars from left to right, each at its first occurrence. A later
 * occurrence leaves less of the path for the parts that follow, so there is no backtracking.
 */
export function matchesPattern(pattern: string, path: string): boolean {
  const anchored = pattern.endsWith('$');
  const body = anchored ? pattern.slice(0, -1) : pattern;
  if (!body.includes('*')) return anchored ? path === body : path.startsWith(body);
  const parts = body.split('*');
  const first = parts[0]!;
  if (!path.startsWith(first)) return false;
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
      // An empty Disallow forbids nothing; a pattern longer than any URL that is fetched matches none.
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
