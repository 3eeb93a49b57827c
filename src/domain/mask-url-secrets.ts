/**
 * URLs in logs and printed configurations without what opens an account: user and password (RFC 3986 section 3.2.1), the
 * query parameters in which private trackers and indexers carry keys, and the passkey beside `announce` or `scrape` in a
 * path. The rest of the URL stays, so that the operator still knows which one it is.
 */

export const MASK = '[secret]';
/** `http://user:password@`; the user information ends at the last `@` before the path. */
const USER_INFORMATION = /(:\/\/)([^\s/?#"'<>\\]*)@/g;
/**
 * Names as trackers, indexers (Torznab, RSS) and web APIs use them. Delimiters may be encoded, as in a magnet link's `tr`.
 */
const SECRET_PARAMETER =
  /((?:[?&;]|%3f|%26)(?:pass_?key|torrent_?pass|rss_?key|auth_?key|(?:[a-z]{1,20}_)?api_?key|access_?token|token|auth|secret|password|passwd|pass|pwd|signature|sig)(?:=|%3d))([^&;\s"'<>#\\]*)/gi;
/**
 * Some sites carry a passkey in these, others the number of a torrent (`view.php?pid=17`). A number of up to 10 digits is
 * not masked: otherwise all torrents of such a site would have one address.
 */
const AMBIGUOUS_PARAMETER =
  /((?:[?&;]|%3f|%26)(?:key|pid)(?:=|%3d))(?!\d{1,10}(?:[&;\s"'<>#\\]|%26|%3b|$))([^&;\s"'<>#\\]*)/gi;
/** `/PASSKEY/announce`: no honest word in this place has 16 characters. */
const PASSKEY_BEFORE = /(\/|%2f)([\w-]{16,})(?=(?:\/|%2f)(?:announce|scrape)\b)/gi;
/** `/announce/PASSKEY` and `/announce.php/PASSKEY`. */
const PASSKEY_AFTER = /((?:\/|%2f)(?:announce|scrape)(?:\.php)?(?:\/|%2f))([\w-]+)/gi;
/** `/download/17.RSSKEY` and `/download/17/RSSKEY/name`, as private indexers name files. An info-hash has 40 digits. */
const KEY_AFTER_NUMBER = /(\/\d{1,12}[./])([0-9a-f]{16,32})(?![\w-])/gi;

/** `${NAME}` of a configuration: the name of a variable is not a secret. */
const VARIABLES_ONLY = /^(?:\$\{[A-Za-z_][A-Za-z0-9_]*\}|:)*$/;

/** @param text one URL, or any text with URLs in it; the time taken is in proportion to its length */
export function maskUrlSecrets(text: string): string {
  return text
    .replace(USER_INFORMATION, (whole, before: string, secret: string) =>
      VARIABLES_ONLY.test(secret) ? whole : `${before}${MASK}@`,
    )
    .replace(SECRET_PARAMETER, masked)
    .replace(AMBIGUOUS_PARAMETER, masked)
    .replace(PASSKEY_BEFORE, masked)
    .replace(PASSKEY_AFTER, masked)
    .replace(KEY_AFTER_NUMBER, masked);
}

/** Whether somebody's key is in the text: one URL, a magnet link, or any text with URLs in it. */
export function hasUrlSecrets(text: string): boolean {
  return maskUrlSecrets(text) !== text;
}

function masked(whole: string, before: string, secret: string): string {
  return VARIABLES_ONLY.test(secret) ? whole : before + MASK;
}
