/**
 * Finds swarm sizes in prose: `Seeders: 12, Leechers: 3`, `12 seeder(s)`, `Seeds 12`, with HTML between them. Time is
 * proportional to the text: each word is read once, and compared with its neighbours only.
 */
import { parseSwarmCount } from '../candidate.js';

export interface ProseCounts {
  readonly seeds: number | undefined;
  readonly leechers: number | undefined;
  readonly downloads: number | undefined;
}

type Counted = keyof ProseCounts;

const WORDS: ReadonlyMap<string, Counted> = new Map(
  Object.entries({
    seeds: ['seed', 'seeds', 'seeder', 'seeders'],
    leechers: ['leech', 'leeches', 'leecher', 'leechers', 'peer', 'peers'],
    downloads: ['downloads', 'downloaded', 'completed', 'snatched', 'snatches', 'grabs', 'grabbed'],
  } satisfies Record<Counted, string[]>).flatMap(([counted, words]) =>
    words.map((word) => [word, counted as Counted] as const),
  ),
);
const TOKEN = /[a-z]+|\d[\d.,]{0,20}(?:k\b|m\b)?/gi;
/** Between a word and its number, in this order. */
const LABEL_GAP = /^\s{0,8}[:=([]\s{0,8}$/;
const PLAIN_GAP = /^\s{1,8}$/;

interface Token {
  readonly text: string;
  readonly isNumber: boolean;
  /** What lies between it and the token before it. */
  readonly gap: string;
}

export function countsInProse(prose: string): ProseCounts {
  const found: Record<Counted, number | undefined> = { seeds: undefined, leechers: undefined, downloads: undefined };
  const tokens = tokensOf(plainText(prose));
  // A number belongs to one word: in `Seeders 12 Leechers 3`, the 12 is not that of the leechers.
  const used = new Set<number>();
  tokens.forEach((token, i) => {
    if (token.isNumber && LABEL_GAP.test(token.gap) && !isCounted(tokens[i - 1])) used.add(i);
  });
  tokens.forEach((token, i) => {
    const counted = WORDS.get(token.text.toLowerCase());
    if (counted === undefined || found[counted] !== undefined) return;
    const at = numberOf(tokens, i, used);
    if (at === undefined) return;
    // "Downloads 2026" is prose; "Downloads: 55" is a count.
    if (counted === 'downloads' && !(at > i && LABEL_GAP.test(tokens[at]!.gap))) return;
    used.add(at);
    found[counted] = parseSwarmCount(tokens[at]!.text.replace(/[.,]$/, ''));
  });
  return found;
}

/** The index of the number of the word at `i`: after a colon, else before it, else after it. */
function numberOf(tokens: readonly Token[], i: number, used: ReadonlySet<number>): number | undefined {
  const next = tokens[i + 1];
  if (next?.isNumber && LABEL_GAP.test(next.gap)) return i + 1;
  if (tokens[i - 1]?.isNumber && !used.has(i - 1) && PLAIN_GAP.test(tokens[i]!.gap)) return i - 1;
  return next?.isNumber && PLAIN_GAP.test(next.gap) ? i + 1 : undefined;
}

function isCounted(token: Token | undefined): boolean {
  return token !== undefined && WORDS.has(token.text.toLowerCase());
}

/** Without tags, entities and notes in parentheses such as `seeder(s)` and `Leechers (all)`. */
function plainText(prose: string): string {
  return prose
    .replace(/<[^<>]*>/g, ' ')
    .replace(/&(?:nbsp|#160|#xa0);/gi, ' ')
    .replace(/ {0,1}\([a-z ]{0,40}\)/gi, '');
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  let end = 0;
  for (const { 0: token, index } of text.matchAll(TOKEN)) {
    tokens.push({ text: token, isNumber: /^\d/.test(token), gap: text.slice(end, index) });
    end = index + token.length;
  }
  return tokens;
}
