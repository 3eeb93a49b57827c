/**
 * Who sends a request: by bearer token, by Basic (the password is the token), by a verified client certificate whose common
 * name is a probe, by a signature in a probe's name, or by the cookie of a session. All of this is in the header section,
 * so a caller is identified before its body is read. The address decides nothing, but guesses are rate-limited by it.
 */
import { createHash } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ClientError } from '../domain/errors.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import type { Attempt, GuessGuard } from './guess-guard.js';
import type { Authenticator, Principal } from './principal.js';
import { Problem } from './problem.js';
import { sessionIdOf } from './session-cookie.js';
import type { Sessions } from './sessions.js';

const SIGNATURE_HEADER = 'x-alias-signature';
const PROBE_HEADER = 'x-alias-probe';
const DIGEST_HEADER = 'content-digest';

export interface Caller {
  readonly principal: Principal | undefined;
  /** RFC 5952 text; empty on a socket that is already closed. */
  readonly address: string;
  /**
   * True for credentials that a browser adds to any request, whichever page made it: a cookie, a password, a client
   * certificate.
   */
  readonly ambient: boolean;
  /** Of the cookie, also if that session has ended. */
  readonly sessionId?: string | undefined;
}

export interface CallerCheck {
  readonly authenticator: Authenticator;
  readonly guard: GuessGuard;
  readonly sessions: Pick<Sessions, 'find'>;
  readonly nowMs: number;
}

/** @throws Problem `unauthorised` for invalid credentials, `too-many-requests` after many of them */
export function identifyCaller(request: IncomingMessage, check: CallerCheck): Caller {
  const { authenticator } = check;
  const address = callerAddress(request);
  const token = tokenOf(request.headers.authorization);
  if (token !== undefined) {
    const principal = holderOf(token.text, address, check);
    if (request.headers[SIGNATURE_HEADER] !== undefined) checkSignature(request, address, principal, check);
    return { principal, address, ambient: token.ambient };
  }
  const certified = certifiedName(request);
  if (certified !== undefined) {
    const principal = authenticator.probeByName(certified);
    if (principal === undefined) throw unauthorised(`the certificate names "${certified}", which is not a probe`);
    if (request.headers[SIGNATURE_HEADER] !== undefined) checkSignature(request, address, principal, check);
    return { principal, address, ambient: true };
  }
  const named = oneHeader(request, PROBE_HEADER);
  if (request.headers[SIGNATURE_HEADER] !== undefined && named !== undefined) {
    const principal: Principal = authenticator.probeByName(named) ?? nobodyCalled(named);
    checkSignature(request, address, principal, check);
    return { principal, address, ambient: false };
  }
  const sessionId = sessionIdOf(request);
  const principal = sessionId === undefined ? undefined : check.sessions.find(sessionId, check.nowMs, true);
  return { principal, address, ambient: principal !== undefined, sessionId };
}

export function unauthorised(detail: string, field = 'authorization'): Problem {
  return new Problem('unauthorised', detail, {
    faults: [{ field, detail }],
    headers: { 'www-authenticate': 'Bearer realm="alias-tracker"' },
  });
}

/** @throws Problem `unauthorised` for an invalid token, `too-many-requests` after many of them */
export function holderOf(
  token: string,
  address: string,
  { authenticator, guard, nowMs }: Omit<CallerCheck, 'sessions'>,
): Principal {
  const attempt = { address, credential: createHash('sha256').update(token).digest('base64') };
  guard.admit(attempt, nowMs);
  const principal = authenticator.byToken(token);
  if (principal === undefined) {
    guard.wrong(attempt, 'token', nowMs);
    throw unauthorised('this token is invalid or revoked');
  }
  guard.right(attempt);
  return principal;
}

/** An unknown name gets the same answer as a wrong signature, so that strangers do not learn the names of probes. */
function nobodyCalled(name: string): Principal {
  return { kind: 'probe', name, subdomains: [], key: '' };
}

function checkSignature(request: IncomingMessage, address: string, principal: Principal, check: CallerCheck): void {
  const { authenticator, guard, nowMs } = check;
  const probe = principal.name;
  const attempt: Attempt = { address, credential: `signature ${probe}`, probe };
  guard.admit(attempt, nowMs);
  const fault = authenticator.signatureFault(
    oneHeader(request, SIGNATURE_HEADER) ?? '',
    {
      method: request.method ?? '',
      path: (request as { originalUrl?: string }).originalUrl ?? request.url ?? '',
      probe: oneHeader(request, PROBE_HEADER) ?? probe,
      contentDigest: oneHeader(request, DIGEST_HEADER),
    },
    principal,
    nowMs,
  );
  if (fault === undefined) {
    guard.right(attempt);
    return;
  }
  guard.wrong(attempt, 'signature', nowMs);
  throw unauthorised(fault, SIGNATURE_HEADER);
}

function tokenOf(authorization: string | undefined): { readonly text: string; readonly ambient: boolean } | undefined {
  if (authorization === undefined) return undefined;
  const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization);
  if (bearer) return { text: bearer[1]!, ambient: false };
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization);
  if (basic) {
    const text = Buffer.from(basic[1]!, 'base64').toString('utf8');
    return { text: text.slice(text.indexOf(':') + 1), ambient: true };
  }
  throw unauthorised('the Authorization header has the form "Bearer TOKEN"');
}

function certifiedName(request: IncomingMessage): string | undefined {
  const { socket } = request;
  if (!(socket instanceof TLSSocket) || !socket.authorized) return undefined;
  const name: unknown = socket.getPeerCertificate().subject?.CN;
  return typeof name === 'string' ? name : undefined;
}

function oneHeader(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function callerAddress(request: IncomingMessage): string {
  try {
    return formatIp(parseIp(request.socket.remoteAddress ?? ''));
  } catch (thrown) {
    if (thrown instanceof ClientError) return '';
    throw thrown;
  }
}
