/**
 * For an original that answers over https only, while its reader comes over http: redirected DNS leads the reader here,
 * and this server has no certificate for the original's name. The mirror then speaks https to the original, and what the
 * original says of itself as `https://name` becomes `http://name`, or the reader would leave for a port that nobody
 * serves. What makes a browser insist on https is left out. A name whose certificate the operator has needs none of this.
 */

/** The original's host by scheme, with its port unless that is the scheme's own. The reader knows the first. */
export interface Authorities {
  readonly http: string;
  readonly https: string;
}

/** A field of the request as the original expects it, so that its check of the origin succeeds. */
export function toOriginal(name: string, value: string, { http, https }: Authorities): string {
  if (name !== 'origin' && name !== 'referer') return value;
  const here = `http://${http}`;
  return value === here || value.startsWith(`${here}/`) ? `https://${https}${value.slice(here.length)}` : value;
}

/**
 * A field of the answer as a reader over http can use it; undefined if it is left out.
 * @param scheme by which the original answers
 */
export function toReader(
  name: string,
  value: string,
  authorities: Authorities,
  scheme: 'http' | 'https',
): string | undefined {
  if (name === 'location' || name === 'content-location') return plainUrl(value, authorities);
  if (name === 'refresh') {
    const plain = (_: string, before: string, url: string): string => before + plainUrl(url, authorities);
    return value.replace(/(url\s*=\s*["']?)(https:.*)$/i, plain);
  }
  if (scheme === 'http') return value;
  switch (name) {
    case 'access-control-allow-origin':
      return plainUrl(value, authorities);
    case 'set-cookie':
      return plainCookie(value);
    case 'content-security-policy':
      return withoutUpgrade(value);
    // RFC 6797 section 7.2: never over http.
    case 'strict-transport-security':
      return undefined;
    default:
      return value;
  }
}

/** `http://host…` for `https://host…`; another URL stays as it is. */
export function plainUrl(url: string, { http, https }: Authorities): string {
  const there = `https://${https}`;
  if (url.slice(0, there.length).toLowerCase() !== there) return url;
  const rest = url.slice(there.length);
  return rest === '' || /^[/?#]/.test(rest) ? `http://${http}${rest}` : url;
}

/** Browsers do not store a `Secure` cookie over http, and `SameSite=None` needs `Secure`. */
function plainCookie(cookie: string): string {
  return cookie
    .split(';')
    .filter((part, i) => i === 0 || !/^\s*(?:secure|samesite\s*=\s*none)\s*$/i.test(part))
    .join(';');
}

function withoutUpgrade(policy: string): string | undefined {
  const kept = policy
    .split(';')
    .filter((each) => !/^\s*(?:upgrade-insecure-requests|block-all-mixed-content)\b/i.test(each));
  const text = kept.join(';').trim();
  return text === '' ? undefined : text;
}

/**
 * The scheme to which this redirect sends its reader for the same address, as sites do that are https only.
 * @param path of the request, with its query
 */
export function redirectsToScheme(
  location: string,
  path: string,
  authorities: Authorities,
): 'http' | 'https' | undefined {
  const match = /^(https?):\/\/([^/?#]*)([^#]*)/i.exec(location);
  if (match === null) return undefined;
  const scheme = match[1]!.toLowerCase() === 'https' ? 'https' : 'http';
  const isSameHost = match[2]!.toLowerCase() === authorities[scheme];
  return isSameHost && (match[3] || '/') === path ? scheme : undefined;
}
