/**
 * Who sends a request: by bearer token, by Basic (the password is the token; for browsers), by a verified client
 * certificate whose common name is a probe, or by a signature in a probe's name. Nothing is decided on the address.
 */
import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import { ClientError } from '../domain/errors.js';
import { formatIp, parseIp } from '../domain/ip-address.js';
import type { Authenticator, Principal } from './principal.js';
import { Problem } from './problem.js';

export const SIGNATURE_HEADER = 'x-alias-signature';
export const PROBE_HEADER = 'x-alias-probe';

export interface Caller {
  readonly principal: Principal | undefined;
  /** RFC 5952 text; empty on a socket that is already closed. */
  readonly address: string;
  /** Still to be checked against the body; see {@link Authenticator.signatureFault}. */
  readonly signature: string | undefined;
}

/** @throws Problem `unauthorised` where credentials came along that nobody holds */
export function identifyCaller(request: IncomingMessage, authenticator: Authenticator): Caller {
  const signature = oneHeader(request, SIGNATURE_HEADER);
  const address = callerAddress(request);
  const token = tokenOf(request.headers.authorization);
  if (token !== undefined) {
    const principal = authenticator.byToken(token);
    if (principal === undefined) throw unauthorised('this token is not valid (any more)');
    return { principal, address, signature };
  }
  const certified = certifiedName(request);
  if (certified !== undefined) {
    const principal = authenticator.probeByName(certified);
    if (principal === undefined) throw unauthorised(`the certificate names "${certified}", which is no probe`);
    return { principal, address, signature };
  }
  const named = oneHeader(request, PROBE_HEADER);
  if (signature !== undefined && named !== undefined) {
    const principal = authenticator.probeByName(named);
    if (principal === undefined) throw unauthorised('the signature does not hold');
    return { principal, address, signature };
  }
  return { principal: undefined, address, signature };
}

export function unauthorised(detail: string): Problem {
  return new Problem('unauthorised', detail, {
    faults: [{ field: 'authorization', detail }],
    headers: { 'www-authenticate': 'Bearer realm="alias-tracker"' },
  });
}

function tokenOf(authorization: string | undefined): string | undefined {
  if (authorization === undefined) return undefined;
  const bearer = /^Bearer +([\x21-\x7e]+) *$/i.exec(authorization);
  if (bearer) return bearer[1]!;
  const basic = /^Basic +([A-Za-z0-9+/=]+) *$/i.exec(authorization);
  if (basic) {
    const text = Buffer.from(basic[1]!, 'base64').toString('utf8');
    return text.slice(text.indexOf(':') + 1);
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
