/** The header of an answer as the reader gets it: which fields cross, and what a rewritten body makes untrue. */
import type { EntityTags } from './entity-tags.js';
import { crossing, type RawHeaders } from './forwarded-headers.js';
import { type Authorities, toReader } from './scheme-bridge.js';

export interface AnswerChange {
  readonly authorities: Authorities;
  /** By which the original answers. */
  readonly scheme: 'http' | 'https';
  /** The reader came over http, and cannot come over https. */
  readonly mayBridge: boolean;
  /** Undefined: the body keeps its bytes. */
  readonly body?: {
    readonly tags: EntityTags;
    /** Of the new body; undefined for plain bytes. */
    readonly coding: string | undefined;
    /** In bytes, if known. */
    readonly length?: number | undefined;
  };
}

/** Name, value, name, value … for `writeHead`. */
export function headersToReader(raw: RawHeaders, { authorities, scheme, mayBridge, body }: AnswerChange): string[] {
  const headers = crossing(raw, (name, value) => {
    // An alternative service (RFC 7838) is not this server, and redirected DNS does not lead to it.
    if (name === 'alt-svc') return undefined;
    if (body !== undefined) {
      switch (name) {
        case 'content-length':
        case 'content-encoding':
        case 'content-md5':
        case 'digest':
        case 'content-digest':
        case 'repr-digest':
        case 'accept-ranges':
        // An unchanged date says nothing about a page whose announce URLs have changed.
        case 'last-modified':
          return undefined;
        case 'etag':
          return body.tags.rewritten(value);
      }
    }
    return mayBridge ? toReader(name, value, authorities, scheme) : value;
  });
  if (body !== undefined) {
    if (body.coding !== undefined) headers.push('Content-Encoding', body.coding);
    if (body.length !== undefined) headers.push('Content-Length', String(body.length));
    // The cookie of an opt-out chooses between the original's bytes and these.
    headers.push('Vary', 'Cookie');
  }
  return headers;
}
