/** Distinguishes links: torrent files, magnet links, pages. */

import { MAX_URL_CHARACTERS } from '../net/limits.js';
import { MAX_MAGNET_CHARACTERS } from '../wire/metainfo-limits.js';

/** Decides by the path and query: `/x.torrent`, `/download.php?f=x.torrent`. */
export function looksLikeTorrentUrl(url: string): boolean {
  return /\.torrent(?:$|[?#&])/i.test(url);
}

export function isMagnetLink(url: string): boolean {
  return /^magnet:\?/i.test(url);
}

/** True for a magnet link that is not too long to read. */
export function usableMagnet(url: string | undefined): url is string {
  return url !== undefined && url.length <= MAX_MAGNET_CHARACTERS && isMagnetLink(url);
}

/** The absolute address of a web link; undefined if it is not one. */
export function webUrl(link: string | undefined, baseUrl: string): string | undefined {
  if (link === undefined || link.length > MAX_URL_CHARACTERS || !URL.canParse(link, baseUrl)) return undefined;
  const url = new URL(link, baseUrl);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.hash = '';
  return url.href;
}
