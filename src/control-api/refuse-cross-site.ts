/**
 * Requests that change something must come from a program or from this site's own pages, never from another page in an
 * operator's browser, which would send the remembered password or certificate along (CSRF), or reach this address under a
 * name of its own (DNS rebinding). Programs send none of the headers by which browsers say where a request comes from.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { Problem } from './problem.js';

/** Content types that a page may send to another site without asking it first (Fetch standard, CORS-safelisted). */
const FORM_TYPES = /^(application\/x-www-form-urlencoded|multipart\/form-data|text\/plain)\b/i;

/**
 * @param isForm whether it is a form of our own pages, which is checked for its CSRF token afterwards
 * @param ambient whether the caller is identified by something that a browser adds by itself
 * @param names lower case; browsers may use these beside the addresses and `localhost`
 * @throws Problem `forbidden`, `unsupported-media-type`
 */
export function refuseCrossSite(
  request: IncomingMessage,
  ambient: boolean,
  names: ReadonlySet<string>,
  isForm = false,
): void {
  const { headers } = request;
  const site = headers['sec-fetch-site'];
  if (site !== undefined && site !== 'same-origin' && site !== 'none') {
    throw crossSite('sec-fetch-site', `a page of another site may not do this (Sec-Fetch-Site: ${site})`);
  }
  // Browsers that do not send Origin here send Referer.
  const from = headers.origin ?? headers.referer;
  if (from !== undefined && hostOfUrl(from) !== headers.host?.toLowerCase()) {
    throw crossSite(headers.origin === undefined ? 'referer' : 'origin', 'a page of another site may not do this');
  }
  const byBrowser = site !== undefined || from !== undefined;
  if ((ambient || byBrowser) && headers.host !== undefined && !isOurs(headers.host, names)) {
    const detail = `"${headers.host}" is not a name of this control API; use its address, or add the name to control.names`;
    throw crossSite('host', detail);
  }
  if (ambient && !isForm && FORM_TYPES.test(headers['content-type'] ?? '')) {
    throw new Problem('unsupported-media-type', 'forms are not accepted; send JSON or no body', {
      faults: [{ field: 'content-type', detail: 'of a form' }],
    });
  }
}

/** True if this `Host` is an address, `localhost` or a configured name, so that no foreign name led a browser here. */
export function isOurs(host: string, names: ReadonlySet<string>): boolean {
  const name = host.toLowerCase().replace(/:\d+$/, '');
  if (name === 'localhost' || names.has(name)) return true;
  return isIP(name.replace(/^\[(.*)\]$/, '$1')) !== 0;
}

function hostOfUrl(text: string): string | undefined {
  return URL.canParse(text) ? new URL(text).host : undefined;
}

function crossSite(field: string, detail: string): Problem {
  return new Problem('forbidden', detail, { faults: [{ field, detail }] });
}
