/** Which of its languages the mirror site speaks to a reader. A language is one complete table. */
import { ENGLISH, type Strings } from './strings-english.js';
import { GERMAN } from './strings-german.js';

const LANGUAGES: readonly Strings[] = [ENGLISH, GERMAN];

/** By header: a browser sends the same with every request. */
const chosen = new Map<string, Strings>();
const MAX_CHOSEN = 1_000;

/** The language that the reader prefers of those that there are (RFC 9110 section 12.5.4); English if there is none. */
export function stringsFor(acceptLanguage = ''): Strings {
  const header = acceptLanguage.slice(0, 500);
  const known = chosen.get(header);
  if (known !== undefined) return known;
  if (chosen.size >= MAX_CHOSEN) chosen.clear();
  const strings = preferred(header);
  chosen.set(header, strings);
  return strings;
}

function preferred(header: string): Strings {
  const wanted = header
    .split(',')
    .map((item) => {
      const [range = '', quality = '1'] = item.trim().split(/\s*;\s*q=/i);
      return { language: range.toLowerCase().split('-')[0]!, quality: Number(quality) };
    })
    .filter(({ quality }) => quality > 0)
    .sort((a, b) => b.quality - a.quality);
  for (const { language } of wanted) {
    const strings = LANGUAGES.find((each) => each.language === language);
    if (strings !== undefined) return strings;
  }
  return ENGLISH;
}
