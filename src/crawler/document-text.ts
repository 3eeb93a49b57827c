/**
 * Decodes a fetched document in the character set that its header, XML declaration or meta element names. A document that
 * is a gzip file, such as `sitemap.xml.gz`, is unpacked first.
 */
import { TextDecoder } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { ClientError, messageOf } from '../domain/errors.js';
import { MAX_UNPACKED_BYTES } from './limits.js';

/** How far a document is searched for its own declaration (HTML: the first 1,024 bytes). */
const DECLARATION_BYTES = 1_024;

/** @throws ClientError `invalid-document` if it is a broken gzip file, or one that unpacks to too much */
export function documentText(document: Uint8Array, contentType: string | undefined): string {
  const bytes = unpacked(document);
  const head = Buffer.from(bytes.subarray(0, DECLARATION_BYTES)).toString('latin1');
  const label =
    /charset\s*=\s*"?([\w-]+)/i.exec(contentType ?? '')?.[1] ??
    /^\s*(?:\xef\xbb\xbf)?<\?xml[^>]*\bencoding\s*=\s*["']([\w-]+)/.exec(head)?.[1] ??
    /<meta[^>]+charset\s*=\s*["']?([\w-]+)/i.exec(head)?.[1] ??
    'utf-8';
  return decoderFor(label).decode(bytes);
}

/** RFC 1952: the first two bytes of every gzip file. */
function unpacked(bytes: Uint8Array): Uint8Array {
  if (bytes[0] !== 0x1f || bytes[1] !== 0x8b) return bytes;
  try {
    return gunzipSync(bytes, { maxOutputLength: MAX_UNPACKED_BYTES });
  } catch (thrown) {
    throw new ClientError('invalid-document', `its gzip data cannot be unpacked: ${messageOf(thrown)}`);
  }
}

function decoderFor(label: string): TextDecoder {
  try {
    return new TextDecoder(label);
  } catch {
    // Unknown character set: names may be garbled, addresses are ASCII.
    return new TextDecoder();
  }
}
