/** Sends answers with the cache and security headers of the mirror site; handles conditional and HEAD requests. */
import { createHash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { gzip } from 'node:zlib';
import type { Page } from './layout.js';
import { SCRIPT_HASH } from './script.js';

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
  const { status, type, body, maxAgeSeconds, etag, disposition, policy = NOTHING } = answer;
  response.setHeader('Content-Security-Policy', policy);
  response.setHeader('X-Content-Type-Options', 'nosniff');
  response.setHeader('Referrer-Policy', 'no-referrer');
  response.setHeader('Cache-Control', maxAgeSeconds > 0 ? `public, max-age=${maxAgeSeconds}` : 'no-store');
  response.setHeader('Vary', 'Host, Accept-Language, Accept-Encoding');
  if (etag !== undefined) response.setHeader('ETag', etag);
  if (etag !== undefined && isNotModified(request, etag)) {
    response.writeHead(304).end();
    return;
  }
  if (disposition !== undefined) response.setHeader('Content-Disposition', disposition);
  const isHead = request.method === 'HEAD';
  if (body instanceof Uint8Array && !isHead && isPackable(type, body) && acceptsGzip(request)) {
    gzip(body, (error, packed) => {
      const plain = error !== null;
      if (!plain) response.setHeader('Content-Encoding', 'gzip');
      const sent = plain ? body : packed;
      response.writeHead(status, { 'Content-Type': type, 'Content-Length': sent.length }).end(sent);
    });
    return;
  }
  // HEAD may omit a length that only generating the content would show (RFC 9110 section 9.3.2).
  const length = body.length === undefined ? {} : { 'Content-Length': body.length };
  response.writeHead(status, { 'Content-Type': type, ...length });
  response.end(isHead || !(body instanceof Uint8Array) ? undefined : body);
}

/** Torrent files are mostly hashes, which do not become smaller. */
function isPackable(type: string, body: Uint8Array): boolean {
  return body.length >= MIN_PACKED_BYTES && /^text\/|xml|json/.test(type);
}

function acceptsGzip(request: IncomingMessage): boolean {
  const header = String(request.headers['accept-encoding'] ?? '').toLowerCase();
  return header.split(',').some((item) => {
    const [coding = '', quality = '1'] = item.trim().split(/\s*;\s*q=/);
    return (coding === 'gzip' || coding === '*') && Number(quality) > 0;
  });
}

/** Of these bytes; weak, because they may be sent compressed. */
export function etagOf(body: Uint8Array): string {
  return `W/"${createHash('sha1').update(body).digest('base64url')}"`;
}

export function sendPage(request: IncomingMessage, response: ServerResponse, status: number, page: Page): void {
  const type = 'text/html; charset=utf-8';
  const body = Buffer.from(page.text);
  const policy = pagePolicy(page);
  if (status === 200) send(request, response, { status, type, body, maxAgeSeconds: 30, etag: etagOf(body), policy });
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

/** RFC 9110 section 13.1.2: weak comparison. @param etag of the answer that would be sent */
export function isNotModified(request: IncomingMessage, etag: string): boolean {
  const header = request.headers['if-none-match'];
  if (header === undefined) return false;
  return header
    .split(',')
    .some((item) => item.trim() === '*' || item.trim().replace(/^W\//, '') === etag.replace(/^W\//, ''));
}

/**
 * RFC 6266: an ASCII name for old clients, the full one for others, without characters that change the text direction.
 */
export function attachment(name: string): string {
  const safe = [...name.replace(/[\p{Cc}\p{Cf}\p{Cs}/\\]/gu, '_')].slice(0, 150).join('');
  const plain = safe.replace(/[^\x20-\x7e]|["%]/g, '_');
  const encoded = encodeURIComponent(safe).replace(/['()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
  return `attachment; filename="${plain}.torrent"; filename*=UTF-8''${encoded}.torrent`;
}
