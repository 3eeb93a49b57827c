/**
 * The cookie of a session. Over HTTPS its name begins with `__Host-`, so browsers accept it from this host alone and send
 * it over HTTPS only. No script can read it, and no page of another site makes a browser send it.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { SESSION_LIFETIME_MS } from './limits.js';

const NAME = 'alias_tracker_session';
const SECURE_NAME = `__Host-${NAME}`;

export function isSecure(request: IncomingMessage): boolean {
  return request.socket instanceof TLSSocket;
}

/** @returns undefined without a cookie, and if there are two, of which one may be somebody else's */
export function sessionIdOf(request: IncomingMessage): string | undefined {
  const name = isSecure(request) ? SECURE_NAME : NAME;
  const values = (request.headers.cookie ?? '').split(';').flatMap((each) => {
    const [key, value] = each.trim().split('=', 2);
    return key === name && value !== undefined && /^[\w-]{43}$/.test(value) ? [value] : [];
  });
  return values.length === 1 ? values[0] : undefined;
}

/** The value of `Set-Cookie`. @param id undefined: the browser forgets it */
export function sessionCookie(id: string | undefined, secure: boolean): string {
  const value = `${secure ? SECURE_NAME : NAME}=${id ?? ''}; Path=/; HttpOnly; SameSite=Strict`;
  return `${value}; Max-Age=${id === undefined ? 0 : SESSION_LIFETIME_MS / 1_000}${secure ? '; Secure' : ''}`;
}
