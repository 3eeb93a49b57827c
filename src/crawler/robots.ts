/** robots.txt (RFC 9309): which paths a site lets this crawler fetch, and how fast (`Crawl-delay`, not in the RFC). */

export interface RobotsRules {
  /** @param path with its query */
  allows(path: string): boolean;
  /** Undefined where the site does not say. */
  readonly crawlDelayMs: number | undefined;
}

export const ALLOW_ALL: RobotsRules = { allows: () => true, crawlDelayMs: undefined };
/** RFC 9309 section 2.3.1.4: a robots.txt that cannot be reached forbids everything. */
export const ALLOW_NOTHING: RobotsRules = { allows: () => false, crawlDelayMs: undefined };

interface Rule {
  readonly allow: boolean;
  readonly pattern: RegExp;
  readonly length: number;
}

interface Group {
  agents: string[];
  rules: Rule[];
  crawlDelayMs: number | undefined;
}

/** More rules than this are ignored: each costs time on every address. */
const MAX_RULES = 5_000;
/** A pattern's stars can make matching slow; real ones have one or two. */
const MAX_STARS = 8;

/** @param product the crawler's product token, matched without regard to case */
export function parseRobots(text: string, product: string): RobotsRules {
  const groups = readGroups(text);
  const named = groups.filter((group) => group.agents.includes(product.toLowerCase()));
  const chosen = named.length > 0 ? named : groups.filter((group) => group.agents.includes('*'));
  const rules = chosen.flatMap((group) => group.rules);
  // RFC 9309 section 2.2.2: the most specific match counts, and allow wins a tie.
  rules.sort((a, b) => b.length - a.length || Number(b.allow) - Number(a.allow));
  return {
    allows: (path) => rules.find((rule) => rule.pattern.test(path))?.allow ?? true,
    crawlDelayMs: chosen.map((group) => group.crawlDelayMs).find((delay) => delay !== undefined),
  };
}

function readGroups(text: string): Group[] {
  const groups: Group[] = [];
  let current: Group | undefined;
  let namingAgents = false;
  let count = 0;
  for (const line of text.split(/\r\n|\r|\n/)) {
    const match = /^\s*([A-Za-z-]+)\s*:\s*([^#]*)/.exec(line);
    if (match === null) continue;
    const key = match[1]!.toLowerCase();
    const value = match[2]!.trim();
    if (key === 'user-agent') {
      if (current === undefined || !namingAgents) {
        current = { agents: [], rules: [], crawlDelayMs: undefined };
        groups.push(current);
      }
      current.agents.push(value.toLowerCase().split('/')[0]!);
      namingAgents = true;
      continue;
    }
    if (key === 'allow' || key === 'disallow') {
      namingAgents = false;
      // An empty Disallow forbids nothing.
      if (current !== undefined && value !== '' && count++ < MAX_RULES) addRule(current, key === 'allow', value);
    } else if (key === 'crawl-delay' && current !== undefined && /^\d+(\.\d+)?$/.test(value)) {
      namingAgents = false;
      current.crawlDelayMs = Number(value) * 1_000;
    }
  }
  return groups;
}

function addRule(group: Group, allow: boolean, path: string): void {
  const anchored = path.endsWith('$');
  const parts = (anchored ? path.slice(0, -1) : path).split(/\*+/);
  if (parts.length > MAX_STARS + 1) return;
  const source = parts.map((part) => part.replace(/[\\^$.|?*+()[\]{}]/g, '\\$&')).join('.*');
  group.rules.push({ allow, pattern: new RegExp(`^${source}${anchored ? '$' : ''}`), length: path.length });
}
