/** The text that a search looks in, and how the words of a search are read. */

/** Characters of each torrent that are searched, so that a search stays fast with 100,000 torrents. */
const MAX_SEARCH_CHARACTERS = 1_000;
/** Enough for a search box; each term costs a pass over what the others have found. */
const MAX_TERMS = 8;
const MAX_TERM_CHARACTERS = 100;

/** Letters that Unicode does not decompose. */
const LETTERS: Record<string, string> = { ß: 'ss', æ: 'ae', œ: 'oe', ø: 'o', ł: 'l', đ: 'd', ı: 'i' };

/** What a search asks for, folded. */
export interface SearchTerms {
  readonly included: readonly string[];
  readonly excluded: readonly string[];
}

/** The text in which a search looks for the torrent: its name, what sites call it, its file list. */
export function searchTextOf(torrent: {
  readonly name: string;
  readonly titles: readonly string[];
  readonly files: readonly { readonly path: string }[];
}): string {
  let text = [torrent.name, ...torrent.titles].join('\n');
  for (const { path } of torrent.files) {
    if (text.length > MAX_SEARCH_CHARACTERS) break;
    text += `\n${path}`;
  }
  return foldText(text.slice(0, MAX_SEARCH_CHARACTERS));
}

/** Folds case, composition and diacritics: `Über` becomes `uber`. NUL would end the text for SQLite. */
export function foldText(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/[\u{300}-\u{36f}\0]/gu, '')
    .normalize('NFC')
    .toLowerCase()
    .replace(/[ßæœøłđı]/g, (letter) => LETTERS[letter]!);
}

const RUNS_WITHOUT_SPACES =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Hangul}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]+/gu;

/** Every two neighbouring characters of scripts that write no spaces between words, for searches of one or two characters. */
export function searchPairsOf(text: string): string {
  const pairs = new Set<string>();
  for (const [run] of text.matchAll(RUNS_WITHOUT_SPACES)) {
    const characters = [...run];
    characters.forEach((character, i) => void pairs.add(character + (characters[i + 1] ?? '')));
  }
  return [...pairs].join(' ');
}

/** Words, `"phrases"`, and with `-` before them what must not be there. */
export function readSearchTerms(text: string): SearchTerms {
  const included: string[] = [];
  const excluded: string[] = [];
  for (const [, minus, phrase, word] of text.matchAll(/(-?)(?:"([^"]*)"?|([^\s"]+))/g)) {
    const term = foldText(phrase ?? word ?? '')
      .trim()
      .slice(0, MAX_TERM_CHARACTERS);
    if (term === '' || /^-+$/.test(term)) continue;
    if (included.length + excluded.length < MAX_TERMS) (minus === '-' ? excluded : included).push(term);
  }
  return { included, excluded };
}
