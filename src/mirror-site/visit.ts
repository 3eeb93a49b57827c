/** One request to the mirror site, with what its address and its Host header mean. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SiteView } from './layout.js';
import { originalSite, readHost } from './request-host.js';

export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** `scheme://host` as the visitor knows the mirror. */
  readonly baseUrl: string;
  /** Lower case, without port. */
  readonly host: string;
  readonly view: SiteView;
  /** The request came over https. */
  readonly isEncrypted: boolean;
}

export interface VisitOptions {
  /** Names of original sites that are redirected here; their subdomains are included. */
  readonly siteHosts: readonly string[];
  /** The mirror's own URL, for links in the feed; the default is the visitor's Host header. */
  readonly publicUrl?: string | undefined;
}

/** @returns undefined if the address or the Host header is malformed */
export function readVisit(
  request: IncomingMessage,
  response: ServerResponse,
  { siteHosts, publicUrl }: VisitOptions,
  names: Omit<SiteView, 'site'>,
): Visit | undefined {
  const host = readHost(request.headers.host);
  const target = request.url ?? '/';
  // Only a path is accepted: a target that begins with two slashes would name another host.
  if (host === undefined || !target.startsWith('/') || !URL.canParse(`http://mirror.invalid${target}`)) {
    return undefined;
  }
  const isEncrypted = 'encrypted' in request.socket;
  const scheme = isEncrypted ? 'https' : 'http';
  const site = originalSite(host.name, siteHosts);
  const isOwnName = site === undefined && publicUrl !== undefined;
  return {
    request,
    response,
    url: new URL(`http://mirror.invalid${target}`),
    baseUrl: isOwnName ? publicUrl.replace(/\/+$/, '') : `${scheme}://${host.withPort}`,
    host: host.name,
    view: { ...names, site },
    isEncrypted,
  };
}
