/** Sends answers with the cache and security headers of the mirror site; handles conditional and HEAD requests. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { forgetOldest } from '../domain/forget-oldest.js';
import { readByteRange } from './byte-range.js';
import { chooseCoding, compress } from './content-coding.js';
import type { Page } from './layout.js';
import { SCRIPT_HASH } from './script.js';
import { sendBody } from './slow-readers.js';

/** Smaller answers fit into one packet. */
const MIN_PACKED_BYTES = 1_000;

export interface Answer {
  readonly status: number;
  readonly type: string;
  /** Or the length, if known, for an answer without a body. */
  readonly body: Uint8Array | { readonly length: number | undefined };
  /** 0: must not be cached. */
  readonly maxAgeSeconds: number;
  /** Including its quotes. */
  readonly etag?: string;
  readonly disposition?: string;
  /** The content security policy; default: {@link NOTHING}. */
  readonly policy?: string;
  /** Milliseconds since the Unix epoch. */
  readonly modifiedMs?: number;
  /** Made of the catalogue for this address alone, so that it may be kept for the next visitor. */
  readonly isPage?: boolean;
}

/** By the response that they are sent with. */
const listeners = new WeakMap<ServerResponse, (answer: Answer) => void>();

/** @param listener called with the answer that is sent with this response */
export function onAnswer(response: ServerResponse, listener: (answer: Answer) => void): void {
  listeners.set(response, listener);
}

/** Allows only the page's own style, script, images and forms: even a torrent's name that became markup could do nothing. */
function pagePolicy({ styleHash }: Page): string {
  return `default-src 'none'; style-src ${styleHash}; script-src ${SCRIPT_HASH}; img-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'`;
}
/** For what is not a page. */
const NOTHING = "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/** An SVG has styles of its own; opened by itself it runs no script and belongs to no site. */
export const IMAGE_POLICY = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'; sandbox";

export function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, body, etag, disposition } = answer;
  listeners.get(response)?.(answer);
  setHeaders(response, answer);
  if (status === 200 && isUnchanged(request, answer)) {
    response.writeHead(304).end();
    return;
  }
  if (disposition !== undefined) response.setHeader('Content-Disposition', disposition);
  response.setHeader('Content-Type', answer.type);
  const isHead = request.method === 'HEAD';
  if (!(body instanceof Uint8Array)) {
    // HEAD may omit a length that only generating the content would show (RFC 9110 section 9.3.2).
    if (body.length !== undefined) response.setHeader('Content-Length', body.length);
    response.writeHead(status).end();
    return;
  }
  if (status === 200 && request.method === 'GET' && request.headers.range !== undefined && appliesTo(request, etag)) {
    const range = readByteRange(request.headers.range, body.length);
    if (range !== undefined) {
      sendRange(response, body, range);
      return;
    }
  }
  const coding = isPackable(answer.type, body) && !isHead ? chooseCoding(acceptedCodings(request)) : undefined;
  if (coding === undefined) {
    response.writeHead(status, { 'Content-Length': body.length });
    if (isHead) response.end();
    else sendBody(response, body);
    return;
  }
  compress(body, coding).then(
    (packed) => {
      response.writeHead(status, { 'Content-Encoding': coding, 'Content-Length': packed.length });
      sendBody(response, packed);
    },
    () => {
      response.writeHead(status, { 'Content-Length': body.length });
      sendBody(response, body);
    },
  );
}

function setHeaders(response: ServerResponse, { maxAgeSeconds, etag, modifiedMs, policy = NOTHING }: Answer): void {
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', maxAgeSeconds > 0 ? `public, max-age=${maxAgeSeconds}` : 'no-store');
  response.setHeader('Vary', 'Host, Accept-Language, Accept-Encoding');
  response.setHeader('Accept-Ranges', 'bytes');
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (modifiedMs !== undefined) response.setHeader('Last-Modified', new Date(modifiedMs).toUTCString());
}

function sendRange(
  response: ServerResponse,
  body: Uint8Array,
  range: Exclude<ReturnType<typeof readByteRange>, undefined>,
): void {
  if (range === 'unsatisfiable') {
    response.setHeader('Content-Range', `bytes */${body.length}`);
    response.removeHeader('Content-Disposition');
    response.writeHead(416, { 'Content-Type': 'text/plain; charset=utf-8' }).end('the file is shorter than that\n');
    return;
  }
  response.setHeader('Content-Range', `bytes ${range.from}-${range.to - 1}/${body.length}`);
  response.writeHead(206, { 'Content-Length': range.to - range.from });
  sendBody(response, body.subarray(range.from, range.to));
}

/** RFC 9110 section 13.1.5: a range of another version is not what the client wants. Only strong validators tell. */
function appliesTo(request: IncomingMessage, etag: string | undefined): boolean {
  const condition = request.headers['if-range'];
  if (condition === undefined) return true;
  return typeof condition === 'string' && etag !== undefined && !etag.startsWith('W/') && condition === etag;
}

/** Torrent files are mostly hashes, which do not become smaller. */
function isPackable(type: string, body: Uint8Array): boolean {
  return body.length >= MIN_PACKED_BYTES && /^text\/|xml|json/.test(type);
}

function acceptedCodings(request: IncomingMessage): string | undefined {
  const header = request.headers['accept-encoding'];
  return typeof header === 'string' ? header : undefined;
}

/** Of these bytes; weak, because they may be sent compressed. */
export function etagOf(body: Uint8Array): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`;
}

export function sendPage(request: IncomingMessage, response: ServerResponse, status: number, page: Page): void {
  const type = 'text/html; charset=utf-8';
  const body = Buffer.from(page.text);
  const policy = pagePolicy(page);
  const forAll = { maxAgeSeconds: 30, etag: etagOf(body), isPage: true };
  if (status === 200) send(request, response, { status, type, body, policy, ...forAll });
  else send(request, response, { status, type, body, maxAgeSeconds: 0, policy });
}

/** @param path on this host */
export function redirect(request: IncomingMessage, response: ServerResponse, path: string): void {
  response.setHeader('Location', path);
  sendText(request, response, 302, `see ${path}\n`);
}

export function sendText(request: IncomingMessage, response: ServerResponse, status: number, text: string): void {
  send(request, response, { status, type: 'text/plain; charset=utf-8', body: Buffer.from(text), maxAgeSeconds: 0 });
}

/**
 * RFC 9110 section 13.2.2: an entity tag, compared weakly, counts before a time.
 * @param answer that would be sent
 */
export function isUnchanged(
  request: IncomingMessage,
  { etag, modifiedMs }: Pick<Answer, 'etag' | 'modifiedMs'>,
): boolean {
  const tags = request.headers['if-none-match'];
  if (tags !== undefined) {
    const isSame = (tag: string): boolean => tag === '*' || tag.replace(/^W\//, '') === etag?.replace(/^W\//, '');
    return etag !== undefined && tags.split(',').some((item) => isSame(item.trim()));
  }
  const since = Date.parse(request.headers['if-modified-since'] ?? '');
  return modifiedMs !== undefined && Math.floor(modifiedMs / 1_000) <= Math.floor(since / 1_000);
}

/**
 * RFC 6266: an ASCII name for old clients, the full one for others, without characters that change the text direction.
 */
export function attachment(name: string): string {
  const known = attachments.get(name);
  if (known !== undefined) return known;
  const made = attachmentOf(name);
  attachments.set(name, made);
  forgetOldest(attachments, MAX_ATTACHMENTS);
  return made;
}

/** By name: to look at every character takes longer than to send the file. */
const attachments = new Map<string, string>();
const MAX_ATTACHMENTS = 2_000;

function attachmentOf(name: string): string {
  const safe = [...name.replace(/[\p{Cc}\p{Cf}\p{Cs}/\\]/gu, '_')].slice(0, 150).join('');
  const plain = safe.replace(/[^\x20-\x7e]|["%]/g, '_');
  const encoded = encodeURIComponent(safe).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}.torrent"; filename*=UTF-8''${encoded}.torrent`;
}
