/** What the maker of a torrent wrote beside its content: comment, date, program, licence, web seeds (BEP 17, 19). */
import { cutToBytes } from '../domain/cut-text.js';
import { ClientError } from '../domain/errors.js';
import { type DictionaryEntry, dictionaryEntries, integerAt, isList, listItems, stringAt } from './metainfo-bencode.js';

export interface TorrentNotes {
  readonly comment?: string | undefined;
  readonly createdBy?: string | undefined;
  /** Since the Unix epoch. */
  readonly createdMs?: number | undefined;
  readonly licence?: string | undefined;
  /** http and https only. */
  readonly webSeeds: readonly string[];
}

const MAX_TEXT_BYTES = 4_000;
const MAX_WEB_SEEDS = 20;
const MAX_URL_CHARACTERS = 2_000;
/** The year 9999. */
const MAX_SECONDS = 253_402_300_799;

/** Values of another type are left out. A file that is not bencoded has no notes. */
export function readTorrentNotes(bytes: Uint8Array): TorrentNotes {
  let entries: readonly DictionaryEntry[];
  try {
    ({ entries } = dictionaryEntries(bytes, 0));
  } catch (thrown) {
    if (thrown instanceof ClientError) return { webSeeds: [] };
    throw thrown;
  }
  const at = new Map(entries.map(({ key, value }) => [key, value]));
  const text = (...keys: string[]): string | undefined => {
    for (const key of keys) {
      const span = at.get(key);
      const content = span && stringAt(bytes, span)?.subarray(0, MAX_TEXT_BYTES).toString('utf8').trim();
      if (content) return cutToBytes(content, MAX_TEXT_BYTES);
    }
    return undefined;
  };
  const date = at.get('creation date');
  const seconds = date && integerAt(bytes, date);
  const isDate = seconds !== undefined && seconds > 0 && seconds <= MAX_SECONDS;
  const urls = ['url-list', 'httpseeds'].flatMap((key) => {
    const span = at.get(key);
    if (span === undefined) return [];
    const spans = isList(bytes, span) ? listItems(bytes, span.start).slice(0, MAX_WEB_SEEDS) : [span];
    return spans.flatMap((each) => stringAt(bytes, each)?.toString('utf8') ?? []);
  });
  return {
    comment: text('comment.utf-8', 'comment'),
    createdBy: text('created by.utf-8', 'created by'),
    createdMs: isDate ? seconds * 1_000 : undefined,
    licence: text('license', 'licence'),
    webSeeds: [...new Set(urls)].filter(isWebUrl).slice(0, MAX_WEB_SEEDS),
  };
}

function isWebUrl(url: string): boolean {
  return url.length <= MAX_URL_CHARACTERS && /^https?:\/\//i.test(url) && URL.canParse(url);
}
