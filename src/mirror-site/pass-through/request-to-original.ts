/** The request as it is sent to the original: what is left out, what is added, and where it goes. */
import type { IncomingMessage } from 'node:http';
import type { EntityTags } from './entity-tags.js';
import { crossing, isOfProxies } from './forwarded-headers.js';
import { cookieChoice, withoutChoice } from './reader-choice.js';
import { type Authorities, toOriginal } from './scheme-bridge.js';
import { withVia } from './via.js';

export interface OriginalRequest {
  readonly scheme: 'http' | 'https';
  readonly authorities: Authorities;
  /** https to the original, http to the reader. */
  readonly isBridged: boolean;
  /** What the reader gets: rewritten, or the original's bytes. */
  readonly isRewritten: boolean;
  /** The reader has a part of a file that would be rewritten, so the whole is needed. */
  readonly wantsWhole: boolean;
}

export interface RequestRules {
  readonly pseudonym: string;
  readonly tags: EntityTags;
  /** Tell the original the reader's address. */
  readonly forwardedFor: boolean;
}

/** What this server can remove and apply again, and so may ask for where it rewrites. */
const CODINGS = new Set(['gzip', 'x-gzip', 'deflate', 'br', 'identity', '*']);

/** Name, value, name, value … for undici, which adds the framing fields. */
export function headersToOriginal(
  request: IncomingMessage,
  { scheme, authorities, isBridged, isRewritten, wantsWhole }: OriginalRequest,
  { pseudonym, tags, forwardedFor }: RequestRules,
): string[] {
  const isAgain = cookieChoice(request.headers.cookie) === 'again';
  const isStaleRange = isTagOfOurs(request.headers['if-range']);
  const replace = (name: string, value: string): string | undefined => {
    switch (name) {
      case 'host':
      case 'via':
        return undefined;
      case 'content-length':
        // Where there is a transfer encoding, the parser has refused it (RFC 9112 section 6.3).
        return value;
      case 'cookie':
        return withoutChoice(value);
      case 'if-none-match':
      case 'if-match':
        // The browser may have the original's bytes from the time of its opt-out.
        return isAgain && name === 'if-none-match' ? undefined : tags.restored(value, isRewritten);
      case 'if-modified-since':
        return isAgain ? undefined : value;
      case 'range':
      case 'if-range':
        return wantsWhole || isStaleRange ? undefined : value;
      case 'accept-encoding':
        return isRewritten ? knownCodings(value) : value;
      default:
        if (isOfProxies(name)) return undefined;
        return isBridged ? toOriginal(name, value, authorities) : value;
    }
  };
  const headers = crossing(request.rawHeaders, replace);
  headers.push('Host', authorities[scheme], 'Via', withVia(request.headers.via, request.httpVersion, pseudonym));
  const { remoteAddress } = request.socket;
  if (forwardedFor && remoteAddress !== undefined) {
    headers.push('X-Forwarded-For', remoteAddress.replace(/^::ffff:(?=\d+\.)/, ''));
    headers.push('X-Forwarded-Proto', isBridged ? 'http' : scheme);
  }
  return headers;
}

/** True if the message has a body (RFC 9112 section 6): only then its stream is handed on. */
export function hasBody({ headers }: IncomingMessage): boolean {
  return headers['transfer-encoding'] !== undefined || (headers['content-length'] ?? '0') !== '0';
}

function isTagOfOurs(ifRange: string | string[] | undefined): boolean {
  return typeof ifRange === 'string' && /-alias[sw][0-9a-f]{8}"$/.test(ifRange);
}

function knownCodings(accepted: string): string {
  const kept = accepted.split(',').filter((item) => CODINGS.has(item.split(';')[0]!.trim().toLowerCase()));
  // An empty field says that nothing but the plain bytes is understood.
  return kept.join(',').trim();
}
