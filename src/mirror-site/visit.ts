/** One request to the mirror site, with what its address and its Host header mean. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { SiteView } from './layout.js';
import { originalSite, readHost } from './request-host.js';

export interface Visit {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly url: URL;
  /** `scheme://host`, and {@link RESERVED_PATH} where it applies: where the visitor finds the catalogue. */
  readonly baseUrl: string;
  /** Where this server stands in for an original site, but the request is for the mirror itself. `url` lacks the prefix. */
  readonly isReserved: boolean;
  /** Lower case, without port. */
  readonly host: string;
  /** Of the Host header. */
  readonly port: number | undefined;
  readonly view: SiteView;
  /** The request came over https. */
  readonly isEncrypted: boolean;
}

/** Under an original site's name, where that name's other paths belong to the original. RFC 8615 has none for it. */
export const RESERVED_PATH = '/.alias-tracker';

export interface VisitOptions {
  /** Names of original sites that are redirected here; their subdomains are included. */
  readonly siteHosts: readonly string[];
  /** The mirror's own URL, for links in the feed; the default is the visitor's Host header. */
  readonly publicUrl?: string | undefined;
  /** True: under the name of an original site, the catalogue is found at {@link RESERVED_PATH} only. */
  readonly passesAll?: boolean | undefined;
  /** True: pages under the name of an original site offer the original page. */
  readonly offersOriginal?: boolean | undefined;
}

/** Below {@link RESERVED_PATH}: sends a reader to the original page, now and from then on. */
export const OPT_OUT_PATH = '/opt-out';

/** @returns undefined if the address or the Host header is malformed */
export function readVisit(
  request: IncomingMessage,
  response: ServerResponse,
  { siteHosts, publicUrl, passesAll = false, offersOriginal = false }: VisitOptions,
  names: Omit<SiteView, 'site' | 'root' | 'originalPage'>,
): Visit | undefined {
  const host = readHost(request.headers.host);
  const target = request.url ?? '/';
  // Only a path is accepted: a target that begins with two slashes would name another host.
  const url = host !== undefined && target.startsWith('/') ? urlOf(target) : undefined;
  if (host === undefined || url === undefined) return undefined;
  const isEncrypted = 'encrypted' in request.socket;
  const scheme = isEncrypted ? 'https' : 'http';
  const site = originalSite(host.name, siteHosts);
  const isOwnName = site === undefined && publicUrl !== undefined;
  const isStandIn = site !== undefined;
  const isReserved = isStandIn && `${url.pathname}/`.startsWith(`${RESERVED_PATH}/`);
  if (isReserved) url.pathname = url.pathname.slice(RESERVED_PATH.length);
  const root = isReserved || (isStandIn && passesAll) ? RESERVED_PATH : '';
  return {
    request,
    response,
    url,
    baseUrl: isOwnName ? publicUrl.replace(/\/+$/, '') : `${scheme}://${host.withPort}${root}`,
    isReserved,
    host: host.name,
    port: host.port,
    view: {
      ...names,
      site,
      root,
      // Only pages need it; most requests in an original's place are answered without one.
      get originalPage() {
        if (!isStandIn || !offersOriginal) return undefined;
        return `${RESERVED_PATH}${OPT_OUT_PATH}?to=${encodeURIComponent(isReserved ? '/' : target)}`;
      },
    },
    isEncrypted,
  };
}

/** @returns undefined if it is malformed */
function urlOf(target: string): URL | undefined {
  try {
    return new URL(`http://mirror.invalid${target}`);
  } catch {
    return undefined;
  }
}
