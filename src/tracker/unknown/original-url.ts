/**
 * The announce URL under which a client announced: what the original tracker of a redirected name is asked at. An info-hash does
 * not say whether a torrent is private (BEP 27), but its announce URL does: private trackers give each user a key, in the path or
 * in the query. So only a URL that cannot hold one is used, and it never holds anything that distinguishes a user.
 */

/** Paths without room for a key. Public trackers use these. */
const PATH = /^\/+(?:announce(?:\.php)?\/?)?$/;
const DEFAULT_PATH = '/announce';

/** Parameters of an announce that say nothing of an account: BEP 3, 7, 23, 24 and those that clients add. */
const KNOWN_PARAMETERS = new Set([
  'info_hash',
  'peer_id',
  'ip',
  'ipv4',
  'ipv6',
  'port',
  'uploaded',
  'downloaded',
  'left',
  'corrupt',
  'redundant',
  'event',
  'numwant',
  'num_want',
  'key',
  'compact',
  'no_peer_id',
  'supportcrypto',
  'requirecrypto',
  'cryptoport',
  'trackerid',
]);

export interface AnnouncedAt {
  readonly protocol: 'udp' | 'http' | 'https';
  /** The redirected name. */
  readonly host: string;
  /** Undefined: the default of the protocol. */
  readonly port: number | undefined;
  /** As the client sent it; empty if it sent none (UDP without BEP 41). */
  readonly path: string;
  /** Without the question mark. */
  readonly query: string;
}

/** @returns undefined if the URL may hold a key: then it is a private tracker's, and is not asked */
export function originalUrl({ protocol, host, port, path, query }: AnnouncedAt): string | undefined {
  if (path !== '' && !PATH.test(path)) return undefined;
  const names = query.split(/[&;]/).map((parameter) => parameter.split('=', 1)[0]!.toLowerCase());
  if (!names.every((name) => name === '' || KNOWN_PARAMETERS.has(name))) return undefined;
  return `${protocol}://${host}${port === undefined ? '' : `:${port}`}${path === '' ? DEFAULT_PATH : path}`;
}
