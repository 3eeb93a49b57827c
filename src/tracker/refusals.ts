/**
 * Every reason for which a client is refused, with the words it is shown (a UDP error, an HTTP failure reason) and whether
 * it may help to ask again (BEP 31). The number is also the counter that it is counted under.
 */
import { asciiBytes } from '../wire/write-bytes.js';

export const REFUSAL_NONE = 0;
export const REFUSAL_MALFORMED = 1;
export const REFUSAL_INFO_HASH = 2;
export const REFUSAL_TWO_INFO_HASHES = 3;
export const REFUSAL_PEER_ID = 4;
export const REFUSAL_PORT = 5;
export const REFUSAL_NOT_LISTED = 6;
export const REFUSAL_DENIED = 7;
export const REFUSAL_NO_HASHES = 8;
export const REFUSAL_FULL_SCRAPE = 9;
export const REFUSAL_CONNECTION_ID = 10;
export const REFUSAL_METHOD = 11;
export const REFUSAL_PATH = 12;
export const REFUSAL_HEAD_TOO_LARGE = 13;
export const REFUSAL_PROXY_HEADER = 14;
export const REFUSAL_DEFECT = 15;
export const REFUSAL_UNKNOWN_TORRENT = 16;
export const REFUSAL_BUSY = 17;

export interface Refusal {
  /** Label of the counter. */
  readonly name: string;
  readonly message: Uint8Array;
  /** BEP 31; 0: asking again will not help. */
  readonly retryInMinutes: number;
}

const refusal = (name: string, message: string, retryInMinutes = 0): Refusal => ({
  name,
  message: asciiBytes(message),
  retryInMinutes,
});

/** Indexed by the `REFUSAL_` constants. */
export const REFUSALS: readonly Refusal[] = [
  refusal('none', ''),
  refusal('malformed', 'malformed request'),
  refusal('info-hash', 'info_hash must be 20 bytes'),
  refusal('two-info-hashes', 'only one info_hash can be announced at a time'),
  refusal('peer-id', 'peer_id must be 20 bytes'),
  refusal('port', 'port must be 1 to 65535'),
  // The catalogue grows with every crawl, so it may be there the next time.
  refusal('not-listed', 'this torrent is not on this tracker', 30),
  refusal('denied', 'this torrent is not allowed on this tracker'),
  refusal('no-hashes', 'a scrape names at least one info_hash'),
  refusal('full-scrape', 'a full scrape is not allowed here'),
  // Never sent: an unproven source gets no answer.
  refusal('connection-id', 'unknown connection id'),
  refusal('method', 'only GET and HEAD are answered'),
  refusal('path', 'nothing here; this is a BitTorrent tracker, announce at /announce'),
  refusal('head-too-large', 'the request is too long'),
  refusal('proxy-header', 'the forwarded address cannot be read'),
  refusal('defect', 'internal error', 5),
  // The catalogue grows with every crawl.
  refusal(
    'unknown-torrent',
    'your network answers for this tracker, and this torrent is not in its catalogue; other trackers of the torrent work as usual',
    30,
  ),
  // The worker that owns the torrent is being restarted, or has more to do than it can.
  refusal('busy', 'the tracker is busy; try again in a minute', 1),
];
