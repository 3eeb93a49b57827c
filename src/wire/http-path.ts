/**
 * Classifies the path of a request. Trackers announce under any path (`/announce`, `/announce.php`, `/ann`,
 * `/announce/<passkey>`), and the redirection sends those paths here unchanged. So the path alone identifies only a
 * scrape: the last segment that begins with `announce` or `scrape` decides, in any case and with any escapes (RFC 3986
 * section 6.2.2.2). Clients derive the scrape URL the same way: BEP 48 replaces the word in the last segment,
 * libtorrent in any segment. Every other request is an announce if its query has an `info_hash`.
 */
import { hexDigit } from './query-values.js';

export const PATH_OTHER = 0;
export const PATH_ANNOUNCE = 1;
export const PATH_SCRAPE = 2;

const PERCENT = 0x25;
const SLASH = 0x2f;
const LOWER_CASE = 0x20;
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0));
const ANNOUNCE = ascii('announce');
const SCRAPE = ascii('scrape');
const PHP = ascii('.php');

/**
 * @param word in lower case
 * @returns the offset after the word; −1 if [start, end) does not begin with it
 */
function behindWord(bytes: Uint8Array, start: number, end: number, word: Uint8Array): number {
  let at = start;
  for (const letter of word) {
    if (at >= end) return -1;
    let byte = bytes[at++]!;
    if (byte === PERCENT && at + 1 < end) {
      byte = (hexDigit(bytes[at]!) << 4) | hexDigit(bytes[at + 1]!);
      at += 2;
    }
    if ((byte | LOWER_CASE) !== letter) return -1;
  }
  return at;
}

/**
 * @returns {@link PATH_SCRAPE}; {@link PATH_ANNOUNCE} for the path of BEP 3 and 48, whose last segment is `announce` or
 * `announce.php`; {@link PATH_OTHER} for a path that announces only with an `info_hash`
 */
export function classifyPath(bytes: Uint8Array, start: number, end: number): number {
  let segmentEnd = end;
  let isLast = true;
  while (segmentEnd > start) {
    let slash = segmentEnd - 1;
    while (slash >= start && bytes[slash] !== SLASH) slash--;
    // Text before the first slash is not a segment.
    if (slash < start) return PATH_OTHER;
    const announceEnd = behindWord(bytes, slash + 1, segmentEnd, ANNOUNCE);
    if (announceEnd >= 0) {
      const isWhole = announceEnd === segmentEnd || behindWord(bytes, announceEnd, segmentEnd, PHP) === segmentEnd;
      return isLast && isWhole ? PATH_ANNOUNCE : PATH_OTHER;
    }
    if (behindWord(bytes, slash + 1, segmentEnd, SCRAPE) >= 0) return PATH_SCRAPE;
    isLast &&= slash + 1 === segmentEnd;
    segmentEnd = slash;
  }
  return PATH_OTHER;
}
