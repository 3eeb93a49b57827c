/**
 * An address on an original site as the catalogue stores it and the mirror site looks it up. Two spellings of one address
 * give the same result: `www.` or not, upper or lower case of the host and of percent-encodings, characters encoded or not
 * (RFC 3986 section 6.2.2). Personal keys are replaced, so that no key is stored and each user's own key leads to the torrent.
 */
import { MASK, maskUrlSecrets } from './mask-url-secrets.js';

export interface SiteAddress {
  /** Lower case, without port, trailing dot or `www.`. */
  readonly host: string;
  /** With the query. */
  readonly path: string;
}

/** @param url an absolute `http` or `https` URL */
export function siteAddressOf(url: string): SiteAddress {
  const { hostname, pathname, search } = new URL(url);
  return siteAddress(hostname, pathname + search);
}

/** @param host without port @param path as in a request line, with its query */
export function siteAddress(host: string, path: string): SiteAddress {
  return { host: siteName(host), path: canonicalPath(path) };
}

/** The name of a site: a host in lower case, without a trailing dot and without `www.`. */
export function siteName(host: string): string {
  const name = host.toLowerCase().replace(/\.$/, '');
  // `www.org` is a name of its own.
  return /^www\.[^.]+\../.test(name) ? name.slice('www.'.length) : name;
}

/** What candidates and requests of one address are compared by. */
export function addressKey(url: string): string {
  const { host, path } = siteAddressOf(url);
  return `${host}${path}`;
}

/** Outside of these, an encoded character means the same as the character itself. */
const PATH_DELIMITERS = '/';
const QUERY_DELIMITERS = '&=+;';
const ENCODED_MASK = encodeURIComponent(MASK);

function canonicalPath(path: string): string {
  const query = path.indexOf('?');
  const canonical =
    query < 0
      ? canonicalPart(path, PATH_DELIMITERS)
      : `${canonicalPart(path.slice(0, query), PATH_DELIMITERS)}?${canonicalPart(path.slice(query + 1), QUERY_DELIMITERS)}`;
  return maskUrlSecrets(canonical).replaceAll(ENCODED_MASK, MASK);
}

/** Encodes all but unreserved characters, and delimiters that are not encoded. */
function canonicalPart(part: string, delimiters: string): string {
  return part.replace(/%[0-9a-f]{2}|[^\w.~-]/giu, (piece) => {
    if (piece.length === 3 && piece.startsWith('%')) {
      const character = String.fromCharCode(Number.parseInt(piece.slice(1), 16));
      return /[\w.~-]/.test(character) ? character : piece.toUpperCase();
    }
    return delimiters.includes(piece) ? piece : percentEncoded(piece);
  });
}

function percentEncoded(character: string): string {
  return [...Buffer.from(character, 'utf8')]
    .map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, '0')}`)
    .join('');
}
